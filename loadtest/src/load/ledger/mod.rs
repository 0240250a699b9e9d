//! The ledger: the messages that each member is owed, held against the member's deliveries.
//!
//! Each delivery is entered by its stream and sequence, so that missing, doubled, swapped and
//! altered deliveries are distinguished. A message is completed when its publisher has it back, or
//! when it waits for no member. The ledger does no I/O. A member is a number.

mod cursor;
mod member;
mod missing;
mod recognition;
mod stream;
mod tallies;

use crate::load::wire::tag::{Marker, Tag};
use cursor::{Cursor, Holes};
use member::{Lobby, Member, Owed};
use recognition::{Recognition, Seen};
use stream::{Arrival, Stream};
use tallies::Tallies;

/// The account of all deliveries of a run, over all lobbies.
#[derive(Debug)]
pub struct Ledger {
    marker: Marker,
    filler: Box<[u8]>,
    lobbies: Vec<Lobby>,
    streams: Vec<Stream>,
    members: Vec<Member>,
    holes: Holes,
    tallies: Tallies,
    /// If set, no member is owed a message intended for this time or later.
    end_ns: Option<u64>,
}

/// A delivery that was entered into the ledger.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Entered {
    /// The time at which the message was to be sent.
    pub intended_ns: u64,
    /// True if the member was owed the delivery. A copy, or an early message, is not owed.
    pub owed: bool,
    /// True if the member was the last one that the message waited for.
    pub last: bool,
    /// True if the delivery completed the message: its publisher has it back, or it waits for no
    /// member.
    pub completed: bool,
    /// The stream of the message.
    pub stream: u32,
}

impl Ledger {
    /// Returns an empty ledger. `filler` follows the tag in every text.
    pub fn new(marker: Marker, filler: Box<[u8]>) -> Ledger {
        Ledger {
            marker,
            filler,
            lobbies: Vec::new(),
            streams: Vec::new(),
            members: Vec::new(),
            holes: Holes::default(),
            tallies: Tallies::default(),
            end_ns: None,
        }
    }

    /// Opens a lobby with `streams` streams. Returns its number and that of its first stream.
    pub fn open_lobby(&mut self, streams: u32) -> (u32, u32) {
        let lobby = self.lobbies.len() as u32;
        let streams_begin = self.streams.len() as u32;
        self.streams
            .extend((0..streams).map(|_| Stream::new(lobby)));
        self.lobbies.push(Lobby {
            streams_begin,
            streams,
            ..Lobby::default()
        });
        (lobby, streams_begin)
    }

    /// Adds a member to `lobby`, not yet joined, and returns its number. `own` is the stream that
    /// the member publishes. The member also gets that stream back if `echo`.
    pub fn enrol(&mut self, lobby: u32, own: Option<u32>, echo: bool) -> u32 {
        let member = self.members.len() as u32;
        let streams = self.lobbies[lobby as usize].streams as usize;
        self.members.push(Member {
            lobby,
            owed: Owed::Nothing,
            cursors: vec![Cursor::default(); streams].into(),
            own,
            silent: own.filter(|_| !echo),
        });
        if let Some(stream) = own.map(|stream| &mut self.streams[stream as usize]) {
            (stream.publisher, stream.echo) = (Some(member), echo);
        }
        member
    }

    /// Joins the member: it is owed the messages published from now on.
    pub fn join(&mut self, member: u32) {
        let Member {
            lobby,
            owed,
            cursors,
            ..
        } = &mut self.members[member as usize];
        debug_assert_eq!(*owed, Owed::Nothing);
        let lobby = &mut self.lobbies[*lobby as usize];
        *owed = Owed::All;
        lobby.counted += 1;
        for (cursor, stream) in cursors
            .iter_mut()
            .zip(&self.streams[lobby.streams_begin as usize..])
        {
            *cursor = Cursor::at(stream.sent());
        }
    }

    /// Ends the membership at the member's own will: it is no longer owed the messages that it
    /// lacks by now. The streams of messages that waited for this member alone are put into `done`.
    pub fn leave(&mut self, member: u32, done: &mut Vec<u32>) {
        self.settle_up(member, done, |_, cursor| cursor.next());
    }

    /// Notes that the server is about to be shut down. The server has read all messages that are
    /// completed by now, so it owes them to all present members.
    pub fn begin_shutdown(&mut self) {
        self.streams.iter_mut().for_each(Stream::begin_shutdown);
    }

