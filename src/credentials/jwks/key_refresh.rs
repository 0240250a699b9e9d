//! Keys of an issuer that come from a URL: the set in force, and the tokens that wait for another.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::jwks_result::{JwksAnswer, JwksResult, judge_set};
use super::jwks_schedule::{AskOutcome, JwksSchedule, ScheduleStep};
use super::jwks_source::JwksSource;
use crate::credentials::algorithm::Algorithm;
use crate::credentials::key_problem::KeyProblem;
use crate::credentials::keys::{Jwks, JwksReaders, KeySet};

/// Most tokens that are kept to try a set with that has no key of the old one.
const ASKING_MAX: usize = 256;

/// The keys that one issuer has from a URL. No I/O: a server fetches, and gives the answers here.
#[derive(Debug)]
pub(crate) struct KeyRefresh {
    source: JwksSource,
    state: Mutex<RefreshState>,
    /// Wakes the server's fetcher. That ends when this is dropped.
    due: watch::Sender<()>,
    /// Wakes the tokens that wait, after each answer.
    answered: watch::Sender<()>,
    had_keys: AtomicBool,
    is_served: AtomicBool,
}

#[derive(Debug)]
struct RefreshState {
    schedule: JwksSchedule,
    /// The set in force, and its `ETag`.
    set: Option<KeySet>,
    etag: Option<String>,
    /// Tokens that name a key which is not there.
    asking: Vec<Box<str>>,
}

/// What the server's fetcher is to do.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum FetchStep {
    /// Fetch the set, if it is not the one with this `ETag`.
    Fetch { etag: Option<String> },
    /// Nothing for this time, unless a token asks.
    Wait(Duration),
}

/// What became of an answer.
#[derive(Debug)]
pub(crate) struct TakenAnswer {
    pub result: JwksResult,
    /// How many tries have failed since the last good answer, this one included.
    pub failures: u32,
    /// The keys that now are in force, if they are new.
    pub keys: Option<KeySet>,
    /// Keys of the new set that are left out, each with the reason.
    pub left_out: Vec<(Option<compact_str::CompactString>, KeyProblem)>,
}

impl KeyRefresh {
    pub fn new(source: JwksSource) -> KeyRefresh {
        let state = RefreshState {
            schedule: JwksSchedule::new(source.times),
            set: None,
            etag: None,
            asking: Vec::new(),
        };
        KeyRefresh {
            source,
            state: Mutex::new(state),
            due: watch::Sender::new(()),
            answered: watch::Sender::new(()),
            had_keys: AtomicBool::new(false),
            is_served: AtomicBool::new(false),
        }
    }

    pub fn source(&self) -> &JwksSource {
        &self.source
    }

    /// Notes that somebody fetches from now on. Returns what wakes the fetcher; it ends with the
    /// keys. `None` if another one fetches.
    pub fn serve(&self) -> Option<watch::Receiver<()>> {
        let others = self.is_served.swap(true, Ordering::AcqRel);
        (!others).then(|| self.due.subscribe())
    }

    /// Notes that nobody fetches any more. No token waits for that.
    pub fn leave(&self) {
        self.is_served.store(false, Ordering::Release);
        self.answered.send_replace(());
    }

    /// Asks for the key of a token. Returns what wakes it after the next answer; `None` if no
    /// answer is to come soon.
    pub fn ask(&self, token: &str, now_ms: u64) -> Option<watch::Receiver<()>> {
        if !self.is_served.load(Ordering::Acquire) {
            return None;
        }
        let mut state = self.lock();
        if state.schedule.asked(now_ms) == AskOutcome::TooSoon {
            return None;
        }
        if state.asking.len() < ASKING_MAX {
            state.asking.push(token.into());
        }
        // Under the lock, so that no answer comes between.
        let answered = self.answered.subscribe();
        drop(state);
        self.due.send_replace(());
        Some(answered)
    }

    /// Returns what the fetcher is to do, and whether the set in force was just dropped.
    pub fn step(&self, now_ms: u64) -> (FetchStep, bool) {
        let mut state = self.lock();
        let mut dropped = false;
        loop {
            let step = match state.schedule.step(now_ms) {
                ScheduleStep::Fetch => FetchStep::Fetch {
                    etag: state.etag.clone(),
                },
                ScheduleStep::Wait(ms) => FetchStep::Wait(Duration::from_millis(ms)),
                ScheduleStep::Drop => {
                    (state.set, state.etag, dropped) = (None, None, true);
                    continue;
                }
            };
            return (step, dropped);
        }
    }

