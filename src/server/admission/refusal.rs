//! Refusals counted by reason, since the start: who asked for a socket and did not get one.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::server::http::handshake::Refusal;

/// What all shards count together.
#[derive(Debug, Default)]
pub(crate) struct Refusals {
    by_reason: [AtomicU64; Refusal::NAMES.len()],
}

/// How many requests for a socket were refused for each reason, since the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefusalCounts {
    by_reason: [u64; Refusal::NAMES.len()],
}

impl Refusals {
    pub fn count(&self, refusal: Refusal) {
        if let Some(at) = place_of(refusal.name()) {
            self.by_reason[at].fetch_add(1, Ordering::Relaxed);
        }
    }

    pub fn counts(&self) -> RefusalCounts {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        RefusalCounts {
            by_reason: self.by_reason.each_ref().map(read),
        }
    }
}

fn place_of(name: &str) -> Option<usize> {
    Refusal::NAMES.iter().position(|n| *n == name)
}

impl RefusalCounts {
    /// Those that were refused for the reason of that [name](Refusal::name); 0 if there is no such reason.
    pub fn of(&self, name: &str) -> u64 {
        place_of(name).map_or(0, |at| self.by_reason[at])
    }

    /// Every reason's name with its count.
    pub fn by_reason(&self) -> impl Iterator<Item = (&'static str, u64)> {
        Refusal::NAMES.into_iter().zip(self.by_reason)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::channel::QueryError;
    use crate::server::http::upgrade::NotAnUpgrade;
    use hyper::StatusCode;

    #[test]
    fn every_refusal_counts_under_a_name_of_its_own() {
        let all = [
            Refusal::ProxyHeader,
            Refusal::Address,
            Refusal::Method,
            Refusal::Query(QueryError::TooLong),
            Refusal::Origin,
            Refusal::AuthToken,
            Refusal::Subprotocol,
            Refusal::Version,
            Refusal::App(StatusCode::FORBIDDEN),
            Refusal::AppPanicked,
            Refusal::AppTooSlow,
            Refusal::Request(NotAnUpgrade::Key),
        ];
        let refusals = Refusals::default();
        all.into_iter().for_each(|refusal| refusals.count(refusal));
        let counts = refusals.counts();
        assert!(
            counts.by_reason().all(|(_, count)| count == 1),
            "{counts:?}"
        );
        assert_eq!(counts.of("origin"), 1);
    }
}
