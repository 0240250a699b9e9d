//! The queue of clients that come back: the next try of each to connect or join.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::load::meter::Recorder;

/// Who is to do what when.
#[derive(Debug)]
pub struct ReconnectQueue {
    due: BinaryHeap<Reverse<Due>>,
    pub(super) clients: Vec<ReconnectTimers>,
    /// Clients that wait for their time to connect again.
    pub(super) waiting: usize,
    /// Upgrades that were answered so late that an app
    /// with a fallback would have turned to long-poll.
    pub late_upgrades: u64,
    /// From when a try was due to when it was made: how late the load generator was.
    pub lateness: Recorder,
}

/// What one client does next, unless something else
/// has happened to it: then its turn is another one.
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

/// phoenix.js's timers of one client. One of them runs at a time.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ReconnectTimers {
    pub turn: u32,
    /// Tries to connect since a connection was open.
    pub reconnects: u32,
    /// Tries to join since a join was answered with ok.
    pub rejoins: u32,
    /// Tries to connect in all.
    pub tries: u32,
    /// It got an end after which it does not come back.
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

    /// How often the client has tried to connect.
    pub fn tries(&self, number: u32) -> u32 {
        self.clients[number as usize].tries
    }

    /// Clients that do not come back: they were closed with 1000, or had their channel closed.
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

    /// The next step that is due and still meant.
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
