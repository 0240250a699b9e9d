//! The ledger: published messages and the members owed them, against the deliveries.
//!
//! Each delivery is entered by its stream and sequence, so that a
//! missing, doubled, swapped or altered one is known for what it is.
//! It does no I/O, and knows no connection: a member is a number.

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

/// All lobbies of a run.
#[derive(Debug)]
pub struct Ledger {
    marker: Marker,
    filler: Box<[u8]>,
    lobbies: Vec<Lobby>,
    streams: Vec<Stream>,
    members: Vec<Member>,
    holes: Holes,
    tallies: Tallies,
    /// No member is owed messages that were to be sent after this.
    end_ns: Option<u64>,
}

/// A delivery that was entered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Entered {
    /// When its message was to be sent.
    pub intended_ns: u64,
    /// Whether it was owed: a copy, or what came before the join, is not.
    pub owed: bool,
    /// Whether this was the message's last subscriber, and no other is waited for.
    pub last: bool,
    /// Whether the message is home: its publisher has it back, or is not waited for any more.
    pub home: bool,
    /// Its stream.
    pub stream: u32,
}

impl Ledger {
    /// An empty one. `filler` is what follows the tag in every text.
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

    /// A lobby with that many streams. Returns its number and that of its first stream.
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

    /// A member of `lobby` that is not there yet. `own` is
    /// the stream it publishes, which it gets too if `echo`.
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

    /// The member has joined: from here on it is owed what is published.
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

    /// The member goes, of its own will: what it has not got by now it is not owed. Messages that
    /// waited for it alone are put into `done`, as streams.
    pub fn leave(&mut self, member: u32, done: &mut Vec<u32>) {
        self.settle_up(member, done, |_, cursor| cursor.next());
    }

    /// The server is about to be ended. It has taken in the messages that are home by now, and owes
    /// them to all members that are there.
    pub fn promise(&mut self) {
        self.streams.iter_mut().for_each(Stream::promise);
    }

    /// The member's connection has ended with its server, and it may join again. It is not owed the
    /// messages it lacks by now, because it is not known what the server had read by then. It is
    /// still owed the [promised](Ledger::promise) ones.
    pub fn end_life(&mut self, member: u32, done: &mut Vec<u32>) {
        if self.members[member as usize].owed != Owed::Nothing {
            self.settle_up(member, done, |stream, cursor| {
                cursor.next().max(stream.promised())
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

    /// The member is gone against its will: all that it does not get is missing.
    pub fn lose(&mut self, member: u32, done: &mut Vec<u32>) {
        if self.members[member as usize].owed == Owed::Nothing {
            return;
        }
        self.stop_counting(member, done);
        self.members[member as usize].owed = Owed::Lost;
    }

    /// Nobody waits for this member from now on, though it is owed everything.
    pub fn exempt(&mut self, member: u32, done: &mut Vec<u32>) {
        self.stop_counting(member, done);
        let owed = &mut self.members[member as usize].owed;
        if *owed == Owed::All {
            *owed = Owed::AllInTime;
        }
    }

    /// What is to be written over the next text of `stream`,
    /// intended for `now`: it is published with that.
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

    /// So many messages were due and could not be sent.
    pub fn not_sent(&mut self, messages: u64) {
        self.tallies.unsent += messages;
    }

    /// The server has refused that message: no member is owed it. True if it is home by that.
    pub fn refuse(&mut self, stream: u32, sequence: u32) -> bool {
        self.streams[stream as usize].refuse(sequence)
    }

    /// Looks whether `payload`, a text that `member` got, is a delivery, and enters it. `None` if
    /// it is not, or does not look as the lobby's others do.
    #[inline]
    pub fn enter(&mut self, member: u32, payload: &[u8]) -> Option<Entered> {
        let home = self.members[member as usize].lobby;
        let lobby = &self.lobbies[home as usize];
        let seen = lobby.recognition.look(payload, self.marker, &self.filler)?;
        Some(self.enter_seen(member, seen))
    }

    /// The same for a text that does not look as the lobby's others do. The next one like it is
    /// then found at once.
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
            self.tallies.altered += 1; // it was never published
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
        let Arrival { last, home } = match owed && counted {
            true => stream.delivered(tag.sequence, own),
            false => Arrival::default(),
        };
        Entered {
            owed,
            last,
            home,
            ..nobodys
        }
    }

    /// The tag of a text that `member` got, if it has one. Nothing is entered.
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

    /// Streams whose oldest open message is older than `before_ns`. Such
    /// messages are not waited for any longer, though they are still
    /// owed. Each stream is put into `done` once for each message.
    pub fn abandon(&mut self, before_ns: u64, done: &mut Vec<u32>) {
        for (number, stream) in self.streams.iter_mut().enumerate() {
            for _ in 0..stream.abandon(before_ns) {
                done.push(number as u32);
            }
        }
    }

    /// Messages published so far.
    pub fn published(&self) -> u64 {
        self.streams
            .iter()
            .map(|stream| u64::from(stream.sent()))
            .sum()
    }

    /// Own messages that came to publishers though they were not to.
    pub fn echoes(&self) -> u64 {
        self.tallies.echoes
    }

    /// Whether every message has come to all members that are waited for.
    pub fn is_settled(&self) -> bool {
        self.streams.iter().all(Stream::is_settled)
    }

    /// Messages that are not home.
    #[cfg(test)]
    fn in_flight(&self) -> usize {
        self.streams.iter().map(Stream::in_flight).sum()
    }

    /// From now on, no member is owed a message that was
    /// to be sent after `end_ns` and has not come to all.
    pub fn end_at(&mut self, end_ns: u64) {
        self.end_ns = Some(end_ns);
    }

    /// Messages do not wait for this member any more.
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
                if stream.delivered(sequence, false).home {
                    done.push(id);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
