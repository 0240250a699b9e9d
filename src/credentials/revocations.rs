//! The revocations in force: those of the file, and those that came while the process runs.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock};

use compact_str::CompactString;

use super::revocation::{Revocation, Revoked};
use super::subject::Credentials;

/// Most revocations in force at a time, those of the file included. A revocation takes some 100
/// bytes.
pub const REVOCATIONS_MAX: usize = 100_000;

/// The revocations in force, shared by all threads.
#[derive(Debug, Default)]
pub struct Revocations {
    state: RwLock<InForce>,
    /// Moves with each change, so that a check that was made before can be made again.
    number: AtomicU64,
}

/// There are too many revocations in force to add one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there are {REVOCATIONS_MAX} revocations in force, which is the most")]
#[non_exhaustive]
pub struct TooManyRevocations;

#[derive(Debug, Default)]
struct InForce {
    of_file: Tables,
    added: Tables,
}

#[derive(Debug, Default)]
struct Tables {
    /// By `jti`: when the revocation ends.
    tokens: HashMap<CompactString, Option<u64>>,
    subjects: HashMap<CompactString, SubjectBound>,
}

/// Which tokens of a subject are revoked, and until when.
#[derive(Clone, Copy, Debug)]
struct SubjectBound {
    issued_before_ms: Option<u64>,
    until_ms: Option<u64>,
}

impl Revocations {
    /// Adds a revocation at `now_ms`, in milliseconds since 1970. Another one of the same token or
    /// subject gives way to it.
    ///
    /// # Errors
    /// If [`REVOCATIONS_MAX`] are in force.
    pub fn add(&self, revocation: Revocation, now_ms: u64) -> Result<(), TooManyRevocations> {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        if state.len() >= REVOCATIONS_MAX {
            state.added.forget_ended(now_ms);
            if state.len() >= REVOCATIONS_MAX {
                return Err(TooManyRevocations);
            }
        }
        state.added.insert(revocation);
        drop(state);
        self.number.fetch_add(1, Ordering::Release);
        Ok(())
    }

    /// Replaces the revocations of the file. Those that were added stay.
    ///
    /// # Errors
    /// If there are more than [`REVOCATIONS_MAX`] with those that were added. Then the earlier ones
    /// stay.
    pub fn set_file(&self, revocations: Vec<Revocation>) -> Result<(), TooManyRevocations> {
        let mut tables = Tables::default();
        revocations.into_iter().for_each(|one| tables.insert(one));
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        if tables.len() + state.added.len() > REVOCATIONS_MAX {
            return Err(TooManyRevocations);
        }
        state.of_file = tables;
        drop(state);
        self.number.fetch_add(1, Ordering::Release);
        Ok(())
    }

    /// True if these credentials are revoked at `now_ms`, in milliseconds since 1970.
    pub fn revoke(&self, credentials: &Credentials, now_ms: u64) -> bool {
        // Without any revocation a check takes no lock.
        if self.number() == 0 {
            return false;
        }
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        let tables = [&state.of_file, &state.added];
        tables.iter().any(|one| one.revoke(credentials, now_ms))
    }

    /// Returns a number that moves with each change. A check that was made at another number has to
    /// be made again.
    pub fn number(&self) -> u64 {
        self.number.load(Ordering::Acquire)
    }

    /// Returns how many revocations there are.
    pub fn len(&self) -> usize {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        state.len()
    }

    /// True if there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl InForce {
    fn len(&self) -> usize {
        self.of_file.len() + self.added.len()
    }
}

impl Tables {
    fn insert(&mut self, Revocation { of, until_ms }: Revocation) {
        match of {
            Revoked::Token(id) => {
                self.tokens.insert(id, until_ms);
            }
            Revoked::Subject {
                subject,
                issued_before_ms,
            } => {
                let bound = SubjectBound {
                    issued_before_ms,
                    until_ms,
                };
                self.subjects.insert(subject, bound);
            }
        }
    }

