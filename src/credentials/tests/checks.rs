//! Tokens that may have to wait: what is judged at once, what waits, and that one check serves all.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use serde_json::json;

use super::*;
use crate::credentials::{NoThread, TokenCheck, TokenChecks, TokenHost, TokenWait};

/// A server of which a test runs the jobs.
#[derive(Default)]
struct Host {
    jobs: Mutex<Vec<Box<dyn FnOnce() + Send>>>,
    refuses: Mutex<Option<NoThread>>,
    judged: Mutex<Vec<(String, &'static str)>>,
    algorithms: Mutex<Vec<Algorithm>>,
}

impl std::fmt::Debug for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Host")
    }
}

impl TokenHost for Host {
    fn submit(&self, job: Box<dyn FnOnce() + Send>) -> Result<(), NoThread> {
        match *self.refuses.lock().unwrap() {
            Some(no_thread) => Err(no_thread),
            None => {
                self.jobs.lock().unwrap().push(job);
                Ok(())
            }
        }
    }

    fn judged(&self, issuer: &str, result: &'static str) {
        self.judged.lock().unwrap().push((issuer.into(), result));
    }

    fn checked(&self, algorithm: Algorithm, _: Duration) {
        self.algorithms.lock().unwrap().push(algorithm);
    }
}

impl Host {
    fn waiting(&self) -> usize {
        self.jobs.lock().unwrap().len()
    }

    fn run_all(&self) {
        let jobs = std::mem::take(&mut *self.jobs.lock().unwrap());
        jobs.into_iter().for_each(|job| job());
    }

    fn results(&self) -> Vec<(String, &'static str)> {
        std::mem::take(&mut self.judged.lock().unwrap())
    }
}

fn hosted() -> (TokenChecks, Arc<Host>) {
    let keys = KeySet::new([hs256(), P256.key(&[Algorithm::Es256])]);
    let checks = TokenChecks::new(verifier(accounts().keys(keys)));
    let host = Arc::new(Host::default());
    assert!(checks.host_on(host.clone()));
    (checks, host)
}

fn es256(changes: Value) -> String {
    let signed = P256
        .signing()
        .sign(Algorithm::Es256, None, &claims(changes));
    signed.unwrap()
}

fn now(check: TokenCheck) -> Verdict {
    match check {
        TokenCheck::Now(verdict) => verdict,
        TokenCheck::Later(_) => panic!("it waits"),
    }
}

fn later(check: TokenCheck) -> TokenWait {
    match check {
        TokenCheck::Later(wait) => wait,
        TokenCheck::Now(verdict) => panic!("{verdict:?}"),
    }
}

fn poll(wait: &mut TokenWait) -> Poll<Verdict> {
    Pin::new(wait).poll(&mut Context::from_waker(Waker::noop()))
}

fn ready(mut wait: TokenWait) -> Verdict {
    match poll(&mut wait) {
        Poll::Ready(verdict) => verdict,
        Poll::Pending => panic!("it waits still"),
    }
}

#[test]
fn cheap_tokens_are_judged_at_once_and_counted_by_issuer() {
    let (checks, host) = hosted();
    let connect = Occasion::connect(NOW_MS);
    let verdict = |token: &str| now(checks.check(token, &connect));
    let good = token(json!({}));
    assert!(matches!(verdict(&good), Verdict::Taken(_)));
    assert!(matches!(verdict(&good), Verdict::Taken(_)));
    let expired = es256(json!({"exp": NOW_S - 600}));
    let table = [
        (String::new(), TokenRefusal::Missing),
        ("x".repeat(9_000), TokenRefusal::TooLong),
        ("a.b.c".to_owned(), TokenRefusal::Malformed),
        (expired, TokenRefusal::Expired),
        (
            es256(json!({"iss": "https://other.example.com"})),
            TokenRefusal::Issuer,
        ),
    ];
    for (token, refusal) in table {
        assert_eq!(verdict(&token), Verdict::Refused(refusal));
    }
    let by = |issuer: &str, result| (issuer.to_owned(), result);
    let expected = [
        by("accounts", "ok"),
        by("accounts", "cached"),
        by("", "token_missing"),
        by("", "token_too_long"),
        by("", "token_malformed"),
        by("accounts", "token_expired"),
        by("", "token_issuer"),
    ];
    assert_eq!(host.results(), expected);
    assert_eq!(host.waiting(), 0);
    assert_eq!(*host.algorithms.lock().unwrap(), [Algorithm::Hs256]);
}

