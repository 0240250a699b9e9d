//! The queue of clients that come back: the next try of each to connect or join.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::load::meter::Recorder;

/// The scheduled steps of all reconnecting clients, earliest first.
#[derive(Debug)]
pub struct ReconnectQueue {
    due: BinaryHeap<Reverse<Due>>,
    pub(super) clients: Vec<ReconnectTimers>,
    /// Number of clients that wait for their next connect.
    pub(super) waiting: usize,
    /// Upgrades answered so late that an app with a fallback would have turned to long-poll.
    pub late_upgrades: u64,
    /// From the due time of a connect to the connect itself: the delay of the load generator.
    pub lateness: Recorder,
}

/// The next step of a client. The step is void if the client's `turn` has changed meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Due {
    pub at_ns: u64,
    pub number: u32,
    pub turn: u32,
    pub step: Step,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Step {
    Connect,
    Join,
    GiveUpJoin,
}

/// The timers of one phoenix.js client, of which one runs at a time.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ReconnectTimers {
    pub turn: u32,
    /// Tries to connect since the last answered upgrade.
    pub reconnects: u32,
    /// Joins sent again since the last answered upgrade or ok reply to a join.
    pub rejoins: u32,
    /// Tries to connect in all.
    pub tries: u32,
    /// True if the connection had an end after which phoenix.js does not reconnect.
    pub away: bool,
}

impl ReconnectQueue {
    pub(super) fn new(clients: usize) -> ReconnectQueue {
        ReconnectQueue {
            due: BinaryHeap::new(),
            clients: vec![ReconnectTimers::default(); clients],
            waiting: 0,
            late_upgrades: 0,
            lateness: Recorder::default(),
        }
    }

    pub(super) fn waiting(&self) -> usize {
        self.waiting
    }

    /// Returns the number of the client's tries to connect.
    pub fn tries(&self, number: u32) -> u32 {
        self.clients[number as usize].tries
    }

    /// Returns the number of clients that got close code 1000 or phx_close, and so stay away.
    pub fn stay_away(&self) -> u64 {
        self.clients.iter().filter(|client| client.away).count() as u64
    }

    pub(super) fn next_due_ns(&self) -> Option<u64> {
        self.due.peek().map(|due| due.0.at_ns)
    }

    pub(super) fn schedule(&mut self, number: u32, step: Step, at_ns: u64) {
        let client = &mut self.clients[number as usize];
        client.turn += 1;
        let turn = client.turn;
        self.due.push(Reverse(Due {
            at_ns,
            number,
            turn,
            step,
        }));
    }

    /// Takes the next step that is due and not void.
    pub(super) fn due(&mut self, now: u64) -> Option<Due> {
        while let Some(Reverse(due)) = self.due.peek().copied() {
            if due.at_ns > now {
                return None;
            }
            self.due.pop();
            if self.clients[due.number as usize].turn == due.turn {
                return Some(due);
            }
        }
        None
    }
}
