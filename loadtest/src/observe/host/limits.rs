//! System limits for the load's connections: descriptors and local ports.
//!
//! The limits are checked before anything starts, so that no run fails in its middle.

use std::fs;
use std::io;
use std::net::SocketAddr;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::cores::ranges;

/// Descriptors that a run needs in addition to its connections: epoll, timers, result files, reads
/// of /proc.
const DESCRIPTORS_BESIDE: u64 = 32;

/// Raises the soft limit of open files to the hard limit. Processes that are started later inherit
/// the raised limit. Returns the raised limit; `u64::MAX` means none.
///
/// # Errors
///
/// When the system refuses to raise the limit.
pub fn raise_descriptors() -> io::Result<u64> {
    let limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum {
        let raised = Rlimit {
            current: limit.maximum,
            maximum: limit.maximum,
        };
        setrlimit(Resource::Nofile, raised)?;
    }
    Ok(limit.maximum.unwrap_or(u64::MAX))
}

/// The descriptors and ports that this process can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// Files that may be open under the hard limit.
    descriptors: u64,
    /// Files that are open.
    open: u64,
    /// Local ports that connections can use.
    ports: u64,
}

/// A shortage; its text says how to end the shortage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotEnough {
    /// The limit of open files is too low.
    #[error(
        "{connections} connections need {needed} file descriptors, and {allowed} are allowed here at most (ulimit -Hn). \
         Ask for fewer connections, or raise the limit where it is set: as root `ulimit -n {needed}` in the shell that \
         starts this, nofile in /etc/security/limits.conf, LimitNOFILE= of a systemd unit, --ulimit nofile= of a container"
    )]
    Descriptors {
        /// Connections that were asked for.
        connections: u64,
        /// Descriptors for the connections and the run itself.
        needed: u64,
        /// The hard limit.
        allowed: u64,
    },
    /// There are too few local ports.
    #[error(
        "{connections} connections to {target} need as many local ports, and there are {ports} \
         (net.ipv4.ip_local_port_range, without net.ipv4.ip_local_reserved_ports). Ask for fewer connections, or widen the \
         range as root: sysctl -w net.ipv4.ip_local_port_range=\"1024 65535\""
    )]
    Ports {
        /// Connections that were asked for.
        connections: u64,
        /// The target: one address with one port, so only the local port distinguishes connections.
        target: SocketAddr,
        /// Local ports of the system's range.
        ports: u64,
    },
}

impl Room {
    /// Checks, before a connection is opened, that this process can have `connections` connections
    /// to one address. Ports of other programs' connections to the address are unknown and not
    /// counted.
    ///
    /// # Errors
    ///
    /// When descriptors or ports are too few; the error says what to do.
    pub fn for_connections(connections: u64, target: SocketAddr) -> Result<(), NotEnough> {
        Room::here().check(connections, target)
    }

    fn here() -> Room {
        let allowed = getrlimit(Resource::Nofile).maximum;
        let open = fs::read_dir("/proc/self/fd").map_or(0, |files| files.count() as u64);
        Room {
            descriptors: allowed.unwrap_or(u64::MAX),
            open,
            ports: local_ports(),
        }
    }

    fn check(&self, connections: u64, target: SocketAddr) -> Result<(), NotEnough> {
        let needed = connections
            .saturating_add(self.open)
            .saturating_add(DESCRIPTORS_BESIDE);
        if needed > self.descriptors {
            return Err(NotEnough::Descriptors {
                connections,
                needed,
                allowed: self.descriptors,
            });
        }
        if connections > self.ports {
            return Err(NotEnough::Ports {
                connections,
                target,
                ports: self.ports,
            });
        }
        Ok(())
    }
}

/// Returns the number of local ports, of IPv6 too; 65,535 if the system does not report them.
fn local_ports() -> u64 {
    let read = |name| fs::read_to_string(format!("/proc/sys/net/ipv4/{name}")).unwrap_or_default();
    ports_of(
        &read("ip_local_port_range"),
        &read("ip_local_reserved_ports"),
    )
}

fn ports_of(range: &str, reserved: &str) -> u64 {
    let mut bounds = range.split_ascii_whitespace().map(str::parse::<usize>);
    let (Some(Ok(first)), Some(Ok(last))) = (bounds.next(), bounds.next()) else {
        return u64::from(u16::MAX);
    };
    let within = |reserved: std::ops::RangeInclusive<usize>| {
        let end = last.min(*reserved.end()) + 1;
        end.saturating_sub(first.max(*reserved.start()))
    };
    let reserved = ranges(reserved.trim()).unwrap_or_default();
    let taken: usize = reserved.into_iter().map(within).sum();
    (last + 1).saturating_sub(first).saturating_sub(taken) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOM: Room = Room {
        descriptors: 20_000,
        open: 10,
        ports: 15_000,
    };

    fn target() -> SocketAddr {
        ([127, 0, 0, 1], 4000).into()
    }

    #[test]
    fn ports_are_those_of_the_range_that_are_not_reserved() {
        assert_eq!(ports_of("32768\t60999\n", "\n"), 28_232);
        assert_eq!(
            ports_of("32768\t60999\n", "4000,32760-32769,60999\n"),
            28_229
        );
        assert_eq!(ports_of("", ""), 65_535);
    }

    #[test]
    fn connections_that_fit_are_let_through_up_to_the_last_one() {
        assert_eq!(ROOM.check(15_000, target()), Ok(()));
        let error = ROOM.check(15_001, target()).unwrap_err();
        assert!(matches!(error, NotEnough::Ports { .. }));
        assert!(
            error
                .to_string()
                .contains("need as many local ports, and there are 15000")
        );
        let wide = Room {
            ports: 60_000,
            ..ROOM
        };
        assert_eq!(wide.check(19_958, target()), Ok(()));
        let error = wide.check(19_959, target()).unwrap_err().to_string();
        assert!(error.contains("19959 connections need 20001 file descriptors, and 20000"));
        assert!(error.contains("ulimit -n 20001"));
    }

    #[test]
    fn number_of_connections_never_overflows() {
        assert!(ROOM.check(u64::MAX, target()).is_err());
    }

    #[test]
    fn soft_limit_becomes_the_hard_one() {
        let allowed = raise_descriptors().unwrap();
        let now = getrlimit(Resource::Nofile);
        assert_eq!(now.current, now.maximum);
        assert_eq!(allowed, now.maximum.unwrap_or(u64::MAX));
        assert_eq!(Room::for_connections(1, target()), Ok(()));
    }
}
