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
    /// Number of these clients that were in their lobbies again at the end.
    pub back: u64,
    /// Clients that got an end after which they do not reconnect: close code 1000, or phx_close.
    pub stay_away: u64,
    /// True if both servers got the same listening socket, so that one existed all the time.
    pub inherited: bool,
    /// The ends of the connections to the old server, by close code.
    pub ends: Vec<Count>,
    /// Tries that failed while no server was there, by reason. They do not count as refused.
    pub unanswered: Vec<Count>,
    /// Tries to connect, of all clients together.
    pub tries: u64,
    /// The number of tries within which half of the clients connected.
    pub tries_p50: u32,
    /// The largest number of tries of a client.
    pub tries_max: u32,
    /// Upgrades over 2.5 s: an app with longPollFallbackMs would have turned to long-poll.
    pub late_upgrades: u64,
    /// The delay of the load generator itself: from the due time of a try to the try.
    pub tries_late: Option<Latency>,
    /// The end of the old server, in seconds.
    pub ended_seconds: Option<f64>,
    /// The end of the old server in words: "exit status: 0".
    pub ended_how: String,
    /// The number of the signal that ended the old server, or the shell that started it, if one
    /// did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_by_signal: Option<i32>,
    /// The new server's answer to the first upgrade, in seconds.
    pub answered_seconds: Option<f64>,
    /// The times at which shares of the clients were back. Null for a share that was not reached.
    pub back_seconds: Shares,
    /// Delays before the restart.
    pub before: LobbyDelays,
    /// Delays of clients that were back, from the new server's first answer until the last client
    /// was back.
    pub during: LobbyDelays,
    /// The number of clients that had gone, over time: at most 400 moments.
    pub gone: Vec<Moment>,
    /// The number of clients that were back, over time: at most 400 moments.
    pub returned: Vec<Moment>,
}

/// The number of SIGTERM, the signal by which a server is asked to end.
pub const SIGTERM: i32 = 15;

/// The times at which shares of the clients were back, in seconds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Shares {
    /// Half of the clients.
    pub half: Option<f64>,
    /// 90 % of the clients.
    pub p90: Option<f64>,
    /// 99 % of the clients.
    pub p99: Option<f64>,
    /// All clients.
    pub last: Option<f64>,
}

/// Delays in the large lobby and in the small lobbies.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LobbyDelays {
    /// Delays in the lobby with most of the clients.
    pub large: Option<Latency>,
    /// Delays in all other lobbies together.
    pub small: Option<Latency>,
}

/// A number of clients at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Moment {
    /// The moment, in seconds.
    pub at_seconds: f64,
    /// The number of clients that had gone, or were back, at that moment.
    pub clients: u64,
}

/// Most moments that are kept, beside the last: enough for a plot.
const MOMENTS_MAX: usize = 400;

impl Restart {
    /// Returns the delays of both kinds of lobbies before the restart and during it, with their
    /// names.
    pub fn named_delays(&self) -> impl Iterator<Item = (&'static str, &Latency)> {
        let (before, during) = (&self.before, &self.during);
        let all = [
            ("small lobbies, before", &before.small),
            ("small lobbies, while others came back", &during.small),
            ("large lobby, before", &before.large),
            ("large lobby, while others came back", &during.large),
        ];
        all.into_iter()
            .filter_map(|(name, latency)| Some((name, latency.as_ref()?)))
    }
}

impl Shares {
    /// Returns the shares of `clients`. `sorted` are the times at which clients were back, sorted.
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
    /// Returns the number of clients over time, for `sorted` times of one client each.
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
    fn moments_are_thinned_out_but_the_first_and_the_last_are_kept() {
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
