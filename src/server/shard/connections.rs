//! All WebSockets of a shard, and the lists of connections that wait to be read again.

use std::cmp::Reverse;
use std::collections::{HashMap, VecDeque};
use std::ops::Range;
use std::sync::Arc;
use std::task::{Context, Waker};

use slab::Slab;

use super::clock::{Clock, Stamp};
use super::connection::{Connection, ConnectionWaker, Stage};
use super::ended::{ClientEnd, EndedConnections};
use super::pace::{Charges, Throttled};
use crate::broker::{Looks, Mailbox, Topic};
use crate::server::limits::fair_queue::Party;

/// Number of places in the slab for which a shard always keeps the memory.
const PLACES_KEPT: usize = 64;

/// Connections by their places, which are also their names in the fan-out. A place may be given
/// again while an entry for an earlier connection stands on a list. Therefore each entry of the
/// queues has the name of its connection, and each other entry is checked against the [`Stage`] of
/// the connection in that place.
///
/// Held and closing connections are on no list: the fan-out reports those whose wait is over.
#[derive(Default)]
pub(crate) struct Connections {
    slab: Slab<Connection>,
    /// Number of connections opened since the start, closed ones included.
    opened: u64,
    /// Number of closing connections.
    closing: usize,
    /// Bytes of incomplete messages that all connections keep.
    partial_bytes: usize,
    /// Places of connections whose wakers were called.
    woken: Arc<Mailbox<u32>>,
    /// Buffer for the places taken out of `woken`, empty between calls. Kept for its memory.
    just_woken: Vec<u32>,
    /// Names of queued connections that were woken, and are in some room.
    awake: Vec<u64>,
    /// Names of queued connections that may have more to read, or are in no room yet.
    ready: Vec<u64>,
    /// Names of paused publishers, each with the topic that it waits for.
    paused: VecDeque<(u64, Arc<Topic>)>,
    throttled: Throttled,
    /// Closing connections whose Close frames are held back.
    pub held_back: Throttled,
    pub ended: EndedConnections,
    /// Names of connections whose deadline had passed when the sweep looked at them.
    pub overdue: Vec<u64>,
    /// The time of the present turn.
    now: Stamp,
    /// Looks at places of connections, by steps that look at them in order.
    pub looks: Looks,
}

/// Names of connections that wait to be read, each once.
pub(crate) struct Queued {
    pub awake: Vec<u64>,
    pub ready: Vec<u64>,
}

impl Connections {
    pub fn len(&self) -> usize {
        self.slab.len()
    }

    pub fn is_empty(&self) -> bool {
        self.slab.is_empty()
    }

    /// True if no connection is open.
    pub fn are_all_closing(&self) -> bool {
        self.closing == self.len()
    }

    /// Notes that an open connection begins to close.
    pub fn closes(&mut self) {
        self.closing += 1;
    }

    pub fn get(&self, key: u32) -> Option<&Connection> {
        self.slab.get(key as usize)
    }

    pub fn get_mut(&mut self, key: u32) -> Option<&mut Connection> {
        self.slab.get_mut(key as usize)
    }

    pub fn iter(&self) -> impl Iterator<Item = (u32, &Connection)> {
        self.slab.iter().map(|(key, c)| (key as u32, c))
    }

    /// Returns the number of places, whether or not a connection has them.
    pub fn places(&self) -> usize {
        self.slab.capacity()
    }

    /// Returns the connections in these places.
    pub fn at(&self, places: Range<usize>) -> impl Iterator<Item = &Connection> {
        places.filter_map(|place| {
            self.looks.count();
            self.slab.get(place)
        })
    }

    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Connection> {
        self.slab.iter_mut().map(|(_, connection)| connection)
    }

    /// Returns the place of the connection with the name `id`. `None` if that connection is gone or
    /// closing. The low 32 bits of the name are the place, so the look-up needs no map.
    pub fn place_of(&self, id: u64) -> Option<u32> {
        let key = id as u32;
        let found = self.get(key)?;
        (found.id == id && found.is_open()).then_some(key)
    }

    /// Returns the place, the name and the waker for the next connection.
    pub fn next(&mut self) -> (u32, u64, Waker) {
        let key = self.slab.vacant_key() as u32;
        self.opened += 1;
        let woken = Arc::clone(&self.woken);
        let waker = Waker::from(Arc::new(ConnectionWaker { key, woken }));
        (key, self.opened << 32 | u64::from(key), waker)
    }

    /// Adds the connection that was made for [`next`](Connections::next).
    pub fn insert(&mut self, connection: Connection) {
        self.slab.insert(connection);
    }

