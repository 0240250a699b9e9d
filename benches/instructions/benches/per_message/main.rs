//! The instructions of the per-message path, which do not depend on the machine's load.
//!
//! Each function does its work [`TIMES`](lobbyd_instructions::TIMES) times, or for
//! [`MEMBERS`](lobbyd_instructions::MEMBERS) members. `src/units.rs` names each function's unit and
//! the number by which its count is divided.

#![allow(missing_docs, reason = "gungraun's macros make modules without any")]
#![allow(dead_code, reason = "what is shared has more than this bench uses")]

mod decode;
mod fields;
mod flush;
#[path = "../shared/late.rs"]
mod late;
mod metrics;
mod publish;
mod read;
#[path = "../shared/room.rs"]
mod room;
#[path = "../../../scenes/mod.rs"]
mod scenes;
mod session;
mod warm;

use gungraun::prelude::*;
use gungraun::{Callgrind, FlamegraphConfig, FlamegraphKind};

use decode::decoding;
use fields::taking_fields;
use flush::flushing;
use metrics::showing_metrics;
use publish::publishing;
use read::reading;
use session::in_session;

/// The same allocator as in the `lobbyd` binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Draws what grew since the baseline, where `lobbyd-instructions` asks for it. A graph of each
/// bench would take some seconds more.
fn config() -> LibraryBenchmarkConfig {
    let kind = match std::env::var_os(lobbyd_instructions::flamegraph::ASKED) {
        Some(_) => FlamegraphKind::Differential,
        None => FlamegraphKind::None,
    };
    let mut graph = FlamegraphConfig::default();
    graph.kind(kind);
    let mut callgrind = Callgrind::default();
    callgrind.flamegraph(graph);
    let mut config = LibraryBenchmarkConfig::default();
    config.tool(callgrind);
    config
}

main!(
    config = config(),
    library_benchmark_groups = [
        decoding,
        reading,
        taking_fields,
        publishing,
        flushing,
        in_session,
        showing_metrics
    ]
);
