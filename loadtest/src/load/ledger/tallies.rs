//! The sums of a ledger that belong to no member.

/// The sums that are not kept with a member.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tallies {
    pub duplicated: u64,
    pub out_of_order: u64,
    pub altered: u64,
    pub strayed: u64,
    pub early: u64,
    pub unsent: u64,
    /// Own messages that publishers got although they were not to get them.
    pub echoes: u64,
    /// Expected and, below, missing deliveries of members that have left.
    pub settled_expected: u64,
    pub settled_missing: u64,
}
