//! One turn or one message beside lists of 1,000 to 64,000 entries: a turn's time stays the same.
//!
//! `tests/engine/lists.rs` holds the same by exact counts of looks.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use criterion::{BenchmarkId, Criterion};
use lobbyd::broker::{
    Budget, Class, Draft, Fanout, FanoutSettings, Hub, Original, OriginalPayload, Sink, Wants,
};
use lobbyd::server::{IdleShard, Limit, ServerLimits, raise_descriptor_limit};

use crate::scenes::messages::TOPIC;

const ENTRIES: [u32; 4] = [1_000, 4_000, 16_000, 64_000];

/// Connections that end in one round of a bench.
const ENDS: u32 = 500;

pub fn benches(criterion: &mut Criterion) {
    beside(
        criterion,
        "turn beside connections that wait for room",
        |s, n| {
            s.fanout.send(n, Bytes::from(vec![0; 70 << 10]), None);
            s.fanout.notify_of_room(n);
        },
    );
    beside(criterion, "turn beside closing connections", |s, n| {
        s.fanout.send_last(n, Bytes::from_static(b"Close"));
        s.fanout.notify_when_drained(n);
    });
    intercepted(criterion);
    leaves(criterion);
    closes(criterion);
    falls(criterion);
    falling(criterion);
    idle(criterion);
}

/// Sockets that take every byte, but those below a number take none.
struct Sockets {
    shut_below: u32,
}

impl Sink for Sockets {
    fn write(&mut self, outlet: u32, bytes: &[u8]) -> io::Result<usize> {
        match outlet < self.shut_below {
            true => Err(io::ErrorKind::WouldBlock.into()),
            false => Ok(bytes.len()),
        }
    }

    fn write_vectored(&mut self, outlet: u32, pieces: &[io::IoSlice<'_>]) -> io::Result<usize> {
        pieces.iter().map(|piece| self.write(outlet, piece)).sum()
    }
}

struct Shard {
    fanout: Fanout,
    sockets: Sockets,
}

impl Shard {
    /// Returns a shard whose connections `0..connections` are open. Those below `shut_below` take
    /// no byte.
    fn new(connections: u32, shut_below: u32, settings: FanoutSettings) -> Shard {
        let mut fanout = Fanout::new(0, Arc::new(Hub::new(1)), settings);
        (0..connections).for_each(|outlet| fanout.open(outlet, Class::V2));
        let sockets = Sockets { shut_below };
        Shard { fanout, sockets }
    }

    /// Joins every connection to the topic, intercepting one event.
    fn intercepting(members: u32) -> Shard {
        let mut shard = Shard::new(members, 0, FanoutSettings::default());
        for outlet in 0..members {
            let id = shard.fanout.new_id();
            shard.fanout.subscribe(outlet, id, TOPIC, &["typing"]);
        }
        shard
    }

    fn publish(&mut self, event: &str) {
        let seal = &mut |draft: &mut Draft, wants: Wants| {
            draft.seal(Class::V2, Some(Bytes::from_static(b"broadcast")));
            if wants.original {
                draft.keep_original(Original {
                    event: event.into(),
                    payload: OriginalPayload::Text("{}".into()),
                });
            }
        };
        assert!(self.fanout.publish(TOPIC, None, seal).is_some());
    }

