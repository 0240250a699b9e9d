//! A broadcast encoded and sealed once for all members, and put into the log.

use std::hint::black_box;

use bytes::Bytes;
use gungraun::prelude::*;
use lobbyd::IntoPayload;
use lobbyd::protocol::{PayloadBuf, Version};
use lobbyd_instructions::TIMES;

use crate::scenes::lobby::{Lobby, payload, sealed};
use crate::scenes::messages::body;
use crate::warm::warm;

#[library_benchmark(setup = broadcast)]
#[bench::v2(Version::V2, payload(64))]
#[bench::v1(Version::V1, payload(64))]
#[bench::binary(Version::V2, binary())]
fn seal((version, payload): (Version, PayloadBuf)) {
    for _ in 0..TIMES {
        black_box(sealed(version, black_box(&payload)));
    }
}

/// Seals once before the count.
fn broadcast(version: Version, payload: PayloadBuf) -> (Version, PayloadBuf) {
    sealed(version, &payload);
    (version, payload)
}

fn binary() -> PayloadBuf {
    Bytes::from(body(64)).into_payload()
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

library_benchmark_group!(name = publishing, benchmarks = [seal, append]);
