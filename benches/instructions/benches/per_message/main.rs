//! The instructions of the per-message path, which do not depend on the machine's load.
//!
//! Each function does its work [`TIMES`] times, or for [`MEMBERS`] members; `src/counts.rs` divides
//! by that number.

#![allow(missing_docs, reason = "gungraun's macros make modules without any")]

use std::hint::black_box;

use gungraun::prelude::*;
use lobbyd::protocol::{DecodeScratch, Json, PayloadBuf, Version};
use lobbyd_instructions::{MEMBERS, TIMES};
use scenes::lobby::{Lobby, payload, sealed};
use scenes::messages::{Encoding, Push, body, push};

#[path = "../../../scenes/mod.rs"]
mod scenes;

/// The same allocator as in the `lobbyd` binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[library_benchmark(setup = decoder)]
fn decode((push, mut scratch): (Push, DecodeScratch)) {
    for _ in 0..TIMES {
        black_box(black_box(&push).decode(&mut scratch));
    }
}

/// Returns a V2 push of 64 B, and a scratch buffer that has decoded it once.
fn decoder() -> (Push, DecodeScratch) {
    let push = push(Encoding::V2, 64);
    let mut scratch = DecodeScratch::new();
    push.decode(&mut scratch);
    (push, scratch)
}

// Takes three fields out of a payload, as a room's `relay` does.
#[library_benchmark(setup = payload_with_fields)]
fn fields(payload: String) {
    let json = Json::new(&payload).expect("a bench's own JSON");
    for _ in 0..TIMES {
        let found = black_box(json).get_many(["body", "colour", "size"]);
        assert!(black_box(found).iter().all(Option::is_some));
    }
}

fn payload_with_fields() -> String {
    format!(
        r#"{{"size":1.50,"body":"{}","more":[1,2,3],"colour":"blue"}}"#,
        body(150)
    )
}

#[library_benchmark(setup = payload_to_seal)]
fn seal(payload: PayloadBuf) {
    for _ in 0..TIMES {
        black_box(sealed(Version::V2, black_box(&payload)));
    }
}

fn payload_to_seal() -> PayloadBuf {
    let payload = payload(64);
    sealed(Version::V2, &payload);
    payload
}

// Measures the way from the publish of a sealed frame to its place in the log.
#[library_benchmark(setup = lobby_of_one, teardown = flush_appended)]
fn append(mut lobby: Lobby) -> Lobby {
    black_box(&mut lobby).append(TIMES);
    lobby
}

fn lobby_of_one() -> Lobby {
    warm(Lobby::new(1, 64), TIMES)
}

fn flush_appended(mut lobby: Lobby) {
    lobby.flush(TIMES);
}

// Measures one frame to each member.
#[library_benchmark(setup = lobby_that_lacks_one)]
fn flush_one(mut lobby: Lobby) -> Lobby {
    black_box(&mut lobby).flush(1);
    lobby
}

fn lobby_that_lacks_one() -> Lobby {
    let mut lobby = warm(Lobby::new(MEMBERS, 64), 1);
    lobby.append(1);
    lobby
}

// Measures sixteen frames to each member, gathered into one write.
#[library_benchmark(setup = lobby_that_lacks_sixteen)]
fn flush_sixteen(mut lobby: Lobby) -> Lobby {
    black_box(&mut lobby).flush(16);
    lobby
}

fn lobby_that_lacks_sixteen() -> Lobby {
    let mut lobby = warm(Lobby::new(MEMBERS, 64), 16);
    lobby.append(16);
    lobby
}

/// Appends and flushes once, so that memory kept between runs is allocated before the count.
fn warm(mut lobby: Lobby, broadcasts: u64) -> Lobby {
    lobby.append(broadcasts);
    lobby.flush(broadcasts);
    lobby
}

library_benchmark_group!(
    name = per_message,
    benchmarks = [decode, fields, seal, append, flush_one, flush_sixteen]
);
main!(library_benchmark_groups = per_message);
