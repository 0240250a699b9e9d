//! The reason why a connection or a join failed, was refused or ended: its cause, and its words.

use std::fmt;
use std::io;

/// A reason. Reports count it under its words; decisions are made by its cause.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reason {
    /// The reason as a report shows it: "HTTP 403 Forbidden", "1012 (restart)".
    pub words: String,
    /// The kind of the reason.
    pub cause: Cause,
}

/// The kind of a reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// Nothing listens at the server's address.
    NothingListens,
    /// The connect failed for want of local ports, open files or memory: the server was not asked.
    NoRoomHere,
    /// Any other error of the system.
    System,
    /// The TCP connection or the answer to the upgrade did not come in time.
    Unanswered,
    /// The upgrade got an HTTP answer with this status that does not upgrade the connection.
    Http(u16),
    /// The server broke HTTP, WebSocket or Phoenix's protocol.
    Malformed,
    /// The join was refused.
    JoinRefused,
    /// The reply to the join did not come in time.
    JoinUnanswered,
    /// The channel crashed or was closed.
    ChannelEnded,
    /// The connection was closed with this code. The code is 1006 without a Close frame.
    Closed(u16),
    /// A heartbeat got no answer.
    NoHeartbeat,
}

impl Cause {
    /// True if a server answered, so that the reason is not the lack of a server.
    pub fn is_answer(self) -> bool {
        use Cause::{ChannelEnded, Http, JoinRefused, JoinUnanswered};
        matches!(self, Http(_) | JoinRefused | JoinUnanswered | ChannelEnded)
    }

    pub(super) fn because(self, words: impl Into<String>) -> Reason {
        Reason {
            words: words.into(),
            cause: self,
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words)
    }
}

impl From<&io::Error> for Reason {
    fn from(error: &io::Error) -> Reason {
        let cause = match error.kind() {
            io::ErrorKind::ConnectionRefused => Cause::NothingListens,
            io::ErrorKind::AddrNotAvailable | io::ErrorKind::OutOfMemory => Cause::NoRoomHere,
            _ if error
                .raw_os_error()
                .is_some_and(|errno| NO_ROOM.contains(&errno)) =>
            {
                Cause::NoRoomHere
            }
            _ => Cause::System,
        };
        cause.because(plain(error))
    }
}

/// Errors of the system for want of open files or memory that have no kind.
const NO_ROOM: [i32; 3] = [
    rustix::io::Errno::MFILE.raw_os_error(),
    rustix::io::Errno::NFILE.raw_os_error(),
    rustix::io::Errno::NOBUFS.raw_os_error(),
];

/// Returns the reason of a connection that ended with an error and without a Close frame.
pub(super) fn broken_off(error: &io::Error) -> Reason {
    Cause::Closed(1006).because(format!("1006 ({})", plain(error)))
}

/// Returns the text of a system error without its number.
fn plain(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => "connection refused".to_owned(),
        io::ErrorKind::ConnectionReset => "connection reset".to_owned(),
        io::ErrorKind::BrokenPipe => "connection broken".to_owned(),
        io::ErrorKind::TimedOut => "connection timed out".to_owned(),
        io::ErrorKind::AddrNotAvailable => "no local port is left".to_owned(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn want_of_ports_files_and_memory_here_is_not_taken_for_a_refusal() {
        use rustix::io::Errno;
        let cause = |errno: Errno| Reason::from(&io::Error::from(errno)).cause;
        let here = [
            Errno::ADDRNOTAVAIL,
            Errno::MFILE,
            Errno::NFILE,
            Errno::NOBUFS,
            Errno::NOMEM,
        ];
        assert!(here.iter().all(|errno| cause(*errno) == Cause::NoRoomHere));
        assert_eq!(cause(Errno::CONNREFUSED), Cause::NothingListens);
        assert_eq!(cause(Errno::CONNRESET), Cause::System);
    }
}
