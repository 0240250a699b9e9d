//! Frames written from the log to each member: one, sixteen, and the many that a late one lacks.

use std::hint::black_box;
use std::io;
use std::sync::Arc;

use gungraun::prelude::*;
use lobbyd::broker::{Budget, Class, Draft, Fanout, FanoutSettings, Hub, Sink, Wants};
use lobbyd::protocol::Version;
use lobbyd_instructions::MEMBERS;

use crate::scenes::lobby::{Lobby, payload, sealed};
use crate::scenes::messages::TOPIC;
use crate::warm::warm;

/// Frames that a late member lacks.
const LACKED: u64 = 64;

// Measures one frame, or sixteen that are gathered into one write, to each member.
#[library_benchmark(setup = lobby_that_lacks)]
#[bench::one(1)]
#[bench::sixteen(16)]
fn flush((mut lobby, frames): (Lobby, u64)) -> Lobby {
    black_box(&mut lobby).flush(frames);
    lobby
}

fn lobby_that_lacks(frames: u64) -> (Lobby, u64) {
    let mut lobby = warm(Lobby::new(MEMBERS, 64), frames);
    lobby.append(frames);
    (lobby, frames)
}

// Measures members that were blocked while frames passed: each becomes writable, and gets all that
// it lacks.
#[library_benchmark(setup = late_members)]
fn catch_up(mut late: LateMembers) -> LateMembers {
    black_box(&mut late).catch_up();
    late
}

struct LateMembers {
    fanout: Fanout,
    sockets: Sockets,
    lacked_bytes: u64,
}

fn late_members() -> LateMembers {
    let mut fanout = Fanout::new(0, Arc::new(Hub::new(1)), FanoutSettings::default());
    for outlet in 0..MEMBERS {
        fanout.open(outlet, Class::V2);
        let id = fanout.new_id();
        fanout.subscribe(outlet, id, TOPIC, &[]);
    }
    let frame = sealed(Version::V2, &payload(64));
    let mut sockets = Sockets::default();
    for _ in 0..LACKED {
        let seal = &mut |draft: &mut Draft, _: Wants| draft.seal(Class::V2, Some(frame.clone()));
        fanout.publish(TOPIC, None, seal);
        while fanout.flush(&mut sockets, Budget::default()) {}
    }
    assert_eq!(sockets.bytes, 0);
    LateMembers {
        fanout,
        sockets,
        lacked_bytes: frame.len() as u64 * LACKED,
    }
}

impl LateMembers {
    fn catch_up(&mut self) {
        self.sockets.take_bytes = true;
        for outlet in 0..MEMBERS {
            self.fanout.writable(outlet);
        }
        while self.fanout.flush(&mut self.sockets, Budget::default()) {}
        assert_eq!(self.sockets.bytes, self.lacked_bytes * u64::from(MEMBERS));
    }
}

/// The sockets of all members, which take nothing or everything.
#[derive(Default)]
struct Sockets {
    take_bytes: bool,
    bytes: u64,
}

impl Sink for Sockets {
    fn write(&mut self, _outlet: u32, bytes: &[u8]) -> io::Result<usize> {
        if !self.take_bytes {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        self.bytes += bytes.len() as u64;
        Ok(black_box(bytes).len())
    }

    fn write_vectored(&mut self, outlet: u32, pieces: &[io::IoSlice<'_>]) -> io::Result<usize> {
        pieces.iter().map(|piece| self.write(outlet, piece)).sum()
    }
}

library_benchmark_group!(name = flushing, benchmarks = [flush, catch_up]);