    fn turn(&mut self) -> bool {
        self.fanout.flush(&mut self.sockets, Budget::default())
    }
}

/// Measures a turn with a broadcast to one member, beside connections that wait.
fn beside(criterion: &mut Criterion, name: &str, wait: fn(&mut Shard, u32)) {
    let mut group = criterion.benchmark_group(name);
    for entries in ENTRIES {
        let mut shard = Shard::new(entries + 1, entries, FanoutSettings::default());
        let id = shard.fanout.new_id();
        shard.fanout.subscribe(entries, id, TOPIC, &[]);
        (0..entries).for_each(|outlet| wait(&mut shard, outlet));
        while shard.turn() {}
        group.bench_function(BenchmarkId::from_parameter(entries), |bencher| {
            bencher.iter(|| {
                shard.publish("new_msg");
                assert!(!shard.turn());
                assert_eq!(shard.fanout.take_notified(), None);
            });
        });
    }
    group.finish();
}

/// Measures a message that no channel intercepts, to members that intercept another event. The time
/// grows with the members, because each is written to.
fn intercepted(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("message to members that intercept another event");
    group.sample_size(10);
    for members in ENTRIES {
        let mut shard = Shard::intercepting(members);
        group.throughput(criterion::Throughput::Elements(members.into()));
        group.bench_function(BenchmarkId::from_parameter(members), |bencher| {
            bencher.iter(|| {
                shard.publish("new_msg");
                while shard.turn() {}
            });
        });
    }
    group.finish();
}

/// Measures `rounds` times the `work` on a new shard.
fn timed(rounds: u64, make: impl Fn() -> Shard, work: impl Fn(&mut Shard)) -> Duration {
    let round = |_| {
        let mut shard = make();
        let start = Instant::now();
        work(&mut shard);
        start.elapsed()
    };
    (0..rounds).map(round).sum()
}

/// Measures members that intercept and end, in a room of many such.
fn leaves(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("500 of the members that intercept end");
    group.sample_size(10);
    for members in ENTRIES {
        group.bench_function(BenchmarkId::from_parameter(members), |bencher| {
            bencher.iter_custom(|rounds| {
                let work = |shard: &mut Shard| (0..ENDS).for_each(|n| shard.fanout.silence(n));
                timed(rounds, || Shard::intercepting(members), work)
            });
        });
    }
    group.finish();
}

/// Measures connections that close while a broadcast waits for each member's channel.
fn closes(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("500 close while broadcasts wait for channels");
    group.sample_size(10);
    for members in ENTRIES {
        let make = || {
            let mut shard = Shard::intercepting(members);
            shard.publish("typing");
            shard.fanout.take_mail();
            shard
        };
        group.bench_function(BenchmarkId::from_parameter(members), |bencher| {
            bencher.iter_custom(|rounds| {
                let work = |shard: &mut Shard| (0..ENDS).for_each(|n| shard.fanout.close(n));
                timed(rounds, make, work)
            });
        });
    }
    group.finish();
}

/// Measures the connections that one turn closes of those that fell off a log together.
fn falls(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("256 are taken of those that fell off together");
    group.sample_size(10);
    let settings = FanoutSettings {
        retention_entries_max: 1,
        ..FanoutSettings::default()
    };
    for members in ENTRIES {
        let make = || {
            let mut shard = Shard::new(members, members, settings);
            for outlet in 0..members {
                let id = shard.fanout.new_id();
                shard.fanout.subscribe(outlet, id, TOPIC, &[]);
            }
            for _ in 0..2 {
                shard.publish("new_msg");
                while shard.turn() {}
            }
            shard
        };
        group.bench_function(BenchmarkId::from_parameter(members), |bencher| {
            bencher.iter_custom(|rounds| {
                let take = |shard: &mut Shard| {
                    for _ in 0..256 {
                        assert!(shard.fanout.take_failed().is_some());
                    }
                };
                timed(rounds, make, take)
            });
        });
    }
    group.finish();
}

/// Measures the longest turn while all readers of a room fall off together.
fn falling(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("longest turn while readers fall off together");
    group.sample_size(10);
    let settings = FanoutSettings {
        retention_entries_max: 1,
        ..FanoutSettings::default()
    };
    for members in ENTRIES {
        let make = || {
            let mut shard = Shard::new(members, members, settings);
            for outlet in 0..members {
                let id = shard.fanout.new_id();
                shard.fanout.subscribe(outlet, id, TOPIC, &[]);
            }
            shard.publish("new_msg");
            while shard.turn() {}
            shard
        };
        group.bench_function(BenchmarkId::from_parameter(members), |bencher| {
            bencher.iter_custom(|rounds| {
                let round = |_| {
                    let mut shard = make();
                    shard.publish("new_msg");
                    let mut longest = Duration::ZERO;
                    loop {
                        let begun = Instant::now();
                        let goes_on = shard.turn();
                        longest = longest.max(begun.elapsed());
                        if !goes_on {
                            break longest;
                        }
                    }
                };
                (0..rounds).map(round).sum()
            });
        });
    }
    group.finish();
}

/// Measures a turn of the sweep, and of a cut, with so many connections. Each takes an open file.
fn idle(criterion: &mut Criterion) {
    raise_descriptor_limit();
    let mut group = criterion.benchmark_group("turn with idle connections");
    group.sample_size(10);
    let limits = ServerLimits::default().with_max(Limit::RetentionTime, 20);
    let make = |connections| IdleShard::new(connections, limits).expect("as many open files");
    for connections in [1_000, 4_000, 16_000] {
        let mut shard = make(connections);
        group.bench_function(BenchmarkId::new("sweep", connections), |bencher| {
            bencher.iter_custom(|rounds| {
                let looked_at_some = |_| loop {
                    let before = shard.looks();
                    let took = shard.turn();
                    if shard.looks() > before {
                        break took;
                    }
                };
                (0..rounds).map(looked_at_some).sum()
            });
        });
        drop(shard);
        group.bench_function(BenchmarkId::new("cut", connections), |bencher| {
            bencher.iter_custom(|rounds| {
                let first_turn = |_| {
                    let mut shard = make(connections);
                    shard.turn();
                    shard.cut();
                    shard.turn()
                };
                (0..rounds).map(first_turn).sum()
            });
        });
    }
    group.finish();
}
