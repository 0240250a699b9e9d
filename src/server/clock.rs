//! A shard's coarse clock: read once a turn, so that stamping a connection costs a store.

use std::time::Instant;

/// Milliseconds since the shard started, in 32 bits: stamps are compared by what lies between them, which wraps
/// after 49 days, far over any deadline here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp(u32);

impl Stamp {
    /// Milliseconds since the shard started, or since they last wrapped.
    pub fn as_ms(self) -> u32 {
        self.0
    }
}

#[derive(Debug)]
pub(super) struct Clock {
    started: Instant,
    now: Stamp,
}

impl Clock {
    pub fn start() -> Clock {
        Clock {
            started: Instant::now(),
            now: Stamp(0),
        }
    }

    /// Looks at the time, and returns it. Once a turn.
    pub fn refresh(&mut self) -> Instant {
        let now = Instant::now();
        // The cut to 32 bits is the wrap.
        self.now = Stamp(now.duration_since(self.started).as_millis() as u32);
        now
    }

    pub fn now(&self) -> Stamp {
        self.now
    }

    /// Whether `timeout_ms` milliseconds have passed since `stamp`.
    pub fn is_over(&self, stamp: Stamp, timeout_ms: u64) -> bool {
        self.since(stamp) >= timeout_ms
    }

    /// Milliseconds that have passed since `stamp`.
    pub fn since(&self, stamp: Stamp) -> u64 {
        u64::from(self.now.0.wrapping_sub(stamp.0))
    }
}
