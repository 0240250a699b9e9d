//! The passes of one shard: which rooms have one to run, and what their members have not been offered yet.

use std::collections::VecDeque;

use super::outlets::shrink_queue;
use super::room::Settled;

/// A pass goes round the members of a room until each was offered all that there is.
#[derive(Debug, Default)]
pub(crate) struct Passes {
    /// Rooms with a pass to run, by slot.
    pub rooms: VecDeque<u32>,
    /// Bytes in logs that not every writable member has been offered yet.
    pub unsettled_bytes: usize,
    /// Microseconds that are stamped on entries published in this turn.
    pub now_us: u32,
    /// The laps that ended in the last flush: when the oldest broadcast of each was published.
    pub laps: Vec<u32>,
}

impl Passes {
    /// A lap brought the last writable member up to where it settled.
    pub fn settled(&mut self, settled: Settled) {
        self.unsettled_bytes -= settled.bytes;
        self.laps.extend(settled.oldest_us);
    }

    /// Gives back memory that many active rooms have left.
    pub fn give_back(&mut self) {
        shrink_queue(&mut self.rooms);
    }
}
