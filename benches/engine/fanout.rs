//! The broker without sockets: broadcasts enter the log, and passes write them to null sinks.
//!
//! The log is measured through the fan-out that owns it, because nothing else reaches it.

use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, Throughput};

use crate::scenes::lobby::Lobby;

/// Broadcasts of one append or span: enough to hide the cost of reading the clock.
const BATCH: u64 = 256;

pub fn benches(criterion: &mut Criterion) {
    append(criterion);
    span(criterion);
    flush(criterion);
}

/// Measures broadcasts that take their places in the order, go through the mailbox and enter the
/// log. Nothing is encoded or written.
fn append(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("append 256 broadcasts of 64 B to a log");
    group.throughput(Throughput::Elements(BATCH));
    let mut lobby = Lobby::new(1, 64);
    group.bench_function("publish and take in", |bencher| {
        bencher.iter_custom(|rounds| {
            let round = |_| {
                let time = time(|| lobby.append(BATCH));
                lobby.flush(BATCH);
                time
            };
            (0..rounds).map(round).sum()
        });
    });
    group.finish();
}

/// Measures one member that lacks many entries, which are gathered from the log into one write.
fn span(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("span of a log written to one member");
    for (size, body_bytes) in [("64 B", 64), ("900 B", 900)] {
        let mut lobby = Lobby::new(1, body_bytes);
        group.throughput(Throughput::Bytes(BATCH * lobby.frame_bytes()));
        group.bench_function(BenchmarkId::new("256 broadcasts", size), |bencher| {
            bencher.iter_custom(|rounds| {
                let round = |_| {
                    lobby.append(BATCH);
                    time(|| lobby.flush(BATCH))
                };
                (0..rounds).map(round).sum()
            });
        });
    }
    group.finish();
}

/// Measures the whole way from the publish to the last member's write.
fn flush(criterion: &mut Criterion) {
    for broadcasts in [1, 16] {
        let scenario = format!("publish {broadcasts} of 64 B and flush to null sinks");
        let mut group = criterion.benchmark_group(scenario);
        for members in [1u32, 10, 100, 1_000, 10_000, 50_000] {
            let mut lobby = Lobby::new(members, 64);
            group.throughput(Throughput::Elements(u64::from(members)));
            group.bench_function(BenchmarkId::new("members", members), |bencher| {
                bencher.iter(|| {
                    (0..broadcasts).for_each(|_| lobby.publish());
                    lobby.flush(broadcasts);
                });
            });
            let counts = lobby.counts();
            assert_eq!(counts.encodings, counts.broadcasts);
            assert_eq!(counts.flush.writes, counts.flush.members);
        }
        group.finish();
    }
}

fn time(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}
