//! The answer to an event, and the reason why a channel stops.

use crate::protocol::IntoPayload;
use crate::protocol::PayloadBuf;
use compact_str::CompactString;

/// A reply: a status and a payload.
pub struct Reply {
    pub(crate) status: CompactString,
    pub(crate) payload: PayloadBuf,
}

impl Reply {
    pub(crate) fn new(status: &str, payload: impl IntoPayload) -> Self {
        let status = status.into();
        let payload = payload.into_payload();
        Self { status, payload }
    }
}

/// The end of a channel, as a callback asked for it.
pub struct Stop {
    pub(crate) reason: StopReason,
    pub(crate) reply: Option<Reply>,
}

/// The reason why an app ends a channel.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StopReason {
    /// The channel has done its work. The client gets `phx_close` and does not come back by itself.
    Normal,
    /// The channel is no longer wanted. The client gets `phx_close` and does not come back by
    /// itself.
    Shutdown,
    /// Something is wrong; the text names it, for a log and not for the client. The client gets
    /// `phx_error`, and phoenix.js joins again.
    Failed(String),
}
