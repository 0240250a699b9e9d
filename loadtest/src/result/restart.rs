//! The outcome of a server's restart for its clients.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Count, Latency};

/// A restart under load. Times count from the signal to the old server.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Restart {
    /// Clients that were in their lobbies when the server got the signal to end.
    pub clients: u64,
    /// Of those, how many were in them again at the end.
    pub back: u64,
    /// Clients that got an end after which they do not come back: 1000, or phx_close.
    pub stay_away: u64,
    /// Whether both servers got the same listening socket, so that one existed all the time.
    pub inherited: bool,
    /// How the connections to the old server ended, by close code.
    pub ends: Vec<Count>,
    /// Tries that failed while no server was there to answer, by reason. None counts as refused.
    pub unanswered: Vec<Count>,
    /// Tries to connect, over all clients.
    pub tries: u64,
    /// Half of the clients connected within so many tries.
    pub tries_p50: u32,
    /// The most tries that a client needed.
    pub tries_max: u32,
    /// Upgrades over 2.5 s: an app with longPollFallbackMs would have turned to long-poll.
    pub late_upgrades: u64,
    /// How late the load generator itself made the tries that were due.
    pub tries_late: Option<Latency>,
    /// When the old server had ended, in seconds.
    pub ended_seconds: Option<f64>,
    /// How it ended, in words: "exit status: 0".
    pub ended_how: String,
    /// When the new one answered the first upgrade, in seconds.
    pub answered_seconds: Option<f64>,
    /// When a share of the clients was back. Not there for a share that was not reached.
    pub back_seconds: Shares,
    /// Delays before the restart.
    pub before: LobbyDelays,
    /// Delays of clients that were back, from the new server's first answer until the last was
    /// back.
    pub during: LobbyDelays,
    /// How many clients had gone and how many were back, over time: at most 400 moments each.
    pub gone: Vec<Moment>,
    /// The same of those that came back.
    pub returned: Vec<Moment>,
}

/// When so many were back, in seconds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Shares {
    /// Half of them.
    pub half: Option<f64>,
    /// Nine of ten.
    pub p90: Option<f64>,
    /// 99 of a hundred.
    pub p99: Option<f64>,
    /// All of them.
    pub last: Option<f64>,
}

/// Delays of the large lobby and of the small ones.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LobbyDelays {
    /// Of the one that has most of the clients.
    pub large: Option<Latency>,
    /// Of all the others together.
    pub small: Option<Latency>,
}

/// How many clients something had happened to by then.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Moment {
    /// When, in seconds.
    pub at_seconds: f64,
    /// How many.
    pub clients: u64,
}

/// Most moments that are kept: more than a plot has pixels for.
const MOMENTS_MAX: usize = 400;

impl Shares {
    /// Of `clients`, when the times at which they were back are `sorted`.
    pub fn of(sorted: &[f64], clients: u64) -> Shares {
        let at = |share: f64| {
            let wanted = (share * clients as f64).ceil().max(1.0) as usize;
            sorted.get(wanted - 1).copied()
        };
        Shares {
            half: at(0.5),
            p90: at(0.9),
            p99: at(0.99),
            last: at(1.0),
        }
    }
}

impl Moment {
    /// The course that `sorted` times make.
    pub fn course(sorted: &[f64]) -> Vec<Moment> {
        let step = sorted.len().div_ceil(MOMENTS_MAX).max(1);
        let last = sorted.len().saturating_sub(1);
        let kept = (0..sorted.len()).filter(|at| (at + 1) % step == 0 || *at == 0 || *at == last);
        kept.map(|at| Moment {
            at_seconds: sorted[at],
            clients: at as u64 + 1,
        })
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn share_that_was_not_reached_has_no_time() {
        let sorted: Vec<f64> = (1..=95).map(f64::from).collect();
        let shares = Shares::of(&sorted, 100);
        assert_eq!((shares.half, shares.p90), (Some(50.0), Some(90.0)));
        assert_eq!((shares.p99, shares.last), (None, None));
    }

    #[test]
    fn course_of_any_length_keeps_its_first_and_its_last_and_few_between() {
        for length in [1, 2, 399, 400, 401, 11_000] {
            let sorted: Vec<f64> = (0..length).map(f64::from).collect();
            let course = Moment::course(&sorted);
            assert!(course.len() <= MOMENTS_MAX + 2, "{}", course.len());
            assert_eq!(course[0].clients, 1);
            assert_eq!(course[course.len() - 1].clients, length as u64);
            assert!(course.is_sorted_by_key(|moment| moment.clients));
        }
    }
}
