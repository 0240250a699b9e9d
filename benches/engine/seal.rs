//! The encoding and sealing of a broadcast into the one frame that a version's subscribers share.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput};
use lobbyd::IntoPayload;
use lobbyd::protocol::{PayloadBuf, Version};

use crate::scenes::lobby::{payload, sealed};
use crate::scenes::messages::{Encoding, SIZES};

/// Upper bound for the header, topic, event and refs of a frame, in bytes.
const ENVELOPE_BYTES_MAX: usize = 100;

pub fn benches(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("encode and seal a broadcast");
    for encoding in Encoding::ALL {
        for (size, body_bytes) in SIZES {
            let payload = payload_in(encoding, body_bytes);
            group.throughput(Throughput::Bytes(body_bytes as u64));
            group.bench_function(BenchmarkId::new(encoding.name(), size), |bencher| {
                bencher.iter(|| seal(encoding.version(), &payload, body_bytes));
            });
        }
    }
    group.finish();
}

fn payload_in(encoding: Encoding, body_bytes: usize) -> PayloadBuf {
    match encoding {
        Encoding::V1 | Encoding::V2 => payload(body_bytes),
        Encoding::Binary => vec![0xfe; body_bytes].into_payload(),
    }
}

fn seal(version: Version, payload: &PayloadBuf, body_bytes: usize) {
    let frame = black_box(sealed(version, black_box(payload)));
    let envelope = frame.len() - body_bytes;
    assert!(
        envelope < ENVELOPE_BYTES_MAX,
        "{envelope} bytes of envelope"
    );
}
