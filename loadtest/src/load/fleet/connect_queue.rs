//! The connections that wait to be opened, and the connections on their way.

use std::collections::VecDeque;

use super::settings::FleetSettings;

/// Connections that wait to be opened, with their times, and the connections on their way.
#[derive(Debug)]
pub(super) struct ConnectQueue {
    pub waiting: VecDeque<u32>,
    /// Nanoseconds from one start to the next; 0 if connections start without a pause.
    pub period_ns: u64,
    pub next_ns: u64,
    /// The start of the storm, if all connections count their times from one common start.
    pub storm_ns: Option<u64>,
    /// Connections on their way, each with the time when it was opened, oldest first. The deadline
    /// counts from that time, because the wait in this program's own queue is not the server's.
    /// Connections that have joined meanwhile are still listed.
    pub on_the_way: VecDeque<(u32, u64)>,
    pub arriving: usize,
    pub arriving_max: usize,
    pub timeout_ns: u64,
}

impl ConnectQueue {
    pub fn new(settings: &FleetSettings) -> ConnectQueue {
        ConnectQueue {
            waiting: VecDeque::new(),
            period_ns: settings.connect_rate.map_or(0, |rate| (1e9 / rate) as u64),
            next_ns: 0,
            storm_ns: None,
            on_the_way: VecDeque::new(),
            arriving: 0,
            arriving_max: settings.connecting_max,
            timeout_ns: settings.connect_timeout_ns,
        }
    }

    pub fn storm_from(&mut self, begin_ns: u64) {
        self.storm_ns = Some(begin_ns);
    }

    /// Lets each connection be opened at once from now on. `timeout_ns` limits its upgrade.
    pub fn unbound(&mut self, timeout_ns: u64) {
        (self.period_ns, self.next_ns, self.storm_ns) = (0, 0, None);
        (self.arriving_max, self.timeout_ns) = (usize::MAX, timeout_ns);
    }

    /// Counts a connection that had joined and has to join again.
    pub fn is_back_on_the_way(&mut self) {
        self.arriving += 1;
    }

    pub fn can_open_at(&self, now: u64) -> bool {
        !self.waiting.is_empty() && self.arriving < self.arriving_max && self.next_ns <= now
    }

    /// Returns the time of the next start or of the next deadline.
    pub fn next_due_ns(&self) -> Option<u64> {
        let start =
            (!self.waiting.is_empty() && self.arriving < self.arriving_max).then_some(self.next_ns);
        let deadline = self
            .on_the_way
            .front()
            .map(|(_, opened_ns)| opened_ns + self.timeout_ns);
        start.into_iter().chain(deadline).min()
    }

    /// Returns a connection to open now, and the time when it was to be opened. At a rate that is
    /// the planned time, however late this call is, so that the time in which a server does not
    /// accept is counted.
    pub fn due(&mut self, now: u64) -> Option<(u32, u64)> {
        if !self.can_open_at(now) {
            return None;
        }
        let number = self.waiting.pop_front()?;
        let planned_ns = match (self.period_ns, self.storm_ns) {
            (0, Some(storm_ns)) => storm_ns,
            (0, None) => now,
            _ => self.next_ns,
        };
        self.next_ns = planned_ns + self.period_ns;
        self.arriving += 1;
        self.on_the_way.push_back((number, now));
        Some((number, planned_ns))
    }
}
