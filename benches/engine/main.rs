//! Wall-clock benches of the engine: each step of the data path alone, and all steps over loopback.
//!
//! A bench has its scenario in its name, panics if its result is wrong, and waits for all the work
//! it caused. `docs/benchmarks.md` explains how to run the benches and how to compare with an
//! earlier run.

mod decode;
mod envelope;
mod fanout;
mod lists;
mod loopback;
mod reader;
mod room_sizes;
#[path = "../scenes/mod.rs"]
mod scenes;
mod seal;
mod session;

use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};

/// The same allocator as in the `lobbyd` binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Times short enough that all benches take some minutes.
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
    targets = decode::benches, envelope::benches, seal::benches, fanout::benches, lists::benches, session::benches, reader::benches, loopback::benches, room_sizes::benches
}
criterion_main!(engine);
