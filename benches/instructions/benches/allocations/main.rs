//! Blocks of heap that deliveries, a publish and a join allocate, counted by valgrind's DHAT.
//!
//! The allocator is the system's, because DHAT does not see mimalloc's blocks. The number of blocks
//! is the same.

#![allow(missing_docs, reason = "gungraun's macros make modules without any")]
#![allow(dead_code, reason = "what is shared has more than this bench uses")]

#[path = "../shared/late.rs"]
mod late;
#[path = "../shared/room.rs"]
mod room;
#[path = "../../../scenes/mod.rs"]
mod scenes;

use std::hint::black_box;

use gungraun::prelude::*;
use gungraun::{Dhat, Tool};
use lobbyd_instructions::MEMBERS;

use late::LateMembers;
use room::{Room, open_room};
use scenes::lobby::Lobby;
use scenes::messages::body;

/// Frames above the allocation that DHAT keeps. It finds the bench's function among them; the
/// default of 25 would lose allocations further down, without a word.
const CALLERS: &str = "--num-callers=200";

// Counts a flush of frames that wait in the log already.
#[library_benchmark(setup = lobby_that_lacks)]
#[bench::once(MEMBERS, 1)]
#[bench::twice_the_members(2 * MEMBERS, 1)]
#[bench::sixteen(MEMBERS, 16)]
#[bench::twice_the_frames(MEMBERS, 32)]
fn flush((mut lobby, frames): (Lobby, u64)) -> Lobby {
    black_box(&mut lobby).flush(frames);
    lobby
}

fn lobby_that_lacks(members: u32, frames: u64) -> (Lobby, u64) {
    let mut lobby = Lobby::new(members, 64);
    lobby.append(frames);
    lobby.flush(frames);
    lobby.append(frames);
    (lobby, frames)
}

// Counts the writes to members that were blocked: of 9 KiB, which are copied together, and of 64 KiB,
// which are vectored.
#[library_benchmark(setup = late_members)]
#[bench::copied(MEMBERS, 64)]
#[bench::twice_the_copied(2 * MEMBERS, 64)]
#[bench::vectored(MEMBERS, 1024)]
#[bench::twice_the_vectored(2 * MEMBERS, 1024)]
fn catch_up(mut late: LateMembers) -> LateMembers {
    black_box(&mut late).catch_up(0);
    late
}

fn late_members(members: u32, body_bytes: usize) -> LateMembers {
    let mut late = LateMembers::new(members, body_bytes);
    late.catch_up(0);
    assert_eq!(late.vectored() > 0, body_bytes > 64);
    late.block();
    late
}

// Counts the same writes where each member has a frame of its own too.
#[library_benchmark(setup = answered_members)]
#[bench::once(MEMBERS)]
#[bench::twice_the_members(2 * MEMBERS)]
fn answered(mut late: LateMembers) -> LateMembers {
    black_box(&mut late).catch_up(1);
    late
}

fn answered_members(members: u32) -> LateMembers {
    let mut late = late_members(members, 1024);
    late.answer();
    late
}

// Counts one push into a room by rules, up to the mailbox.
#[library_benchmark(setup = member_with_push)]
fn publish((mut room, text): (Room, String)) -> Room {
    black_box(&mut room).says(0, &text);
    room
}

fn member_with_push() -> (Room, String) {
    let text = room::says(&format!(r#"{{"body":"{}"}}"#, body(64)));
    let mut room = Room::new(open_room(), 1).joined(1);
    for _ in 0..2 {
        room.says(0, &text);
        room.write();
    }
    (room, text)
}

// Counts the first join of a client, with its reply as far as the outbox.
#[library_benchmark(setup = client)]
fn join((mut room, text): (Room, String)) -> Room {
    black_box(&mut room).says(1, &text);
    room
}

fn client() -> (Room, String) {
    (Room::new(open_room(), 2).joined(1), room::join())
}

fn config() -> LibraryBenchmarkConfig {
    let mut config = LibraryBenchmarkConfig::default();
    config
        .default_tool(Tool::DHAT)
        .tool(Dhat::with_args([CALLERS]));
    config
}

library_benchmark_group!(
    name = allocating,
    benchmarks = [flush, catch_up, answered, publish, join]
);
main!(config = config(), library_benchmark_groups = allocating);
