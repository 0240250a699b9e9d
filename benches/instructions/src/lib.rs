//! Instruction counts of lobbyd's per-message path, compared with recorded figures.
//!
//! [`conditions`] decides whether two counts are comparable. [`counts`] runs
//! `benches/per_message.rs` and divides its counts. [`figures`] is the recorded file and the
//! verdict. `docs/benchmarks.md` explains its use.

#![forbid(unsafe_code)]

pub mod conditions;
pub mod counts;
pub mod figures;

/// How often `benches/per_message.rs` repeats each work in one count, to hide the work that is done
/// once.
pub const TIMES: u64 = 200;

/// Members of the lobby that the bench flushes to.
pub const MEMBERS: u32 = 1_000;