    /// Ends a membership whose connection ended with its server; the member may join again. It is
    /// still owed the messages that were completed when the [shutdown
    /// began](Ledger::begin_shutdown). It is not owed later messages that it lacks, because nobody
    /// knows whether the server had read them.
    pub fn disconnect(&mut self, member: u32, done: &mut Vec<u32>) {
        if self.members[member as usize].owed != Owed::Nothing {
            self.settle_up(member, done, |stream, cursor| {
                cursor.next().max(stream.completed_at_shutdown())
            });
        }
    }

    fn settle_up(
        &mut self,
        member: u32,
        done: &mut Vec<u32>,
        until: impl Fn(&Stream, &Cursor) -> u32,
    ) {
        self.stop_counting(member, done);
        let (expected, missing) = self.reckon(member, until);
        self.tallies.settled_expected += expected;
        self.tallies.settled_missing += missing;
        self.holes.forget(member);
        self.members[member as usize].owed = Owed::Nothing;
    }

    /// Ends a membership against the member's will: all messages that it does not get are missing.
    pub fn lose(&mut self, member: u32, done: &mut Vec<u32>) {
        if self.members[member as usize].owed == Owed::Nothing {
            return;
        }
        self.stop_counting(member, done);
        self.members[member as usize].owed = Owed::Lost;
    }

    /// Lets messages no longer wait for this member, though it is still owed all of them.
    pub fn exempt(&mut self, member: u32, done: &mut Vec<u32>) {
        self.stop_counting(member, done);
        let owed = &mut self.members[member as usize].owed;
        if *owed == Owed::All {
            *owed = Owed::AllInTime;
        }
    }

    /// Publishes the next message of `stream`. Returns the tag to write over the start of its text.
    pub fn publish(&mut self, stream: u32, intended_ns: u64) -> Tag {
        let lobby = &self.lobbies[self.streams[stream as usize].lobby as usize];
        let Stream {
            publisher, echo, ..
        } = self.streams[stream as usize];
        let publisher_waits = !echo
            && publisher.is_some_and(|member| self.members[member as usize].owed == Owed::All);
        let counted = lobby.counted - u32::from(publisher_waits);
        let sequence = self.streams[stream as usize].publish(intended_ns, counted);
        Tag {
            stream,
            sequence,
            intended_ns,
        }
    }

    /// Counts messages that were due and could not be sent.
    pub fn not_sent(&mut self, messages: u64) {
        self.tallies.unsent += messages;
    }

    /// Notes that the server refused a message: no member is owed it. True if that completes it.
    pub fn refuse(&mut self, stream: u32, sequence: u32) -> bool {
        self.streams[stream as usize].refuse(sequence)
    }

    /// Enters `payload`, a text that `member` got, if it is a delivery. `None` if it is no
    /// delivery, or begins unlike the lobby's other deliveries.
    #[inline]
    pub fn enter(&mut self, member: u32, payload: &[u8]) -> Option<Entered> {
        let lobby = self.members[member as usize].lobby;
        let lobby = &self.lobbies[lobby as usize];
        let seen = lobby.recognition.look(payload, self.marker, &self.filler)?;
        Some(self.enter_seen(member, seen))
    }

    /// Enters a delivery that begins unlike the lobby's other deliveries. The new beginning is
    /// learnt, so that [`Ledger::enter`] knows the next delivery like it.
    #[cold]
    pub fn enter_unfamiliar(&mut self, member: u32, payload: &[u8]) -> Option<Entered> {
        let lobby = self.members[member as usize].lobby;
        let recognition = Recognition::learn(payload, self.marker)?;
        let seen = recognition.look(payload, self.marker, &self.filler)?;
        self.lobbies[lobby as usize].recognition = recognition;
        Some(self.enter_seen(member, seen))
    }

