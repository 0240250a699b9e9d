//! When the token of a connection is to be seen to next.

/// When the token of a connection is to be seen to next, and for what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expiry {
    /// The moment, in milliseconds since 1970.
    pub(super) due_ms: u64,
    pub(super) step: ExpiryStep,
    /// True if the token came with the connect, and the connection ends with it.
    pub(super) is_of_connect: bool,
}

/// What happens at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ExpiryStep {
    /// The client is warned.
    Warn,
    /// The token and its grace are over.
    End,
    /// The client has had no good token for as long as it may.
    GiveUp,
}

/// What the shard has to do with a connection whose moment has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expired {
    /// Nothing more.
    Stays,
    /// Close the connection with 4401.
    Close,
}

impl Expiry {
    /// Nothing is to be seen to.
    pub const NEVER: Expiry = Expiry {
        due_ms: u64::MAX,
        step: ExpiryStep::End,
        is_of_connect: false,
    };

    /// True if the moment has come at `now_ms`, in milliseconds since 1970.
    pub fn is_due(self, now_ms: u64) -> bool {
        self.due_ms <= now_ms
    }
}
