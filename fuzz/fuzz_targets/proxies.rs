//! PROXY headers of hostile bytes: read in pieces, one is what it is as a whole, and no byte is asked for that is not its
//! own. Whoever it names is an address, whatever else it holds.
//!
//! Input: a byte for the longest piece, then the stream. Run: `cargo +nightly fuzz run proxies -- -max_total_time=60`.

#![no_main]

use libfuzzer_sys::fuzz_target;
use lobbyd::server::ProxyHeader;

/// As documented in docs/operations.md.
const HEADER_BYTES_MAX: usize = 2048;

fuzz_target!(|input: &[u8]| {
    let [piece_max, stream @ ..] = input else {
        return;
    };
    let whole = read(stream, usize::MAX);
    assert_eq!(whole, read(stream, usize::from(*piece_max).max(1)));
});

/// What is known when the stream is at its end or nothing more is asked for, and how many bytes that took.
fn read(stream: &[u8], piece_max: usize) -> (Option<ProxyHeader>, usize) {
    let mut known = 0;
    loop {
        match ProxyHeader::parse(&stream[..known]) {
            ProxyHeader::Needs(needed) => {
                assert!(needed > 0 && known + needed <= HEADER_BYTES_MAX);
                let piece = needed.min(piece_max).min(stream.len() - known);
                if piece == 0 {
                    return (None, known);
                }
                known += piece;
            }
            // In how many bytes it was seen to be wrong depends on the pieces.
            ProxyHeader::Invalid => return (Some(ProxyHeader::Invalid), 0),
            whole => return (Some(whole), known),
        }
    }
}
