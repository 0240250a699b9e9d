//! What an error of `accept` says: of one connection, of the system, or that none waits.

use std::io;

use rustix::io::Errno;

/// The kinds of errors of `accept`, by what to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AcceptError {
    /// No connection waits.
    NothingWaits,
    /// The error is that of one connection or of its network, or a signal came: the next accept may
    /// succeed at once.
    OfOneConnection,
    /// The process or the system is out of descriptors, or of memory for sockets.
    Exhausted,
    /// The system says something else, which cutting connections does not help against.
    Unknown,
}

/// Errors of one connection. accept(2): "Linux accept() passes already-pending network errors on
/// the new socket as an error code from accept(). For reliable operation the application should
/// detect the network errors … and treat them like EAGAIN by retrying."
const OF_ONE_CONNECTION: [Errno; 15] = [
    Errno::CONNABORTED,
    Errno::CONNREFUSED,
    Errno::CONNRESET,
    Errno::HOSTDOWN,
    Errno::HOSTUNREACH,
    Errno::INTR,
    Errno::NETDOWN,
    Errno::NETUNREACH,
    Errno::NONET,
    Errno::NOPROTOOPT,
    Errno::OPNOTSUPP,
    // The rules of a firewall forbid the connection.
    Errno::PERM,
    Errno::PIPE,
    Errno::PROTO,
    Errno::TIMEDOUT,
];

const EXHAUSTED: [Errno; 4] = [Errno::MFILE, Errno::NFILE, Errno::NOBUFS, Errno::NOMEM];

impl AcceptError {
    pub fn of(error: &io::Error) -> AcceptError {
        let errno = Errno::from_io_error(error);
        match error.kind() {
            io::ErrorKind::WouldBlock => AcceptError::NothingWaits,
            // An address that is none of TCP, which is of one connection too.
            io::ErrorKind::ConnectionAborted => AcceptError::OfOneConnection,
            _ if errno.is_some_and(|errno| OF_ONE_CONNECTION.contains(&errno)) => {
                AcceptError::OfOneConnection
            }
            _ if errno.is_some_and(|errno| EXHAUSTED.contains(&errno)) => AcceptError::Exhausted,
            _ => AcceptError::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(errno: Errno) -> AcceptError {
        AcceptError::of(&errno.into())
    }

    #[test]
    fn errors_of_one_connection_or_its_network_are_no_exhaustion() {
        for errno in [
            Errno::PROTO,
            Errno::PERM,
            Errno::NETUNREACH,
            Errno::HOSTDOWN,
        ] {
            assert_eq!(kind(errno), AcceptError::OfOneConnection, "{errno:?}");
        }
        let no_address = io::ErrorKind::ConnectionAborted.into();
        assert_eq!(AcceptError::of(&no_address), AcceptError::OfOneConnection);
        for errno in [Errno::MFILE, Errno::NFILE, Errno::NOBUFS, Errno::NOMEM] {
            assert_eq!(kind(errno), AcceptError::Exhausted, "{errno:?}");
        }
        assert_eq!(kind(Errno::AGAIN), AcceptError::NothingWaits);
        assert_eq!(kind(Errno::INVAL), AcceptError::Unknown);
    }
}
