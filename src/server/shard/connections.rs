//! All WebSockets of a shard, and the lists on which they wait. Only `close` puts some there too.

use std::sync::Arc;
use std::task::{Context, Waker};

use slab::Slab;

use super::clock::{Clock, Stamp};
use super::connection::{Connection, ConnectionWaker, Stage};
use super::pace::{Charges, Throttled};
use crate::broker::Mailbox;

/// A shard keeps places for this many connections.
const PLACES_KEPT: usize = 64;

/// Connections by their places, which the fan-out knows them by as well. A place may be given again
/// while an entry for the connection before stands on a list: each entry is checked against the
/// [`Stage`] of the connection there.
#[derive(Default)]
pub(crate) struct Connections {
    slab: Slab<Connection>,
    /// How many there have been.
    opened: u64,
    /// Bytes of incomplete messages that all of them keep.
    partial_bytes: usize,
    /// Places of connections whose wakers were called.
    woken: Arc<Mailbox<u32>>,
    /// Empty but for its memory, which takes in what was woken.
    just_woken: Vec<u32>,
    /// Connections to be seen to because they were woken.
    awake: Vec<u32>,
    /// Connections to be seen to again because they could not be read out.
    ready: Vec<u32>,
    held: Vec<u32>,
    paused: Vec<u32>,
    throttled: Throttled,
    /// Closing connections whose Close frame is not out yet.
    pub(super) closing: Vec<u32>,
}

/// Connections to be seen to, each once.
pub(crate) struct Queued {
    pub awake: Vec<u32>,
    pub ready: Vec<u32>,
}

impl Connections {
    pub fn len(&self) -> usize {
        self.slab.len()
    }

    pub fn is_empty(&self) -> bool {
        self.slab.is_empty()
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

    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Connection> {
        self.slab.iter_mut().map(|(_, connection)| connection)
    }

    /// Where a connection is, if it is there still and open. Its place is in its name, so this
    /// needs no map.
    pub fn place_of(&self, id: u64) -> Option<u32> {
        let key = id as u32;
        let found = self.get(key)?;
        (found.id == id && found.is_open()).then_some(key)
    }

    /// The place of the next connection, its name and its waker.
    pub fn next(&mut self) -> (u32, u64, Waker) {
        let key = self.slab.vacant_key() as u32;
        self.opened += 1;
        let woken = Arc::clone(&self.woken);
        let waker = Waker::from(Arc::new(ConnectionWaker { key, woken }));
        (key, self.opened << 32 | u64::from(key), waker)
    }

    /// Takes in the connection that was made for [`next`](Connections::next).
    pub fn insert(&mut self, mut connection: Connection) {
        let key = self.slab.vacant_key() as u32;
        // The connection before it in this place may have left its entry.
        connection.is_queued = self.ready.contains(&key) || self.awake.contains(&key);
        self.slab.insert(connection);
    }

    pub fn remove(&mut self, key: u32) {
        if let Some(connection) = self.slab.try_remove(key as usize) {
            self.keeps(connection.reader.kept_bytes(), 0);
        }
    }

    /// Gives back the places of a crowd that has gone, as far as they stand behind the last that is
    /// in use.
    pub fn give_back(&mut self) {
        let capacity = self.slab.capacity();
        if capacity > PLACES_KEPT && self.slab.len() < capacity / 4 {
            self.slab.shrink_to_fit();
        }
    }

    /// Bytes of incomplete messages that all of them keep.
    pub fn partial_bytes(&self) -> usize {
        self.partial_bytes
    }

    /// A connection keeps `now` bytes of an incomplete message, after `before`.
    pub fn keeps(&mut self, before: usize, now: usize) {
        self.partial_bytes = (self.partial_bytes + now).saturating_sub(before);
    }

    /// Counts them anew.
    pub fn recount_partial_bytes(&mut self) {
        let each = self.slab.iter();
        self.partial_bytes = each.map(|(_, c)| c.reader.kept_bytes()).sum();
    }
}

/// Being seen to.
impl Connections {
    /// Has a connection seen to in this turn or the next.
    pub fn make_ready(&mut self, key: u32) {
        if let Some(connection) = self.slab.get_mut(key as usize) {
            queue(connection, key, &mut self.ready);
        }
    }

