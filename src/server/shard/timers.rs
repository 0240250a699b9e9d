//! The timers of a shard: its clock, the sweep of deadlines, and the check of paused publishers.

use std::task::Context;
use std::time::Duration;

use tokio::time::{Interval, MissedTickBehavior, interval};

use super::clock::{Clock, Stamp};
use super::deadlines_round::DeadlinesRound;
use crate::server::http::app::HttpApp;
use crate::server::limits::limit::Limit;
use crate::server::limits::values::ServerLimits;

/// Interval at which a shard with paused publishers looks at the lag of all shards.
const PAUSE_CHECK: Duration = Duration::from_millis(5);

pub(crate) struct Timers {
    pub clock: Clock,
    pub sweep: DeadlinesRound,
    /// The moment from which waits of paused publishers count, because some shard stood still until
    /// then. `None` if they count as a whole.
    pub spared_paused: Option<Stamp>,
    /// The time of day as of this turn's part of the sweep, in milliseconds since 1970.
    pub wall_ms: u64,
    /// The number of the revocations that the last round has seen.
    pub revocations_seen: u64,
    /// True if this round looks for connections that were revoked.
    pub judges_revocations: bool,
    /// Reloads so far. Each may have taken keys away.
    pub reloads: u64,
    /// The reloads and the removals of keys that the last round has seen.
    pub key_changes_seen: u64,
    /// True if this round looks for connections whose token's key is gone.
    pub judges_keys: bool,
    /// Ticks when the shard is to look at its paused publishers again. A publisher may wait for
    /// another shard, which does not wake this shard.
    look_again: Interval,
}

impl Timers {
    pub fn new(limits: &ServerLimits, app: &HttpApp) -> Timers {
        Timers {
            clock: Clock::start(),
            sweep: DeadlinesRound::every(sweep_interval(limits, app)),
            spared_paused: None,
            wall_ms: 0,
            revocations_seen: 0,
            judges_revocations: false,
            reloads: 0,
            key_changes_seen: 0,
            judges_keys: false,
            look_again: every(PAUSE_CHECK),
        }
    }

    /// Sets the interval of sweeps that the new limits ask for.
    pub fn set_limits(&mut self, limits: &ServerLimits, app: &HttpApp) {
        self.sweep.set_period(sweep_interval(limits, app));
    }

    /// True if the shard has to look at paused publishers in another turn at once.
    pub fn looks_again(&mut self, cx: &mut Context<'_>) -> bool {
        let is_due = self.look_again.poll_tick(cx).is_ready();
        // The second poll sets the timer for the next tick.
        is_due && self.look_again.poll_tick(cx).is_ready()
    }
}

/// Returns a timer that ticks every `period`. After a long turn one tick stands for all missed
/// ticks.
fn every(period: Duration) -> Interval {
    let mut ticks = interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

/// Returns the time of a round of the sweep: a quarter of the shortest deadline, but at least 5 ms
/// and at most 1 s.
fn sweep_interval(limits: &ServerLimits, app: &HttpApp) -> Duration {
    let idle = app.router().idle_timeout_ms_min();
    let shortest = [
        idle,
        limits.max(Limit::PartialTime),
        limits.closing_timeout_ms,
        limits.wait_ms(Limit::LagBytes),
        limits.over_ms(),
        limits.max(Limit::RetentionTime),
    ];
    let shortest = shortest.into_iter().min().unwrap_or(4000);
    Duration::from_millis((shortest / 4).clamp(5, 1000))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::channel::{Router, UserSocket};

    #[test]
    fn sweep_interval_is_a_quarter_of_the_shortest_deadline() {
        let every_ms = |idle_timeout_ms, partial_timeout_ms| {
            let socket = UserSocket::new().idle_timeout_ms(idle_timeout_ms);
            let app = HttpApp::new(Router::new().socket("/socket", socket));
            let limits = ServerLimits::default().with_max(Limit::PartialTime, partial_timeout_ms);
            sweep_interval(&limits, &app).as_millis()
        };
        assert_eq!(every_ms(400, 2_000), 100);
        assert_eq!(every_ms(400, 200), 50);
        assert_eq!(every_ms(1, 200), 5);
    }
}