    pub fn remove(&mut self, key: u32) {
        if let Some(connection) = self.slab.try_remove(key as usize) {
            self.keeps(connection.reader.kept_bytes(), 0);
            self.closing -= usize::from(!connection.is_open());
        }
    }

    /// Gives back the memory of unused places after many connections have gone. Only places behind
    /// the last used place can be given back.
    pub fn give_back(&mut self) {
        let capacity = self.slab.capacity();
        if capacity > PLACES_KEPT && self.slab.len() < capacity / 4 {
            self.slab.shrink_to_fit();
        }
    }

    /// Returns the bytes of incomplete messages that all connections keep.
    pub fn partial_bytes(&self) -> usize {
        self.partial_bytes
    }

    /// Notes that a connection keeps `now` bytes of an incomplete message, and kept `before` bytes
    /// until now.
    pub fn keeps(&mut self, before: usize, now: usize) {
        self.partial_bytes = (self.partial_bytes + now).saturating_sub(before);
    }

    /// Returns the connections to close so that incomplete messages keep at most `left` bytes: of
    /// the address that keeps most, those that keep most.
    pub fn most_incomplete(&self, left: usize) -> Vec<u32> {
        let mut parties: HashMap<Party, usize> = HashMap::new();
        let mut kept = Vec::new();
        for (key, connection) in self.iter() {
            let bytes = connection.reader.kept_bytes();
            if bytes > 0 {
                *parties.entry(connection.party()).or_default() += bytes;
                kept.push((connection, bytes, key));
            }
        }
        kept.sort_unstable_by_key(|(connection, bytes, _)| {
            let of_party = parties.get(&connection.party());
            Reverse((of_party, *bytes))
        });
        let mut all: usize = kept.iter().map(|(_, bytes, _)| bytes).sum();
        let is_over = |(_, bytes, key): (&Connection, usize, u32)| {
            let is_over = all > left;
            all = all.saturating_sub(bytes);
            is_over.then_some(key)
        };
        kept.into_iter().map_while(is_over).collect()
    }
}

/// The queues of connections to read.
impl Connections {
    /// Notes the time of the turn that begins: connections that it queues wait from then on.
    pub fn begin_turn(&mut self, now: Stamp) {
        self.now = now;
    }

    /// Queues a connection to be read in this turn or the next.
    pub fn make_ready(&mut self, key: u32) {
        if let Some(connection) = self.slab.get_mut(key as usize) {
            queue(connection, &mut self.ready, self.now);
        }
    }

    /// Has the connection woken when its client sends bytes. Queues the connection if bytes are
    /// there already.
    pub fn wait_readable(&mut self, key: u32) {
        if let Some(connection) = self.slab.get_mut(key as usize)
            && !connection.wait_readable()
        {
            queue(connection, &mut self.ready, self.now);
        }
    }

    /// Takes all queued connections, including connections woken since the last call.
    pub fn take_queued(&mut self) -> Queued {
        self.woken.take(&mut self.just_woken);
        for key in self.just_woken.drain(..) {
            if let Some(connection) = self.slab.get_mut(key as usize) {
                // A crowd that joins must not stand in front of those that are in their rooms.
                let is_in = connection.session.channels_len() > 0;
                let list = match is_in {
                    true => &mut self.awake,
                    false => &mut self.ready,
                };
                queue(connection, list, self.now);
            }
        }
        Queued {
            awake: std::mem::take(&mut self.awake),
            ready: std::mem::take(&mut self.ready),
        }
    }

    /// Takes a connection off the queues, with its place and the moment since which it was queued.
    /// `None` if it is gone.
    pub fn unqueue(&mut self, name: u64) -> Option<(u32, Stamp, &mut Connection)> {
        let now = self.now;
        let connection = self.named(name)?;
        let since = connection.queued_since.take().unwrap_or(now);
        Some((name as u32, since, connection))
    }

    /// Returns the connection with this name. `None` if it is gone.
    fn named(&mut self, name: u64) -> Option<&mut Connection> {
        self.get_mut(name as u32).filter(|c| c.id == name)
    }

    /// Puts back the connections that a turn did not reach, in front of the connections queued
    /// meanwhile.
    pub fn put_back(&mut self, left: Queued) {
        let Queued { awake, mut ready } = left;
        self.awake = awake;
        ready.append(&mut self.ready);
        self.ready = ready;
    }

    pub fn has_queued(&self) -> bool {
        !self.ready.is_empty() || !self.awake.is_empty()
    }

    /// Notes that the shard goes to sleep, to be woken by `waker`. False if a connection was woken
    /// meanwhile.
    pub fn sleep(&self, waker: &Waker) -> bool {
        self.woken.sleep(waker)
    }
}

