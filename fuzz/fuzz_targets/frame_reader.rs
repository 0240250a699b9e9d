//! The frame reader on hostile bytes, differentially: one large read against many small ones.
//!
//! One read of everything, and many small reads into a small buffer, must yield the same frames and
//! the same violation. The reader may keep no more than the limit allows.
//!
//! Input: a byte for the message limit, a byte for the buffer, a byte for the number of read
//! lengths, those lengths, then the stream. Run:
//! `cargo +nightly fuzz run frame_reader -- -max_total_time=60 -max_len=70000`.

#![no_main]

use libfuzzer_sys::fuzz_target;
use lobbyd::websocket::{FrameReader, ReadBuffer, ReadLimits, Violation};

const ONE_READ: &[u8] = &[];
/// As documented at `FrameReader::kept_bytes`.
const KEPT_BYTES_EXTRA: usize = 2 * 125 + 512 + 256;

#[derive(Debug, PartialEq, Eq)]
struct Reading {
    yielded: Vec<(u8, Vec<u8>)>,
    violation: Option<Violation>,
}

fuzz_target!(|input: &[u8]| {
    let [limit, buffer, reads, input @ ..] = input else {
        return;
    };
    let (reads, stream) = input.split_at(input.len().min(usize::from(*reads % 16)));
    let limits = ReadLimits {
        message_bytes_max: 1 << (limit % 18),
    };
    let whole = read(stream, ONE_READ, stream.len(), &limits);
    let cut = read(stream, reads, 1 + usize::from(*buffer) * 4, &limits);
    assert_eq!(whole, cut);
});

/// Returns what the reader yields for `stream`, in reads of the lengths `reads`, repeated. Without
/// lengths, each read takes as much as there is space for.
fn read(mut stream: &[u8], reads: &[u8], buffer_bytes: usize, limits: &ReadLimits) -> Reading {
    let mut reader = FrameReader::new();
    let mut buffer = ReadBuffer::new(buffer_bytes);
    let mut reading = Reading {
        yielded: Vec::new(),
        violation: None,
    };
    let mut reads = reads.iter().cycle();
    while !stream.is_empty() && reading.violation.is_none() {
        let read_max = reads.next().map_or(usize::MAX, |n| usize::from(*n).max(1));
        let filled = reader.fill(&mut buffer, |space| {
            let len = space.len().min(stream.len()).min(read_max);
            space[..len].copy_from_slice(&stream[..len]);
            Ok(len)
        });
        stream = &stream[filled.expect("copying does not fail").read..];
        drain(&mut reader, &mut buffer, limits, &mut reading);
        assert!(buffer.is_empty());
        assert!(reader.kept_bytes() <= 2 * limits.message_bytes_max + KEPT_BYTES_EXTRA);
    }
    reading
}

fn drain(
    reader: &mut FrameReader,
    buffer: &mut ReadBuffer,
    limits: &ReadLimits,
    reading: &mut Reading,
) {
    loop {
        match reader.next(buffer, limits) {
            Ok(Some(inbound)) => {
                let payload = inbound.payload().to_vec();
                assert!(payload.len() <= limits.message_bytes_max.max(125));
                reading.yielded.push((inbound.opcode() as u8, payload));
            }
            Ok(None) => return,
            Err(violation) => {
                reader.discard(buffer);
                reading.violation = Some(violation);
                return;
            }
        }
    }
}