    /// Takes an answer, and brings a new set into force by `into_force`. The caller then calls
    /// [`wake`](KeyRefresh::wake).
    ///
    /// The set is in force before the lock is given back, so a token that is told that a try was
    /// too short a time ago finds what it brought.
    pub fn take(
        &self,
        answer: JwksAnswer,
        algorithms: &[Algorithm],
        now_ms: u64,
        into_force: impl FnOnce(KeySet),
    ) -> TakenAnswer {
        let mut state = self.lock();
        let mut taken = TakenAnswer {
            result: JwksResult::Unchanged,
            failures: 0,
            keys: None,
            left_out: Vec::new(),
        };
        let mut max_age = None;
        taken.result = match answer {
            JwksAnswer::Failed(result) => result,
            // Nobody was asked whether it has changed.
            JwksAnswer::Unchanged { .. } if state.set.is_none() => JwksResult::Status,
            JwksAnswer::Unchanged { max_age_s } => {
                max_age = max_age_s;
                JwksResult::Unchanged
            }
            JwksAnswer::Set {
                body,
                etag,
                max_age_s,
            } => {
                max_age = max_age_s;
                let result = state.take_set(&body, algorithms, &mut taken);
                if result.is_good() {
                    state.etag = etag;
                }
                result
            }
        };
        match taken.result.is_good() {
            true => {
                state.schedule.succeeded(now_ms, max_age);
                self.had_keys.store(true, Ordering::Relaxed);
            }
            false => state.schedule.failed(now_ms, fastrand::u64(..)),
        }
        if let Some(keys) = &taken.keys {
            into_force(keys.clone());
        }
        taken.failures = state.schedule.failures();
        state.asking.clear();
        taken
    }

    /// Wakes the tokens that wait.
    pub fn wake(&self) {
        self.answered.send_replace(());
    }

    /// Takes over the set in force of the same source before a reload. It is fetched again all the
    /// same. Returns the set.
    pub fn resume(&self, before: &KeyRefresh) -> Option<KeySet> {
        if self.source != before.source {
            return None;
        }
        let before = {
            let before = before.lock();
            let set = before.set.clone()?;
            (set, before.etag.clone(), before.schedule.resumed())
        };
        let mut state = self.lock();
        if state.set.is_some() {
            return None;
        }
        let (set, etag, schedule) = before;
        (state.set, state.etag, state.schedule) = (Some(set.clone()), etag, schedule);
        self.had_keys.store(true, Ordering::Relaxed);
        Some(set)
    }

    /// True if there is no set in force: none came yet, or the last one is too old.
    pub fn lacks_keys(&self) -> bool {
        self.lock().set.is_none()
    }

    /// True if a set has ever come.
    pub fn had_keys(&self) -> bool {
        self.had_keys.load(Ordering::Relaxed)
    }

    /// Returns how long ago the set in force was last confirmed.
    pub fn age(&self) -> Option<Duration> {
        let age = self.lock().schedule.age_ms(now_ms());
        age.map(Duration::from_millis)
    }

    fn lock(&self) -> MutexGuard<'_, RefreshState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl RefreshState {
    fn take_set(
        &mut self,
        body: &[u8],
        algorithms: &[Algorithm],
        taken: &mut TakenAnswer,
    ) -> JwksResult {
        let text = std::str::from_utf8(body).map_err(|_| KeyProblem::NotJwks);
        let read = text.and_then(|text| Jwks::parse(text, algorithms, JwksReaders::Everybody));
        let Ok(read) = read else {
            return JwksResult::NotJwks;
        };
        let new = KeySet::new(read.keys);
        taken.left_out = read.left_out;
        let asking = self.asking.iter().map(|token| &**token);
        let result = judge_set(&new, self.set.as_ref(), asking);
        if result.is_good() {
            taken.keys = Some(new.clone());
            self.set = Some(new);
        }
        result
    }
}

/// Milliseconds of a clock that does not go back, whatever happens to that of the system.
pub(crate) fn now_ms() -> u64 {
    static STARTED: LazyLock<Instant> = LazyLock::new(Instant::now);
    STARTED.elapsed().as_millis() as u64
}