    #[inline]
    fn enter_seen(&mut self, number: u32, seen: Seen) -> Entered {
        let tag = match seen {
            Seen::Whole(tag) => tag,
            Seen::Altered(tag) => {
                self.tallies.altered += 1;
                tag
            }
            Seen::Broken => {
                self.tallies.altered += 1;
                return Entered::default();
            }
        };
        let member = &mut self.members[number as usize];
        let nobodys = Entered {
            intended_ns: tag.intended_ns,
            stream: tag.stream,
            ..Entered::default()
        };
        let begin = self.lobbies[member.lobby as usize].streams_begin;
        let local = tag.stream.wrapping_sub(begin) as usize;
        let (Some(cursor), Some(stream)) = (
            member.cursors.get_mut(local),
            self.streams.get_mut(tag.stream as usize),
        ) else {
            self.tallies.strayed += 1;
            return nobodys;
        };
        if tag.sequence >= stream.sent() {
            self.tallies.altered += 1; // a message of this sequence was never published
            return nobodys;
        }
        if member.owed == Owed::Nothing {
            self.tallies.early += 1;
            return nobodys;
        }
        let counted = member.owed == Owed::All && member.silent != Some(tag.stream);
        let first = if cursor.next() == tag.sequence {
            cursor.advance();
            true
        } else {
            let (holes, tallies) = (&mut self.holes, &mut self.tallies);
            cursor.irregular(tag.sequence, holes.of(number, tag.stream), tallies)
        };
        let silent = member.silent == Some(tag.stream);
        self.tallies.echoes += u64::from(silent);
        let owed = first && !silent;
        let own = member.own == Some(tag.stream);
        let Arrival { last, completed } = match owed && counted {
            true => stream.delivered(tag.sequence, own),
            false => Arrival::default(),
        };
        Entered {
            owed,
            last,
            completed,
            ..nobodys
        }
    }

    /// Returns the tag of a text that `member` got, if it has one. Nothing is entered.
    pub fn look(&mut self, member: u32, payload: &[u8]) -> Option<Tag> {
        let lobby = self.members[member as usize].lobby as usize;
        let known = &self.lobbies[lobby].recognition;
        let seen = match known.look(payload, self.marker, &self.filler) {
            Some(seen) => seen,
            None => {
                let learnt = Recognition::learn(payload, self.marker)?;
                let seen = learnt.look(payload, self.marker, &self.filler)?;
                self.lobbies[lobby].recognition = learnt;
                seen
            }
        };
        match seen {
            Seen::Whole(tag) | Seen::Altered(tag) => Some(tag),
            Seen::Broken => None,
        }
    }

    /// Completes messages intended before `before_ns`, so that a closed loop goes on. Members are
    /// still owed them. The stream of each such message is put into `done`, once per message.
    pub fn abandon(&mut self, before_ns: u64, done: &mut Vec<u32>) {
        for (number, stream) in self.streams.iter_mut().enumerate() {
            for _ in 0..stream.abandon(before_ns) {
                done.push(number as u32);
            }
        }
    }

    /// Returns the number of messages published so far.
    pub fn published(&self) -> u64 {
        self.streams
            .iter()
            .map(|stream| u64::from(stream.sent()))
            .sum()
    }

    /// Returns how many of their own messages publishers got although `echo` was off.
    pub fn echoes(&self) -> u64 {
        self.tallies.echoes
    }

    /// True if every message has come to all members that it waited for.
    pub fn is_settled(&self) -> bool {
        self.streams.iter().all(Stream::is_settled)
    }

    /// Returns the number of open messages, for tests.
    #[cfg(test)]
    fn in_flight(&self) -> usize {
        self.streams.iter().map(Stream::in_flight).sum()
    }

    /// Sets the end of the account. No member is owed a message intended for `end_ns` or later,
    /// unless the message has come to all members.
    pub fn end_at(&mut self, end_ns: u64) {
        self.end_ns = Some(end_ns);
    }

    /// Lets messages no longer wait for this member.
    fn stop_counting(&mut self, member: u32, done: &mut Vec<u32>) {
        let member_number = member;
        let member = &mut self.members[member as usize];
        if member.owed != Owed::All {
            return;
        }
        let lobby = &mut self.lobbies[member.lobby as usize];
        lobby.counted -= 1;
        for (local, cursor) in member.cursors.iter().enumerate() {
            let id = lobby.streams_begin + local as u32;
            if member.silent == Some(id) {
                continue;
            }
            let stream = &mut self.streams[id as usize];
            let holes = self.holes.between(member_number, id);
            let without = holes
                .iter()
                .cloned()
                .chain(std::iter::once(cursor.next()..stream.sent()));
            for sequence in without.flatten() {
                if stream.delivered(sequence, false).completed {
                    done.push(id);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
