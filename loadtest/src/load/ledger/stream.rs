//! The messages of one publisher, and the number of members that each message still waits for.

use std::collections::{BTreeSet, VecDeque};

/// One publisher's messages, by sequence.
#[derive(Debug)]
pub(super) struct Stream {
    pub lobby: u32,
    /// The publisher, or `None` if no member was enrolled as one.
    pub publisher: Option<u32>,
    /// Whether the publisher gets its own messages back.
    pub echo: bool,
    /// The sequence of the first open message.
    open_begin: u32,
    open: VecDeque<Open>,
    refused: BTreeSet<u32>,
    /// Number of the stream's first messages that were completed when the shutdown began.
    completed_at_shutdown: u32,
}

/// A message that has not come to all members, or follows such a message.
#[derive(Clone, Copy, Debug)]
struct Open {
    intended_ns: u64,
    /// Members that the message still waits for; at 0 the message is done.
    remaining: u32,
    /// True if the publisher has the message back, the message waits for no member, or the wait was
    /// given up. In a closed loop another message may then be published.
    completed: bool,
}

/// The effect of a delivery on its message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Arrival {
    /// The message waits for no other member.
    pub last: bool,
    /// This delivery completed the message.
    pub completed: bool,
}

impl Stream {
    pub fn new(lobby: u32) -> Stream {
        Stream {
            lobby,
            publisher: None,
            echo: true,
            open_begin: 0,
            open: VecDeque::new(),
            refused: BTreeSet::new(),
            completed_at_shutdown: 0,
        }
    }

    /// Notes that the server is about to be shut down.
    pub fn begin_shutdown(&mut self) {
        let completed = |message: &&Open| message.completed || message.remaining == 0;
        self.completed_at_shutdown =
            self.open_begin + self.open.iter().take_while(completed).count() as u32;
    }

    /// Returns the number of the first messages that were completed when the shutdown began.
    pub fn completed_at_shutdown(&self) -> u32 {
        self.completed_at_shutdown
    }

    /// Returns the number of messages so far, which is also the sequence of the next one.
    pub fn sent(&self) -> u32 {
        self.open_begin + self.open.len() as u32
    }

    /// Returns how many messages were to be sent before `end_ns`, or have come to all members.
    pub fn sent_before(&self, end_ns: u64) -> u32 {
        let before = self
            .open
            .iter()
            .take_while(|message| message.intended_ns < end_ns);
        self.open_begin + before.count() as u32
    }

    /// Adds a message that waits for `members` members. Returns its sequence.
    pub fn publish(&mut self, intended_ns: u64, members: u32) -> u32 {
        let sequence = self.sent();
        self.open.push_back(Open {
            intended_ns,
            remaining: members,
            completed: false,
        });
        sequence
    }

    /// Enters a delivery to one of the members waited for. `own` is true if that is the publisher.
    #[inline]
    pub fn delivered(&mut self, sequence: u32, own: bool) -> Arrival {
        let index = sequence.wrapping_sub(self.open_begin) as usize;
        let message = self
            .open
            .get_mut(index)
            .filter(|message| message.remaining > 0);
        let Some(message) = message else {
            return Arrival::default();
        };
        message.remaining -= 1;
        let last = message.remaining == 0;
        let completed = (own || last) && !message.completed;
        message.completed |= completed;
        if last {
            self.drop_done();
        }
        Arrival { last, completed }
    }

    fn drop_done(&mut self) {
        while self
            .open
            .front()
            .is_some_and(|message| message.remaining == 0)
        {
            self.open.pop_front();
            self.open_begin += 1;
        }
    }

    /// Makes a refused message wait for no member. True if that completes the message.
    pub fn refuse(&mut self, sequence: u32) -> bool {
        let mut completed = false;
        if self.refused.insert(sequence) {
            let index = sequence.wrapping_sub(self.open_begin) as usize;
            if let Some(message) = self.open.get_mut(index) {
                completed = !message.completed;
                message.remaining = 0;
            }
            self.drop_done();
        }
        completed
    }

    /// Returns how many of the sequences in `from..to` were refused.
    pub fn refused_between(&self, from: u32, to: u32) -> u32 {
        if self.refused.is_empty() || from >= to {
            return 0;
        }
        self.refused.range(from..to).count() as u32
    }

    /// Gives up messages intended before `before_ns`. Returns the number of messages given up.
    pub fn abandon(&mut self, before_ns: u64) -> u32 {
        let mut abandoned = 0;
        let old = |message: &&mut Open| message.intended_ns < before_ns;
        for message in self.open.iter_mut().take_while(old) {
            if message.remaining > 0 && !message.completed {
                message.completed = true;
                abandoned += 1;
            }
        }
        abandoned
    }

    pub fn is_settled(&self) -> bool {
        self.open.is_empty()
    }

    #[cfg(test)]
    pub fn in_flight(&self) -> usize {
        let waits = |message: &&Open| message.remaining > 0 && !message.completed;
        self.open.iter().filter(waits).count()
    }
}
