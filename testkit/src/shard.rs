//! The broker's part of one shard without a thread, over sockets that can be shut.

use std::collections::HashSet;
use std::io;
use std::sync::Arc;

use bytes::Bytes;
use lobbyd::broker::{
    Budget, Class, Draft, Failure, Fanout, FanoutSettings, Hub, Retention, Sink, SubscriptionId,
    Terms, Wants,
};

/// A sink that counts bytes, and takes none for connections that are shut.
#[derive(Default)]
pub struct Sockets {
    pub shut: HashSet<u32>,
    pub bytes: usize,
}

impl Sink for Sockets {
    fn write(&mut self, outlet: u32, bytes: &[u8]) -> io::Result<usize> {
        if self.shut.contains(&outlet) {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        self.bytes += bytes.len();
        Ok(bytes.len())
    }

    fn write_vectored(&mut self, outlet: u32, pieces: &[io::IoSlice<'_>]) -> io::Result<usize> {
        pieces.iter().map(|piece| self.write(outlet, piece)).sum()
    }
}

pub struct Shard {
    pub hub: Arc<Hub>,
    pub fanout: Fanout,
    pub sockets: Sockets,
    now_ms: u32,
}

impl Shard {
    /// Returns a shard whose connections `0..connections` are open.
    pub fn new(settings: FanoutSettings, connections: u32) -> Shard {
        let hub = Arc::new(Hub::new(1));
        let mut fanout = Fanout::new(0, Arc::clone(&hub), settings);
        (0..connections).for_each(|outlet| fanout.open(outlet, Class::V2));
        Shard {
            hub,
            fanout,
            sockets: Sockets::default(),
            now_ms: 0,
        }
    }

    pub fn join(&mut self, outlet: u32, topic: &str) -> SubscriptionId {
        let id = self.fanout.new_id();
        self.fanout.subscribe(outlet, id, topic, &[]);
        id
    }

    /// Joins a topic with this `retention`.
    pub fn join_keeping(&mut self, outlet: u32, topic: &str, retention: Option<Retention>) {
        let id = self.fanout.new_id();
        let terms = Terms {
            retention,
            ..Terms::default()
        };
        assert!(self.fanout.subscribe_on(outlet, id, topic, &terms, None));
    }

    pub fn join_all(&mut self, outlets: std::ops::Range<u32>, topic: &str) {
        for outlet in outlets {
            self.join(outlet, topic);
        }
    }

    /// Publishes a frame of `bytes` bytes. It has an allocation of its own, as sealed frames have.
    pub fn publish(&mut self, topic: &str, bytes: usize) {
        let seal = &mut |draft: &mut Draft, _: Wants| {
            draft.seal(Class::V2, Some(Bytes::from(vec![b'x'; bytes])));
        };
        self.fanout.publish(topic, None, seal);
    }

    /// Runs turns of the shard until nothing is left to do.
    pub fn work(&mut self) {
        let turns = (0..1_000_000).take_while(|_| self.turn());
        assert!(turns.count() < 1_000_000, "flushing never ends");
    }

    pub fn turn(&mut self) -> bool {
        self.fanout.flush(&mut self.sockets, Budget::default())
    }

    /// Brings a connection up to date before its leave, as a shard does.
    pub fn catch_up(&mut self, outlet: u32, budget: &mut Budget) {
        self.fanout.catch_up(outlet, &mut self.sockets, budget);
    }

    /// Lets `ms` milliseconds pass, and sweeps entries that are too old.
    pub fn sweep_after(&mut self, ms: u32) {
        self.now_ms += ms;
        self.fanout.sweep(self.now_ms);
    }

    /// Lets a connection take bytes again.
    pub fn open(&mut self, outlet: u32) {
        self.sockets.shut.remove(&outlet);
        self.fanout.writable(outlet);
    }

    /// Returns the connections that were given up, each with the reason, by number.
    pub fn given_up(&mut self) -> Vec<(u32, Failure)> {
        let mut failed: Vec<_> = std::iter::from_fn(|| self.fanout.take_failed()).collect();
        failed.sort_by_key(|(outlet, _)| *outlet);
        failed
    }
}
