//! The decoders on a client's push, in each encoding and three sizes.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput};
use lobbyd::protocol::DecodeScratch;

use crate::scenes::messages::{Encoding, SIZES, push};

pub fn benches(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("decode a push");
    for encoding in Encoding::ALL {
        for (size, body_bytes) in SIZES {
            let push = push(encoding, body_bytes);
            let mut scratch = DecodeScratch::new();
            group.throughput(Throughput::Bytes(push.bytes().len() as u64));
            group.bench_function(BenchmarkId::new(encoding.name(), size), |bencher| {
                bencher.iter(|| {
                    black_box(black_box(&push).decode(&mut scratch));
                });
            });
        }
    }
    group.finish();
}
