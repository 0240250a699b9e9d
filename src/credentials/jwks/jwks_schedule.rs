//! When a JWK set is fetched: a state machine without a clock and without I/O.

use super::jwks_source::JwksTimes;

/// Bounds of `Cache-Control: max-age`: 60 s to 24 h.
const MAX_AGE_MS: std::ops::RangeInclusive<u64> = 60_000..=86_400_000;
/// Shortest and longest wait after a failure, 1 to 60 s.
const BACKOFF_MS: std::ops::RangeInclusive<u64> = 1_000..=60_000;

/// The tries of one issuer, all times in milliseconds of any clock that does not go back.
#[derive(Clone, Debug)]
pub(super) struct JwksSchedule {
    times: JwksTimes,
    /// When the next try is due. `None` while one is under way: there is one at a time.
    due_ms: Option<u64>,
    /// When the last try began.
    tried_ms: Option<u64>,
    /// When the last good answer came.
    fetched_ms: Option<u64>,
    /// Failures since then.
    failures: u32,
}

/// What is to be done now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ScheduleStep {
    /// Fetch the set.
    Fetch,
    /// The keys are too old, and are to be dropped.
    Drop,
    /// Nothing for so many milliseconds.
    Wait(u64),
}

/// What a token that names an unknown key brings about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AskOutcome {
    /// A fetch is under way or due at once, and worth waiting for.
    Worth,
    /// The last try was too short a time ago.
    TooSoon,
}

impl JwksSchedule {
    /// Returns the schedule of a set that is to be fetched at once.
    pub fn new(times: JwksTimes) -> JwksSchedule {
        JwksSchedule {
            times,
            due_ms: Some(0),
            tried_ms: None,
            fetched_ms: None,
            failures: 0,
        }
    }

    /// Returns the schedule of the same set after a reload: it is fetched at once, and is as old as
    /// it was.
    pub fn resumed(&self) -> JwksSchedule {
        JwksSchedule {
            fetched_ms: self.fetched_ms,
            ..JwksSchedule::new(self.times)
        }
    }

    /// Returns what is to be done now. Each `Fetch` is followed by [`succeeded`] or [`failed`],
    /// and `Drop` forgets the age of the keys.
    ///
    /// [`succeeded`]: JwksSchedule::succeeded
    /// [`failed`]: JwksSchedule::failed
    pub fn step(&mut self, now_ms: u64) -> ScheduleStep {
        let stale_ms = self.fetched_ms.map(|at| at + self.times.stale_max_ms);
        if stale_ms.is_some_and(|at| at <= now_ms) {
            self.fetched_ms = None;
            return ScheduleStep::Drop;
        }
        if self.due_ms.is_some_and(|due| due <= now_ms) {
            self.due_ms = None;
            self.tried_ms = Some(now_ms);
            return ScheduleStep::Fetch;
        }
        let next = [self.due_ms, stale_ms].into_iter().flatten().min();
        ScheduleStep::Wait(next.map_or(u64::MAX, |at| at - now_ms))
    }

    /// Notes that a token asks for a key that is not there.
    pub fn asked(&mut self, now_ms: u64) -> AskOutcome {
        let Some(due) = self.due_ms else {
            return AskOutcome::Worth;
        };
        let rests_until = self.tried_ms.map_or(0, |at| at + self.times.cooldown_ms);
        if due > now_ms && rests_until > now_ms {
            return AskOutcome::TooSoon;
        }
        self.due_ms = Some(due.min(now_ms));
        AskOutcome::Worth
    }

    /// Notes that a set came, or that it has not changed.
    pub fn succeeded(&mut self, now_ms: u64, max_age_s: Option<u64>) {
        let pause_ms = match max_age_s.map(|seconds| seconds.saturating_mul(1_000)) {
            Some(max_age) => max_age.clamp(*MAX_AGE_MS.start(), *MAX_AGE_MS.end()),
            None => self.times.refresh_ms,
        };
        self.due_ms = Some(now_ms + pause_ms);
        self.fetched_ms = Some(now_ms);
        self.failures = 0;
    }

    /// Notes that no set came, or one that is kept out. `jitter` is any number.
    pub fn failed(&mut self, now_ms: u64, jitter: u64) {
        self.failures = self.failures.saturating_add(1);
        let longest = (*BACKOFF_MS.start() << self.failures.min(16)).min(*BACKOFF_MS.end());
        // Between half of it and all of it, so that servers that started together part.
        let pause_ms = longest / 2 + jitter % (longest / 2 + 1);
        self.due_ms = Some(now_ms + pause_ms);
    }

    /// Returns how many tries have failed since the last good answer.
    pub fn failures(&self) -> u32 {
        self.failures
    }

    /// Returns how long ago the last good answer came. `None` without one, and once it is too old.
    pub fn age_ms(&self, now_ms: u64) -> Option<u64> {
        self.fetched_ms.map(|at| now_ms.saturating_sub(at))
    }
}

#[cfg(test)]
mod tests;