    /// Waits for bytes of the client; has the connection seen to if there are some already.
    pub fn wait_readable(&mut self, key: u32) {
        if let Some(connection) = self.slab.get_mut(key as usize)
            && !connection.wait_readable()
        {
            queue(connection, key, &mut self.ready);
        }
    }

    /// Takes all that are to be seen to, those included that have been woken since.
    pub fn take_queued(&mut self) -> Queued {
        self.woken.take(&mut self.just_woken);
        for key in self.just_woken.drain(..) {
            if let Some(connection) = self.slab.get_mut(key as usize) {
                queue(connection, key, &mut self.awake);
            }
        }
        Queued {
            awake: std::mem::take(&mut self.awake),
            ready: std::mem::take(&mut self.ready),
        }
    }

    /// Puts back those that a turn did not come to, before those that were queued in it.
    pub fn put_back(&mut self, left: Queued) {
        let Queued { awake, mut ready } = left;
        self.awake = awake;
        ready.append(&mut self.ready);
        self.ready = ready;
    }

    pub fn has_queued(&self) -> bool {
        !self.ready.is_empty() || !self.awake.is_empty()
    }

    /// Goes to sleep. False if a connection was woken meanwhile.
    pub fn sleep(&self, waker: &Waker) -> bool {
        self.woken.sleep(waker)
    }
}

/// Not being read for a while.
impl Connections {
    /// Does not read a connection until its client takes what waits for it.
    pub fn hold(&mut self, key: u32) {
        if let Some(connection) = self.slab.get_mut(key as usize)
            && matches!(connection.stage, Stage::Open)
        {
            connection.stage = Stage::Held;
            self.held.push(key);
        }
    }

    /// Reads held connections again for which `is_free` holds.
    pub fn release_held(&mut self, clock: &Clock, is_free: impl Fn(u32) -> bool) {
        let (slab, ready) = (&mut self.slab, &mut self.ready);
        self.held.retain(|&key| {
            let held = slab.get_mut(key as usize);
            let Some(connection) = held.filter(|c| matches!(c.stage, Stage::Held)) else {
                return false;
            };
            let is_free = is_free(key);
            if is_free {
                connection.reopen(clock);
                queue(connection, key, ready);
            }
            !is_free
        });
    }

    /// Does not read a publisher until the shards have caught up.
    pub fn pause(&mut self, key: u32, now: Stamp) {
        if let Some(connection) = self.slab.get_mut(key as usize)
            && matches!(connection.stage, Stage::Open)
        {
            connection.stage = Stage::Paused { since: now };
            self.paused.push(key);
        }
    }

    pub fn has_paused(&self) -> bool {
        !self.paused.is_empty()
    }

    /// Reads all paused publishers again.
    pub fn resume_paused(&mut self, clock: &Clock) {
        for key in std::mem::take(&mut self.paused) {
            self.resume(key, clock, |stage| matches!(stage, Stage::Paused { .. }));
        }
    }

    /// Does not read a connection until `until_ns` of the shard's clock.
    pub fn throttle(&mut self, key: u32, now: Stamp, until_ns: u64) {
        if let Some(connection) = self.slab.get_mut(key as usize)
            && matches!(connection.stage, Stage::Open)
        {
            let since = now;
            connection.stage = Stage::Throttled { since, until_ns };
            self.throttled.push(until_ns, key);
        }
    }

    /// Reads throttled connections again whose time has come. True if another is due before this
    /// turn ends.
    pub fn resume_throttled(&mut self, clock: &Clock, cx: &mut Context<'_>) -> bool {
        while let Some((until_ns, key)) = self.throttled.pop_due(clock.now_ns()) {
            self.resume_one_throttled(key, until_ns, clock);
        }
        self.throttled.next_is_due(clock, cx)
    }

    /// Charges all of them by other rates from now on, and reads those again that wait because of
    /// the old ones.
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
            queue(connection, key, &mut self.ready);
        }
    }
}

/// Puts a connection on a list of those to be seen to, unless it is on one.
fn queue(connection: &mut Connection, key: u32, list: &mut Vec<u32>) {
    if !std::mem::replace(&mut connection.is_queued, true) {
        list.push(key);
    }
}

#[cfg(test)]
mod tests;