/// Connections that are not read for a while.
impl Connections {
    /// Stops reading an open connection until its client takes the frames that wait for it.
    pub fn hold(&mut self, key: u32) {
        if let Some(connection) = self.slab.get_mut(key as usize)
            && matches!(connection.stage, Stage::Open)
        {
            connection.stage = Stage::Held;
        }
    }

    /// Reads a connection again, if it is held.
    pub fn release(&mut self, key: u32, clock: &Clock) {
        self.resume(key, clock, |stage| matches!(stage, Stage::Held));
    }

    /// Stops reading an open publisher until `topic` has caught up.
    pub fn pause(&mut self, key: u32, now: Stamp, topic: Arc<Topic>) {
        if let Some(connection) = self.slab.get_mut(key as usize)
            && matches!(connection.stage, Stage::Open)
        {
            connection.stage = Stage::Paused { since: now };
            self.paused.push_back((connection.id, topic));
        }
    }

    /// Puts a connection that its client has ended on the list of ended connections. It is read no
    /// more.
    pub fn ends(&mut self, key: u32, end: ClientEnd) {
        if let Some(connection) = self.slab.get_mut(key as usize) {
            if connection.is_open() {
                connection.stage = Stage::Ended;
            }
            self.ended.push(connection.id, end);
        }
    }

    pub fn has_paused(&self) -> bool {
        !self.paused.is_empty()
    }

    pub fn paused_len(&self) -> usize {
        self.paused.len()
    }

    /// Takes the paused publisher that is the next to look at, and the topic that it waits for. It
    /// has to [wait on](Connections::wait_on) or to be [resumed](Connections::resume_paused).
    pub fn next_paused(&mut self) -> Option<(u64, Arc<Topic>)> {
        self.paused.pop_front()
    }

    /// Puts a paused publisher at the end of the list, unless the connection is paused no more.
    pub fn wait_on(&mut self, name: u64, topic: Arc<Topic>) {
        let is_paused = |c: &Connection| matches!(c.stage, Stage::Paused { .. });
        if self.named(name).is_some_and(|c| is_paused(c)) {
            self.paused.push_back((name, topic));
        }
    }

    /// Reads a publisher again, if it is paused.
    pub fn resume_paused(&mut self, name: u64, clock: &Clock) {
        if self.named(name).is_some() {
            self.resume(name as u32, clock, |stage| {
                matches!(stage, Stage::Paused { .. })
            });
        }
        if self.paused.is_empty() {
            self.paused = VecDeque::new();
        }
    }

    /// Stops reading an open connection until `until_ns` of the shard's clock.
    pub fn throttle(&mut self, key: u32, now: Stamp, until_ns: u64) {
        if let Some(connection) = self.slab.get_mut(key as usize)
            && matches!(connection.stage, Stage::Open)
        {
            let since = now;
            connection.stage = Stage::Throttled { since, until_ns };
            self.throttled.push(until_ns, key);
        }
    }

    /// Reads the throttled connections again whose wait is over. True if the timer for the next
    /// throttled connection has fired already.
    pub fn resume_throttled(&mut self, clock: &Clock, cx: &mut Context<'_>) -> bool {
        while let Some((until_ns, key)) = self.throttled.pop_due(clock.now_ns()) {
            self.resume_one_throttled(key, until_ns, clock);
        }
        self.throttled.next_is_due(clock, cx)
    }

    /// Charges all connections by other rates from now on. Reads the throttled connections again,
    /// because their waits come from the old rates.
    pub fn forgive(&mut self, clock: &Clock, charges: Charges) {
        let now_ns = clock.now_ns();
        for connection in self.iter_mut() {
            connection.pace.begin_again(now_ns, charges);
        }
        while let Some((until_ns, key)) = self.throttled.pop_due(u64::MAX) {
            self.resume_one_throttled(key, until_ns, clock);
        }
    }

    fn resume_one_throttled(&mut self, key: u32, until: u64, clock: &Clock) {
        self.resume(
            key,
            clock,
            |stage| matches!(stage, Stage::Throttled { until_ns, .. } if *until_ns == until),
        );
    }

    fn resume(&mut self, key: u32, clock: &Clock, is_meant: impl Fn(&Stage) -> bool) {
        if let Some(connection) = self.slab.get_mut(key as usize)
            && is_meant(&connection.stage)
        {
            connection.reopen(clock);
            queue(connection, &mut self.ready, self.now);
        }
    }
}

/// Puts a connection on `list`, unless the connection is queued already.
fn queue(connection: &mut Connection, list: &mut Vec<u64>, now: Stamp) {
    if connection.queued_since.is_none() {
        connection.queued_since = Some(now);
        list.push(connection.id);
    }
}

#[cfg(test)]
mod tests;
