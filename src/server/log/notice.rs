//! The kinds of lines that a stranger can cause, and the macro by which alone they are logged.

use tracing::Level;

/// Bytes of a client's text that a line shows. A host name has at most 253.
const SHOWN_BYTES_MAX: usize = 256;

/// A kind of line that clients cause. Each is summed for each of its reasons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Notice {
    SocketRefused,
    /// The app's `connect` panicked or took too long.
    ConnectFailed,
    NoProxyHeader,
    /// The first bytes of a connection are no HTTP.
    NotHttp,
    /// A request that is no valid HTTP, or whose head is too large.
    RequestRefused,
    JoinRefused,
    PushRefused,
    StaleMessage,
    BroadcastSkipped,
    Undecodable,
    /// A limit or a broken rule closes a WebSocket.
    Closing,
    JoinCrashed,
    ChannelCrashed,
    TerminateCrashed,
    JobPanicked,
    /// The process or the system is out of descriptors or memory for sockets.
    NotAccepting,
    Full,
    /// Only the open files that are kept for operators are left.
    FullOfFiles,
    FullInHttp,
    SocketUnwatched,
}

impl Notice {
    /// Returns the level of the line that is told at once, and of those with a number.
    pub const fn level(self) -> Level {
        match self {
            Notice::ConnectFailed
            | Notice::JoinCrashed
            | Notice::ChannelCrashed
            | Notice::TerminateCrashed
            | Notice::JobPanicked => Level::ERROR,
            // These are common where clients are slow, or leave and join again.
            Notice::Closing | Notice::StaleMessage => Level::INFO,
            _ => Level::WARN,
        }
    }

    /// Returns the message of the line.
    pub const fn text(self) -> &'static str {
        match self {
            Notice::SocketRefused => "socket refused",
            Notice::ConnectFailed => "socket refused, because the app's connect failed",
            Notice::NoProxyHeader => "a trusted proxy sent no PROXY header",
            Notice::NotHttp => "a connection began with what is no HTTP",
            Notice::RequestRefused => "request refused",
            Notice::JoinRefused => "join refused",
            Notice::PushRefused => "push refused",
            Notice::StaleMessage => "a message of another join of its topic was dropped",
            Notice::BroadcastSkipped => "a broadcast skips the subscribers of one version",
            Notice::Undecodable => "a client sent what is no message",
            Notice::Closing => "closing",
            Notice::JoinCrashed => "a join crashed",
            Notice::ChannelCrashed => "a channel crashed",
            Notice::TerminateCrashed => "a channel crashed in terminate",
            Notice::JobPanicked => "what a channel waited for panicked",
            Notice::NotAccepting => "cannot accept connections for now; they wait in the backlog",
            Notice::Full => {
                "as many connections as may be; to make room, connections that are slow to send a request are cut; meanwhile further connections wait in the backlog"
            }
            Notice::FullOfFiles => {
                "as many connections as open files allow, beside those kept for operators; to make room, connections that are slow to send a request are cut; meanwhile further connections wait in the backlog"
            }
            Notice::FullInHttp => {
                "as many connections as may be are in HTTP; those that are slow to send a request are cut; meanwhile further connections wait, accepted but not begun with"
            }
            Notice::SocketUnwatched => "cannot watch a new socket",
        }
    }

    /// True if the reason of the line is a refusal's name.
    pub const fn is_refusal(self) -> bool {
        matches!(
            self,
            Notice::SocketRefused
                | Notice::ConnectFailed
                | Notice::RequestRefused
                | Notice::JoinRefused
                | Notice::PushRefused
        )
    }
}

/// Logs what a client caused: the first time at the level of its [`Notice`], and then once a minute
/// for each reason, with the number since (`since_last`). All others are logged at `debug`.
macro_rules! summed {
    ($sums:expr, $notice:ident, $reason:expr, $($fields:tt)+) => {{
        use $crate::server::log::notice::Notice;
        match $sums.due(Notice::$notice, $reason) {
            Some(since_last) => tracing::event!(
                Notice::$notice.level(),
                $($fields)+,
                since_last = (since_last > 0).then_some(since_last),
                "{}",
                Notice::$notice.text()
            ),
            None => tracing::debug!($($fields)+, "{}", Notice::$notice.text()),
        }
    }};
}
pub(crate) use summed;

/// Returns the part of a client's text that a line shows. The text is to be recorded as it is
/// returned, as a string: subscribers escape strings, and do not escape what is recorded by `%`.
pub(crate) fn shown(text: &str) -> &str {
    &text[..text.floor_char_boundary(SHOWN_BYTES_MAX)]
}

/// Returns the part of a client's bytes that a line shows.
pub(crate) fn shown_bytes(bytes: &[u8]) -> String {
    String::from_utf8_lossy(&bytes[..bytes.len().min(SHOWN_BYTES_MAX)]).into_owned()
}
