//! PROXY headers of hostile bytes, versions 1 and 2, read whole and in pieces.
//!
//! A header read in pieces is the same as read whole, and the parser never asks for bytes beyond
//! the largest header, nor beyond the line of version 1.
//!
//! Input: a byte for the longest piece, then the stream.
//! Run: `cargo +nightly fuzz run proxies -- -max_total_time=60`.

#![no_main]

use libfuzzer_sys::fuzz_target;
use lobbyd::server::ProxyHeader;

/// As documented in docs/operations.md.
const HEADER_BYTES_MAX: usize = 2048;
const HEADER_V1_BYTES_MAX: usize = 107;

fuzz_target!(|input: &[u8]| {
    let [piece_max, stream @ ..] = input else {
        return;
    };
    let whole = read(stream, usize::MAX);
    assert_eq!(whole, read(stream, usize::from(*piece_max).max(1)));
    if let (Some(ProxyHeader::Whole(_)), len) = whole
        && stream.starts_with(b"PROXY ")
    {
        let end = stream.iter().position(|byte| *byte == b'\n');
        assert_eq!(end.map(|end| end + 1), Some(len), "HTTP begins behind the line");
    }
});

/// Returns the header and its length in bytes; `None` if the stream ends before the header does.
fn read(stream: &[u8], piece_max: usize) -> (Option<ProxyHeader>, usize) {
    let mut known = 0;
    loop {
        match ProxyHeader::parse(&stream[..known]) {
            ProxyHeader::Needs(needed) => {
                let max = match stream.first() {
                    Some(b'P') if known > 0 => HEADER_V1_BYTES_MAX,
                    _ => HEADER_BYTES_MAX,
                };
                assert!(needed > 0 && known + needed <= max);
                let piece = needed.min(piece_max).min(stream.len() - known);
                if piece == 0 {
                    return (None, known);
                }
                known += piece;
            }
            // The number of bytes that showed the error depends on the pieces.
            ProxyHeader::Invalid => return (Some(ProxyHeader::Invalid), 0),
            whole => return (Some(whole), known),
        }
    }
}