#[test]
fn token_is_checked_once_for_all_that_ask_meanwhile_and_then_cached() {
    let (checks, host) = hosted();
    let token = es256(json!({}));
    let occasion = Occasion::join("room:1", NOW_MS);
    let mut waits: Vec<_> = (0..100)
        .map(|_| later(checks.check(&token, &occasion)))
        .collect();
    assert_eq!(host.waiting(), 1);
    assert!(poll(&mut waits[0]).is_pending());
    drop(waits.remove(0));
    host.run_all();
    for wait in waits {
        assert!(matches!(ready(wait), Verdict::Taken(_)));
    }
    assert!(matches!(
        now(checks.check(&token, &occasion)),
        Verdict::Taken(_)
    ));
    let results = host.results();
    let cached = results.iter().filter(|(_, result)| *result == "cached");
    assert_eq!((results.len(), cached.count()), (100, 1));
    assert_eq!(*host.algorithms.lock().unwrap(), [Algorithm::Es256]);
}

#[test]
fn tokens_that_share_a_check_are_judged_each_for_its_own_occasion() {
    let issuer = accounts()
        .keys(KeySet::new([P256.key(&[Algorithm::Es256])]))
        .claims(crate::credentials::ClaimsDialect::Centrifugo);
    let checks = TokenChecks::new(verifier(issuer));
    let host = Arc::new(Host::default());
    checks.host_on(host.clone());
    let token = es256(json!({"channel": "room:1"}));
    let first = later(checks.check(&token, &Occasion::join("room:1", NOW_MS)));
    let other = later(checks.check(&token, &Occasion::join("room:2", NOW_MS)));
    let connect = later(checks.check(&token, &Occasion::connect(NOW_MS)));
    assert_eq!(host.waiting(), 1);
    host.run_all();
    assert!(matches!(ready(first), Verdict::Taken(_)));
    let refused = Verdict::Refused(TokenRefusal::Claims("channel"));
    assert_eq!((ready(other), ready(connect)), (refused.clone(), refused));
}

#[test]
fn token_that_is_genuine_and_over_is_told_after_its_signature() {
    let (checks, host) = hosted();
    let token = es256(json!({"exp": NOW_S - 600}));
    let wait = later(checks.check(&token, &Occasion::connect(NOW_MS).tell()));
    host.run_all();
    assert!(matches!(ready(wait), Verdict::Expired(_)));
    let other = es256(json!({"exp": NOW_S - 600, "sub": "u18"}));
    let (signed, signature) = (token.rsplit_once('.'), other.rsplit_once('.'));
    let lie = [signed.unwrap().0, signature.unwrap().1].join(".");
    let forged = later(checks.check(&lie, &Occasion::connect(NOW_MS).tell()));
    host.run_all();
    let refused = Verdict::Refused(TokenRefusal::Signature);
    assert_eq!(ready(forged), refused);
}

#[test]
fn token_is_refused_at_once_where_too_many_wait() {
    let (checks, host) = hosted();
    *host.refuses.lock().unwrap() = Some(NoThread::Busy);
    let connect = Occasion::connect(NOW_MS);
    let busy = Verdict::Refused(TokenRefusal::KeysUnavailable);
    assert_eq!(now(checks.check(&es256(json!({})), &connect)), busy);
    *host.refuses.lock().unwrap() = None;
    let again = later(checks.check(&es256(json!({})), &connect));
    host.run_all();
    assert!(matches!(ready(again), Verdict::Taken(_)));
}

#[test]
fn token_whose_job_is_lost_is_refused_and_may_come_again() {
    let (checks, host) = hosted();
    let token = es256(json!({}));
    let lost = later(checks.check(&token, &Occasion::connect(NOW_MS)));
    host.jobs.lock().unwrap().clear();
    let busy = Verdict::Refused(TokenRefusal::KeysUnavailable);
    assert_eq!(ready(lost), busy);
    let again = later(checks.check(&token, &Occasion::connect(NOW_MS)));
    host.run_all();
    assert!(matches!(ready(again), Verdict::Taken(_)));
}

#[test]
fn token_is_checked_on_the_calling_thread_where_there_is_no_other() {
    let (checks, host) = hosted();
    *host.refuses.lock().unwrap() = Some(NoThread::Gone);
    let alone = TokenChecks::new(verifier(
        accounts().keys(KeySet::new([P256.key(&[Algorithm::Es256])])),
    ));
    let token = es256(json!({}));
    for checks in [checks, alone] {
        let verdict = now(checks.check(&token, &Occasion::connect(NOW_MS)));
        assert!(matches!(verdict, Verdict::Taken(_)));
    }
}
