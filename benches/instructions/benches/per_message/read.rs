//! The frame reader on a client's stream: whole, in crumbs of 7 B, and in fragments.

use gungraun::prelude::*;
use lobbyd::websocket::{FrameReader, ReadBuffer, ReadLimits};
use lobbyd_instructions::TIMES;
use testkit::frame::{CONTINUATION, TEXT, fragment, frame};

const LIMITS: ReadLimits = ReadLimits {
    message_bytes_max: 64 << 10,
};

/// Bytes of one message, in whichever number of frames.
const MESSAGE: [u8; 64] = [b'x'; 64];

/// A stream of messages, and the reader of its connection.
struct Stream {
    bytes: Vec<u8>,
    read_bytes_max: usize,
    reader: FrameReader,
    buffer: ReadBuffer,
}

#[library_benchmark]
#[bench::whole(args = (whole(), usize::MAX), setup = stream)]
#[bench::crumbs(args = (whole(), 7), setup = stream)]
#[bench::fragments(args = (in_fragments(), usize::MAX), setup = stream)]
fn read(mut stream: Stream) {
    stream.read();
}

fn stream(message: Vec<u8>, read_bytes_max: usize) -> Stream {
    let mut stream = Stream {
        bytes: message.repeat(TIMES as usize),
        read_bytes_max,
        reader: FrameReader::new(),
        buffer: ReadBuffer::default(),
    };
    stream.read();
    stream
}

/// Returns a message of one frame.
fn whole() -> Vec<u8> {
    frame(TEXT, &MESSAGE)
}

/// Returns a message of four fragments of 16 B.
fn in_fragments() -> Vec<u8> {
    let part = &MESSAGE[..16];
    let middle = fragment(CONTINUATION, part);
    let last = frame(CONTINUATION, part);
    [fragment(TEXT, part), middle.clone(), middle, last].concat()
}

impl Stream {
    /// Reads the whole stream. Panics if other messages come out than went in.
    fn read(&mut self) {
        let (mut rest, mut messages) = (&self.bytes[..], 0);
        while !rest.is_empty() {
            let filled = self.reader.fill(&mut self.buffer, |space| {
                let len = space.len().min(rest.len()).min(self.read_bytes_max);
                space[..len].copy_from_slice(&rest[..len]);
                Ok(len)
            });
            rest = &rest[filled.expect("copying does not fail").read..];
            let next = |reader: &mut FrameReader, buffer: &mut ReadBuffer| {
                let message = reader.next(buffer, &LIMITS).expect("the stream is legal");
                message.map(|message| assert_eq!(message.payload().len(), MESSAGE.len()))
            };
            while next(&mut self.reader, &mut self.buffer).is_some() {
                messages += 1;
            }
        }
        assert_eq!((messages, self.reader.kept_bytes()), (TIMES, 0));
    }
}

library_benchmark_group!(name = reading, benchmarks = read);
