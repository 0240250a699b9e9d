//! Frames written from the log to each member: one, sixteen, and the many that a late one lacks.

use std::hint::black_box;

use gungraun::prelude::*;
use lobbyd_instructions::MEMBERS;

use crate::late::LateMembers;
use crate::scenes::lobby::Lobby;
use crate::warm::warm;

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
    black_box(&mut late).catch_up(0);
    late
}

fn late_members() -> LateMembers {
    LateMembers::new(MEMBERS, 64)
}

library_benchmark_group!(name = flushing, benchmarks = [flush, catch_up]);
