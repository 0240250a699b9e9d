//! Which lobby a connection is in, and at which place of its list.

/// A member's place: which lobby, and where in its list.
#[derive(Clone, Copy, Debug)]
pub(super) struct Member {
    pub lobby: u32,
    pub place: u32,
}
