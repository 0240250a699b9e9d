//! Whether the server starts still, because an issuer has had no keys from its URL yet.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use crate::credentials::Verifier;

/// Longest wait for keys at the start, in milliseconds, if nothing is said.
pub(crate) const JWKS_WAIT_MS: u64 = 30_000;

/// The verifiers that a server serves.
#[derive(Debug)]
pub(crate) struct KeyWait {
    verifiers: Mutex<Vec<Weak<Verifier>>>,
    started: Instant,
    wait_ms: AtomicU64,
    /// The start is over: every issuer had keys once, or it took too long.
    is_over: AtomicBool,
}

impl Default for KeyWait {
    fn default() -> KeyWait {
        KeyWait {
            verifiers: Mutex::default(),
            started: Instant::now(),
            wait_ms: AtomicU64::new(JWKS_WAIT_MS),
            is_over: AtomicBool::new(false),
        }
    }
}

impl KeyWait {
    /// Sets `auth.jwks_wait_ms`.
    pub fn set_wait_ms(&self, wait_ms: u64) {
        self.wait_ms.store(wait_ms, Ordering::Relaxed);
    }

    /// Adds a verifier. Returns those that are there, the youngest first; `None` if it is one of
    /// them.
    pub fn add(&self, verifier: &Arc<Verifier>) -> Option<Vec<Arc<Verifier>>> {
        let mut verifiers = self.lock();
        verifiers.retain(|one| one.strong_count() > 0);
        let others: Vec<_> = verifiers.iter().rev().filter_map(Weak::upgrade).collect();
        if others.iter().any(|other| Arc::ptr_eq(other, verifier)) {
            return None;
        }
        verifiers.push(Arc::downgrade(verifier));
        Some(others)
    }

    /// Returns the verifiers, the youngest last.
    pub fn verifiers(&self) -> Vec<Arc<Verifier>> {
        self.lock().iter().filter_map(Weak::upgrade).collect()
    }

    /// True while the server starts and an issuer has had no keys from its URL. Never again after
    /// it was false once there were verifiers: a reload takes no server out of service.
    pub fn is_awaited(&self) -> bool {
        if self.is_over.load(Ordering::Relaxed) {
            return false;
        }
        let verifiers = self.verifiers();
        let lacks_keys =
            |verifier: &Arc<Verifier>| verifier.issuers().iter().any(|issuer| !issuer.had_keys());
        let wait = Duration::from_millis(self.wait_ms.load(Ordering::Relaxed));
        let awaited = verifiers.iter().any(lacks_keys) && self.started.elapsed() < wait;
        if !awaited && !verifiers.is_empty() {
            self.is_over.store(true, Ordering::Relaxed);
        }
        awaited
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Weak<Verifier>>> {
        self.verifiers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
