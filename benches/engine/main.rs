//! The engine by the clock: each station of the data path alone, and all of them over loopback.
//!
//! A bench says its scenario in its name, panics if its result is wrong, and waits for all the work it caused.
//! `docs/benchmarks.md` says how to run them and how to compare with an earlier run.

mod census;
mod decode;
mod fanout;
mod loopback;
mod reader;
#[path = "../scenes/mod.rs"]
mod scenes;
mod seal;
mod session;

use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};

/// The binary's own.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Short enough that all of them take some minutes.
fn settings() -> Criterion {
    Criterion::default()
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(3))
        .sample_size(50)
        .noise_threshold(0.02)
}

criterion_group! {
    name = engine;
    config = settings();
    targets = decode::benches, seal::benches, fanout::benches, session::benches, reader::benches, loopback::benches, census::benches
}
criterion_main!(engine);
