//! The sums of a ledger that belong to no member.

/// Sums that are not kept with a member.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tallies {
    pub duplicated: u64,
    pub out_of_order: u64,
    pub altered: u64,
    pub strayed: u64,
    pub early: u64,
    pub unsent: u64,
    /// Own messages that came though they were not to.
    pub echoes: u64,
    /// Of members that have left.
    pub settled_expected: u64,
    pub settled_missing: u64,
}
