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
    /// Number of the stream's first messages that were home when the server got the signal to end.
    promised: u32,
}

/// A message that has not come to all members, or follows such a message.
#[derive(Clone, Copy, Debug)]
struct Open {
    intended_ns: u64,
    /// Members that the message still waits for; at 0 the message is done.
    remaining: u32,
    /// True if the publisher has the message back, or it is no longer waited for. Then another
    /// message may be published in its place.
    home: bool,
}

/// The effect of a delivery on its message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Arrival {
    /// The message waits for no other member.
    pub last: bool,
    /// The message came home with this delivery.
    pub home: bool,
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
            promised: 0,
        }
    }

    /// Notes that the server took in all messages that are home by now.
    pub fn promise(&mut self) {
        let home = |message: &&Open| message.home || message.remaining == 0;
        self.promised = self.open_begin + self.open.iter().take_while(home).count() as u32;
    }

    /// Returns the number of messages that were home at the promise.
    pub fn promised(&self) -> u32 {
        self.promised
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
            home: false,
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
        let home = (own || last) && !message.home;
        message.home |= home;
        if last {
            self.drop_done();
        }
        Arrival { last, home }
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

    /// Makes a refused message wait for no member. True if the message came home by that.
    pub fn refuse(&mut self, sequence: u32) -> bool {
        let mut home = false;
        if self.refused.insert(sequence) {
            let index = sequence.wrapping_sub(self.open_begin) as usize;
            if let Some(message) = self.open.get_mut(index) {
                home = !message.home;
                message.remaining = 0;
            }
            self.drop_done();
        }
        home
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
            if message.remaining > 0 && !message.home {
                message.home = true;
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
        let waits = |message: &&Open| message.remaining > 0 && !message.home;
        self.open.iter().filter(waits).count()
    }
}
