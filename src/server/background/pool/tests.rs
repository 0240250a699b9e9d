//! Jobs on real threads: answers, bounds, panics and the end.

use std::sync::mpsc;
use std::time::Duration;

use super::*;

const LONG: Duration = Duration::from_secs(60);

fn pool(threads: usize, max: u64) -> Pool {
    let limit = JobLimit {
        observe: LimitSet::default(),
        max,
    };
    let pool = Pool::new(limit, Arc::default());
    pool.set_up(PoolSettings { threads, nice: 10 });
    pool
}

fn ask<T: Send + 'static>(pool: &Pool, job: impl FnOnce() -> T + Send + 'static) -> JobAnswer<T> {
    pool.ask(JobKind::TokenCheck, job).unwrap()
}

/// A job that keeps a thread busy until the returned sender is dropped, and has begun.
fn block(pool: &Pool) -> mpsc::Sender<()> {
    let (release, released) = mpsc::channel::<()>();
    let (begin, begun) = mpsc::channel();
    let job = move || {
        begin.send(()).unwrap();
        let _ = released.recv_timeout(LONG);
    };
    pool.run(JobKind::TokenCheck, Box::new(job)).unwrap();
    begun.recv_timeout(LONG).unwrap();
    release
}

#[test]
fn pool_starts_with_its_first_job_and_answers_it() {
    let pool = pool(2, 10);
    assert_eq!(pool.waiting(), None);
    assert_eq!(ask(&pool, || 6 * 7).blocking_recv(), Ok(42));
    assert_eq!(pool.waiting(), Some(0));
    pool.stop();
    let counts: Vec<_> = pool.stats().read().collect();
    assert_eq!(counts[0].0.name(), "token_check");
    assert_eq!(counts[0].1.count(), 1);
}

#[test]
fn pool_refuses_at_once_what_is_over_its_limit() {
    let pool = pool(1, 3);
    let release = block(&pool);
    let answers: Vec<_> = (0..3).map(|n| ask(&pool, move || n)).collect();
    for _ in 0..2 {
        let refused = pool.ask(JobKind::TokenCheck, || ());
        assert_eq!(refused.err(), Some(NotRun::Full));
    }
    assert_eq!(pool.waiting(), Some(3));
    assert_eq!(pool.meters.bitten(Limit::TokenChecks), 2);
    drop(release);
    let answers: Vec<_> = answers.into_iter().map(|it| it.blocking_recv()).collect();
    assert_eq!(answers, [Ok(0), Ok(1), Ok(2)]);
}

#[test]
fn pool_with_an_observed_limit_takes_16_times_as_many_jobs() {
    let pool = pool(1, 1);
    pool.set_limit(JobLimit {
        observe: LimitSet::default().with(Limit::TokenChecks),
        max: 1,
    });
    let release = block(&pool);
    let _answers: Vec<_> = (0..16).map(|n| ask(&pool, move || n)).collect();
    let refused = pool.ask(JobKind::TokenCheck, || ());
    assert_eq!(refused.err(), Some(NotRun::Full));
    drop(release);
}

#[test]
fn pool_survives_a_job_that_panics() {
    let pool = pool(1, 10);
    let lost = ask(&pool, || panic!("a job of a test"));
    assert!(lost.blocking_recv().is_err());
    assert_eq!(ask(&pool, || "well").blocking_recv(), Ok("well"));
}

#[test]
fn pool_that_stops_ends_its_job_and_drops_those_that_wait() {
    let pool = Arc::new(pool(1, 10));
    let release = block(&pool);
    let waits = ask(&pool, || ());
    let stopping = Arc::clone(&pool);
    let stopper = std::thread::spawn(move || stopping.stop());
    assert!(waits.blocking_recv().is_err());
    drop(release);
    stopper.join().unwrap();
    let refused = pool.ask(JobKind::TokenCheck, || ());
    assert_eq!(refused.err(), Some(NotRun::Stopped));
}

#[test]
fn pool_whose_last_owner_is_one_of_its_jobs_ends() {
    let pool = Arc::new(pool(1, 10));
    let (owner, (tell, told)) = (Arc::clone(&pool), mpsc::channel());
    let (go, gone) = mpsc::channel::<()>();
    let job = move || {
        let _ = gone.recv_timeout(LONG);
        drop(owner);
        tell.send(()).unwrap();
    };
    pool.run(JobKind::TokenCheck, Box::new(job)).unwrap();
    drop(pool);
    drop(go);
    told.recv_timeout(LONG).unwrap();
}

#[cfg(target_os = "linux")]
#[test]
fn pool_threads_are_nice_and_others_are_not() {
    let niceness = || rustix::process::getpriority_process(None).unwrap();
    let before = niceness();
    let pool = pool(1, 10);
    let nice = ask(&pool, niceness).blocking_recv().unwrap();
    assert_eq!(nice, 10);
    assert_eq!(niceness(), before);
}
