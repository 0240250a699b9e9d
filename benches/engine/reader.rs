//! The frame reader over a client's stream, cut in several ways.

use criterion::{BenchmarkId, Criterion, Throughput};
use lobbyd::websocket::{FrameReader, ReadBuffer, ReadLimits};
use testkit::frame;

const LIMITS: ReadLimits = ReadLimits {
    message_bytes_max: 64 << 10,
};

/// Most bytes of one read: the whole stream, a TCP segment on Ethernet, or a few bytes.
const READS: [(&str, usize); 3] = [("whole", usize::MAX), ("1448 B", 1448), ("7 B", 7)];

/// Masked text frames of one size, one after the other.
struct Stream {
    bytes: Vec<u8>,
    messages: usize,
    payload_bytes: usize,
}

impl Stream {
    fn new(messages: usize, payload_bytes: usize) -> Stream {
        let one = frame(1, &vec![b'x'; payload_bytes]);
        Stream {
            bytes: one.repeat(messages),
            messages,
            payload_bytes,
        }
    }

    /// Reads the whole stream. Panics if the messages that come out differ from those that went in.
    fn read(&self, reader: &mut FrameReader, buffer: &mut ReadBuffer, read_bytes_max: usize) {
        let (mut rest, mut messages) = (&self.bytes[..], 0);
        while !rest.is_empty() {
            let filled = reader.fill(buffer, |space| {
                let len = space.len().min(rest.len()).min(read_bytes_max);
                space[..len].copy_from_slice(&rest[..len]);
                Ok(len)
            });
            rest = &rest[filled.expect("copying does not fail").read..];
            while let Some(message) = reader.next(buffer, &LIMITS).expect("the stream is legal") {
                assert_eq!(message.payload().len(), self.payload_bytes);
                assert_eq!(message.payload()[self.payload_bytes - 1], b'x');
                messages += 1;
            }
        }
        assert_eq!((messages, reader.kept_bytes()), (self.messages, 0));
    }
}

pub fn benches(criterion: &mut Criterion) {
    for (name, messages, payload_bytes) in [("64 of 64 B", 64, 64), ("4 of 16 KiB", 4, 16 << 10)] {
        let stream = Stream::new(messages, payload_bytes);
        let mut group = criterion.benchmark_group(format!("read messages, {name}"));
        group.throughput(Throughput::Bytes(stream.bytes.len() as u64));
        for (cut, read_bytes_max) in READS {
            let mut reader = FrameReader::new();
            let mut buffer = ReadBuffer::default();
            group.bench_function(BenchmarkId::new("reads", cut), |bencher| {
                bencher.iter(|| stream.read(&mut reader, &mut buffer, read_bytes_max));
            });
        }
        group.finish();
    }
}
