//! The lobby of a connection, and its place in the lobby's list.

/// The place of a member: its lobby's number, and its index in the lobby's list.
#[derive(Clone, Copy, Debug)]
pub(super) struct Membership {
    pub lobby: u32,
    pub place: u32,
}
