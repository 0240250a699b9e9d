//! The messages of one publisher: how many there are, and which of them somebody is still waited for.

use std::collections::{BTreeSet, VecDeque};

/// One publisher's messages, by sequence.
#[derive(Debug)]
pub(super) struct Stream {
    pub lobby: u32,
    /// The publisher, if it is not sent its own messages back.
    pub silent_for: Option<u32>,
    /// The sequence of the first open message.
    open_begin: u32,
    open: VecDeque<Open>,
    refused: BTreeSet<u32>,
}

/// A message that has not come to everybody, or stands behind one that has not.
#[derive(Clone, Copy, Debug)]
struct Open {
    intended_ns: u64,
    /// Members that it has not come to. 0: it is done.
    remaining: u32,
    /// It was given up, and must not be told done a second time.
    abandoned: bool,
}

impl Stream {
    pub fn new(lobby: u32) -> Stream {
        Stream {
            lobby,
            silent_for: None,
            open_begin: 0,
            open: VecDeque::new(),
            refused: BTreeSet::new(),
        }
    }

    /// Messages so far, which is also the sequence of the next one.
    pub fn sent(&self) -> u32 {
        self.open_begin + self.open.len() as u32
    }

    /// Returns the sequence of a new message that `members` are waited for.
    pub fn publish(&mut self, intended_ns: u64, members: u32) -> u32 {
        let sequence = self.sent();
        self.open.push_back(Open {
            intended_ns,
            remaining: members,
            abandoned: false,
        });
        sequence
    }

    /// One member less to wait for. True if it was the last one of a message.
    #[inline]
    pub fn delivered(&mut self, sequence: u32) -> bool {
        let index = sequence.wrapping_sub(self.open_begin) as usize;
        let Some(message) = self.open.get_mut(index) else {
            return false;
        };
        if message.remaining == 0 {
            return false;
        }
        message.remaining -= 1;
        if message.remaining > 0 {
            return false;
        }
        let told = message.abandoned;
        self.drop_done();
        !told
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

    pub fn refuse(&mut self, sequence: u32) {
        if self.refused.insert(sequence) {
            let index = sequence.wrapping_sub(self.open_begin) as usize;
            if let Some(message) = self.open.get_mut(index) {
                message.remaining = 0;
            }
            self.drop_done();
        }
    }

    /// How many of `from..to` were refused.
    pub fn refused_between(&self, from: u32, to: u32) -> u32 {
        if self.refused.is_empty() || from >= to {
            return 0;
        }
        self.refused.range(from..to).count() as u32
    }

    /// Gives up what was to be sent before `before_ns`, and returns how many messages that are.
    pub fn abandon(&mut self, before_ns: u64) -> u32 {
        let mut abandoned = 0;
        let old = |message: &&mut Open| message.intended_ns < before_ns;
        for message in self.open.iter_mut().take_while(old) {
            if message.remaining > 0 && !message.abandoned {
                message.abandoned = true;
                abandoned += 1;
            }
        }
        abandoned
    }

    pub fn is_settled(&self) -> bool {
        self.open.is_empty()
    }

    pub fn in_flight(&self) -> usize {
        let waits = |message: &&Open| message.remaining > 0 && !message.abandoned;
        self.open.iter().filter(waits).count()
    }
}
