//! Client messages decoded, in each encoding and in two sizes.

use std::hint::black_box;

use gungraun::prelude::*;
use lobbyd::protocol::DecodeScratch;
use lobbyd_instructions::TIMES;

use crate::scenes::messages::{Encoding, Push, push};

#[library_benchmark(setup = decoder)]
#[bench::v2(Encoding::V2, 64)]
#[bench::v1(Encoding::V1, 64)]
#[bench::binary(Encoding::Binary, 64)]
#[bench::v2_long(Encoding::V2, 16 << 10)]
fn decode((push, mut scratch): (Push, DecodeScratch)) {
    for _ in 0..TIMES {
        black_box(black_box(&push).decode(&mut scratch));
    }
}

/// Returns a push, and a scratch buffer that has decoded it once.
fn decoder(encoding: Encoding, body_bytes: usize) -> (Push, DecodeScratch) {
    let push = push(encoding, body_bytes);
    let mut scratch = DecodeScratch::new();
    push.decode(&mut scratch);
    (push, scratch)
}

library_benchmark_group!(name = decoding, benchmarks = decode);
