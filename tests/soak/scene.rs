//! What honest lobbies, attackers and the operator share: the server, the phase, the faults.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::subject::Subject;

/// Most faults that are kept: one is enough to fail, and a broken server makes thousands.
const FAULTS_MAX: usize = 20;

/// A part of the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Honest clients are alone.
    Quiet,
    /// All characters do their harm.
    Hostile,
    /// The hostile ones are gone, and the heap has to come down.
    Over,
}

/// What all threads of a run share.
pub struct Scene {
    pub address: SocketAddr,
    /// True once the honest lobbies are to end.
    pub ends: AtomicBool,
    /// The number of drains that have begun. A client may be closed by them alone.
    pub drains: AtomicU64,
    /// Counts up when the server is stopped or drained and when that is over, so it is odd meanwhile.
    pub acts: AtomicU64,
    phase: AtomicU8,
    subject: Mutex<Option<Subject>>,
    faults: Mutex<Vec<String>>,
}

impl Scene {
    pub fn new(subject: Subject) -> Scene {
        Scene {
            address: subject.address(),
            ends: AtomicBool::new(false),
            drains: AtomicU64::new(0),
            acts: AtomicU64::new(0),
            phase: AtomicU8::new(Phase::Quiet as u8),
            subject: Mutex::new(Some(subject)),
            faults: Mutex::default(),
        }
    }

    pub fn begin(&self, phase: Phase) {
        self.phase.store(phase as u8, Ordering::SeqCst);
    }

    pub fn is(&self, phase: Phase) -> bool {
        self.phase.load(Ordering::SeqCst) == phase as u8
    }

    /// Does something to the server in which no delay counts.
    pub fn act(&self, act: impl FnOnce(&mut Subject)) {
        self.acts.fetch_add(1, Ordering::SeqCst);
        act(&mut self.subject());
        self.acts.fetch_add(1, Ordering::SeqCst);
    }

    /// Returns the server, for the operator and the measurement of its heap.
    pub fn subject(&self) -> Locked<'_> {
        Locked(self.subject.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Ends the server, and returns its exit code.
    pub fn end_subject(&self) -> Option<i32> {
        let mut subject = self.subject.lock().unwrap_or_else(PoisonError::into_inner);
        subject.take().and_then(Subject::end)
    }

    /// Notes what an honest client must not see. Its lobby ends with that.
    pub fn fault(&self, what: String) {
        let mut faults = self.faults.lock().unwrap_or_else(PoisonError::into_inner);
        if faults.len() < FAULTS_MAX {
            faults.push(what);
        }
    }

    pub fn faults(&self) -> Vec<String> {
        let faults = self.faults.lock().unwrap_or_else(PoisonError::into_inner);
        faults.clone()
    }
}

/// The server while nobody else has it.
pub struct Locked<'a>(MutexGuard<'a, Option<Subject>>);

impl std::ops::Deref for Locked<'_> {
    type Target = Subject;

    fn deref(&self) -> &Subject {
        self.0.as_ref().expect("the server runs")
    }
}

impl std::ops::DerefMut for Locked<'_> {
    fn deref_mut(&mut self) -> &mut Subject {
        self.0.as_mut().expect("the server runs")
    }
}