    fn revoke(&self, credentials: &Credentials, now_ms: u64) -> bool {
        let in_force = |until_ms: Option<u64>| until_ms.is_none_or(|until_ms| now_ms < until_ms);
        let token = credentials.id.as_ref().and_then(|id| self.tokens.get(id));
        let subject = credentials.subject.as_ref();
        let bound = subject.and_then(|subject| self.subjects.get(subject));
        let is_before = |before_ms: u64| {
            let issued = credentials.issued_ms;
            issued.is_none_or(|issued_ms| issued_ms < before_ms)
        };
        token.is_some_and(|&until_ms| in_force(until_ms))
            || bound.is_some_and(|bound| {
                in_force(bound.until_ms) && bound.issued_before_ms.is_none_or(is_before)
            })
    }

    fn forget_ended(&mut self, now_ms: u64) {
        let in_force = |until_ms: Option<u64>| until_ms.is_none_or(|until_ms| now_ms < until_ms);
        self.tokens.retain(|_, until_ms| in_force(*until_ms));
        self.subjects.retain(|_, bound| in_force(bound.until_ms));
    }

    fn len(&self) -> usize {
        self.tokens.len() + self.subjects.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_764_400_000_000;

    fn known(subject: &str, id: &str, issued_ms: Option<u64>) -> Credentials {
        Credentials {
            subject: Some(subject.into()),
            id: Some(id.into()),
            issued_ms,
            ..Credentials::default()
        }
    }

    fn with(revocations: impl IntoIterator<Item = Revocation>) -> Revocations {
        let all = Revocations::default();
        for one in revocations {
            all.add(one, NOW).unwrap();
        }
        all
    }

    #[test]
    fn token_is_revoked_by_its_name_until_the_revocation_ends() {
        let all = with([Revocation::token("a").until_ms(NOW + 10)]);
        assert!(all.revoke(&known("u", "a", None), NOW + 9));
        assert!(!all.revoke(&known("u", "a", None), NOW + 10));
        assert!(!all.revoke(&known("u", "b", None), NOW));
        let nameless = Credentials::default();
        assert!(!all.revoke(&nameless, NOW));
    }

    #[test]
    fn subjects_tokens_are_revoked_if_they_are_older_or_say_no_age() {
        let all = with([Revocation::subject("u", NOW), Revocation::ban("v")]);
        assert!(all.revoke(&known("u", "a", Some(NOW - 1)), NOW));
        assert!(!all.revoke(&known("u", "a", Some(NOW)), NOW));
        assert!(all.revoke(&known("u", "a", None), NOW));
        assert!(all.revoke(&known("v", "a", Some(NOW + 1)), NOW + 2));
        assert!(!all.revoke(&known("w", "a", None), NOW));
    }

    #[test]
    fn file_that_is_read_again_replaces_its_own_and_no_other() {
        let all = with([Revocation::ban("added")]);
        all.set_file(vec![Revocation::ban("old")]).unwrap();
        let number = all.number();
        assert!(all.revoke(&known("old", "a", None), NOW));
        all.set_file(vec![Revocation::ban("new")]).unwrap();
        assert!(all.number() > number);
        let is_revoked = |subject| all.revoke(&known(subject, "a", None), NOW);
        assert_eq!(["old", "new", "added"].map(is_revoked), [false, true, true]);
        assert_eq!(all.len(), 2);
    }

    #[test]
    fn most_revocations_are_kept_and_ended_ones_make_room() {
        let all = Revocations::default();
        for n in 0..REVOCATIONS_MAX {
            let one = Revocation::token(n.to_string()).until_ms(NOW + 1);
            all.add(one, NOW).unwrap();
        }
        let more = Revocation::token("more");
        assert_eq!(all.add(more.clone(), NOW), Err(TooManyRevocations));
        assert!(!all.revoke(&known("u", "more", None), NOW));
        assert_eq!(all.add(more, NOW + 1), Ok(()));
        assert_eq!(all.len(), 1);
        let many = (0..REVOCATIONS_MAX).map(|n| Revocation::ban(n.to_string()));
        assert_eq!(all.set_file(many.collect()), Err(TooManyRevocations));
    }
}
