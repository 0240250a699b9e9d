//! Instruction counts of lobbyd's per-message path, compared with recorded figures.
//!
//! - [`units`] names what is counted, and [`mod@bench`] runs `benches/per_message` and
//!   `benches/allocations`. [`counts`] reads their output.
//! - [`conditions`] decides whether two counts are comparable. Where they are not, [`base`] counts
//!   another revision under the present ones.
//! - [`compare`] judges each change, [`ledger`] the growth since the baseline, and [`report`] shows
//!   both. [`flamegraph`] draws what grew.
//! - [`figures`] is the recorded file.
//!
//! `docs/benchmarks.md` explains its use.

#![forbid(unsafe_code)]

pub mod base;
pub mod bench;
pub mod compare;
pub mod conditions;
pub mod counts;
pub mod figures;
pub mod flamegraph;
pub mod ledger;
pub mod report;
pub mod units;

/// How often a bench repeats its work in one count, to hide the work that is done once.
pub const TIMES: u64 = 200;

/// How often the page of metrics is made in one count.
pub const PAGES: u64 = 20;

/// Members of a lobby that a bench flushes to, and rooms that it counts.
pub const MEMBERS: u32 = 1_000;
