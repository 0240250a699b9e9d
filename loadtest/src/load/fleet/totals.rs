//! Sums over all connections, and the reasons why some of them ended.

use std::collections::BTreeMap;

use super::reason::{Cause, Reason};
use crate::load::meter::Recorder;
use crate::result::{Connections, Count, Replies};

/// Counts and times of all connections.
#[derive(Debug, Default)]
pub(super) struct Totals {
    pub wanted: u64,
    pub connected: u64,
    pub joined_ever: u64,
    pub joined_now: u64,
    pub first_start_ns: Option<u64>,
    pub last_join_ns: u64,
    pub refused: BTreeMap<String, u64>,
    pub unopened: BTreeMap<String, u64>,
    pub lost: BTreeMap<String, u64>,
    pub ended_slow: BTreeMap<String, u64>,
    pub closes: BTreeMap<String, u64>,
    pub replies_ok: u64,
    pub replies_error: BTreeMap<String, u64>,
    pub to_connected: Recorder,
    pub to_upgraded: Recorder,
    pub to_joined: Recorder,
}

impl Totals {
    /// Returns the counts and times of the connections so far.
    pub fn connections(&self) -> Connections {
        let Totals {
            wanted,
            connected,
            joined_ever,
            first_start_ns,
            last_join_ns,
            ..
        } = *self;
        let seconds =
            first_start_ns.map_or(0.0, |first| last_join_ns.saturating_sub(first) as f64 / 1e9);
        Connections {
            wanted,
            connected,
            joined: joined_ever,
            refused: Count::sorted(&self.refused),
            unopened: Count::sorted(&self.unopened),
            lost: Count::sorted(&self.lost),
            closes: Count::sorted(&self.closes),
            joins_per_second: if seconds > 0.0 {
                joined_ever as f64 / seconds
            } else {
                0.0
            },
            time_to_joined: self.to_joined.latency(),
            time_to_connected: self.to_connected.latency(),
            time_to_upgraded: self.to_upgraded.latency(),
        }
    }

    /// Counts a connection that did not come about. Only one that the server was asked for is a
    /// refusal.
    pub fn refuse(&mut self, why: &Reason) {
        let counts = match why.cause {
            Cause::NoRoomHere => &mut self.unopened,
            _ => &mut self.refused,
        };
        count(counts, &why.words);
    }

    /// Returns the counts of answers to pushes so far.
    pub fn replies(&self) -> Replies {
        Replies {
            ok: self.replies_ok,
            error: Count::sorted(&self.replies_error),
        }
    }
}

/// Most reasons that are counted apart, because a server may make up any number of them.
const REASONS_MAX: usize = 20;

pub(super) fn count(reasons: &mut BTreeMap<String, u64>, why: &str) {
    let known = reasons.len() < REASONS_MAX || reasons.contains_key(why);
    let why = if known { why } else { "other reasons" };
    *reasons.entry(why.to_owned()).or_default() += 1;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connect_without_a_local_port_is_counted_as_unopened_and_not_as_refused() {
        use rustix::io::Errno;
        let mut totals = Totals::default();
        for errno in [Errno::ADDRNOTAVAIL, Errno::CONNREFUSED] {
            totals.refuse(&Reason::from(&std::io::Error::from(errno)));
        }
        let found = totals.connections();
        assert_eq!(Count::total(&found.unopened), 1, "{:?}", found.unopened);
        assert_eq!(Count::total(&found.refused), 1, "{:?}", found.refused);
    }
}
