//! A steady rate of messages, from those publishers that are joined at the time.

use crate::clock::now_ns;
use crate::load::fleet::Fleet;

/// A rate, and the streams that share it.
#[derive(Debug)]
pub(super) struct SteadyTraffic {
    due_ns: u64,
    period_ns: u64,
    streams: Vec<u32>,
    next: usize,
}

impl SteadyTraffic {
    /// Returns a traffic of `rate` messages a second from now on.
    pub fn new(rate: f64, streams: Vec<u32>) -> SteadyTraffic {
        SteadyTraffic {
            due_ns: now_ns(),
            period_ns: ((1e9 / rate) as u64).max(1),
            streams,
            next: 0,
        }
    }

    /// Publishes messages that are due, and returns the time of the next. The publishers that are
    /// joined take turns; if none is joined, the message is not sent.
    pub fn turn(&mut self, fleet: &mut Fleet) -> u64 {
        let now = now_ns();
        while self.due_ns <= now {
            if let Some(stream) = self.next_there(fleet) {
                fleet.publish(stream, self.due_ns);
            }
            self.due_ns += self.period_ns;
        }
        self.due_ns
    }

    fn next_there(&mut self, fleet: &Fleet) -> Option<u32> {
        let all = self.streams.len();
        let there = |at: &usize| fleet.is_joined(fleet.publisher(self.streams[*at]));
        let at = (self.next..self.next + all)
            .map(|at| at % all)
            .find(there)?;
        self.next = at + 1;
        Some(self.streams[at])
    }
}
