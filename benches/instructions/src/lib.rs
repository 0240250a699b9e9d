//! Holds the instruction counts of lobbyd's per-message path to recorded figures.
//!
//! [`conditions`] says under what a count is comparable, [`counts`] has `benches/per_message.rs` counted and divides what
//! comes out, [`figures`] is the recorded file and the judgement. `docs/benchmarks.md` says how to use it.

#![forbid(unsafe_code)]

pub mod conditions;
pub mod counts;
pub mod figures;

/// How often `benches/per_message.rs` does each thing in one count, so that what is done once does not show.
pub const TIMES: u64 = 200;

/// Members of the lobby that it flushes to.
pub const MEMBERS: u32 = 1_000;
