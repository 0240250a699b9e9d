//! The lobby of a connection, and its place in the lobby's list.

/// A member's place: which lobby, and where in its list.
#[derive(Clone, Copy, Debug)]
pub(super) struct Membership {
    pub lobby: u32,
    pub place: u32,
}
