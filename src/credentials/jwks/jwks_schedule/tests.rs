//! When sets are fetched, by a clock of the tests.

use proptest::prelude::*;

use super::*;

const HOUR_MS: u64 = 3_600_000;

fn schedule() -> JwksSchedule {
    JwksSchedule::new(JwksTimes::default())
}

/// Begins the try that is due, and answers it.
fn fetch(schedule: &mut JwksSchedule, now_ms: u64, max_age_s: Option<u64>) {
    assert_eq!(schedule.step(now_ms), ScheduleStep::Fetch, "at {now_ms}");
    schedule.succeeded(now_ms, max_age_s);
}

#[test]
fn set_is_fetched_at_the_start_and_then_by_max_age_or_setting() {
    let table = [
        (None, 600_000),
        (Some(300), 300_000),
        (Some(0), 60_000),
        (Some(59), 60_000),
        (Some(u64::MAX), 86_400_000),
    ];
    for (max_age_s, pause_ms) in table {
        // The bound on the age is out of the way.
        let mut schedule = JwksSchedule::new(JwksTimes {
            stale_max_ms: 10 * 24 * HOUR_MS,
            ..JwksTimes::default()
        });
        fetch(&mut schedule, 5_000, max_age_s);
        assert_eq!(schedule.step(5_000), ScheduleStep::Wait(pause_ms));
        assert_eq!(schedule.step(5_000 + pause_ms - 1), ScheduleStep::Wait(1));
        assert_eq!(schedule.step(5_000 + pause_ms), ScheduleStep::Fetch);
    }
}

#[test]
fn set_is_fetched_once_for_a_new_kid_and_not_within_the_cooldown() {
    let mut schedule = schedule();
    fetch(&mut schedule, 0, None);
    assert_eq!(schedule.asked(29_999), AskOutcome::TooSoon);
    assert_eq!(schedule.asked(30_000), AskOutcome::Worth);
    assert_eq!(schedule.asked(30_000), AskOutcome::Worth);
    assert_eq!(schedule.step(30_001), ScheduleStep::Fetch);
    assert_eq!(schedule.asked(30_002), AskOutcome::Worth, "it is under way");
    assert_eq!(
        schedule.step(30_003),
        ScheduleStep::Wait(86_400_000 - 30_003)
    );
    schedule.succeeded(30_100, None);
    assert_eq!(schedule.asked(60_000), AskOutcome::TooSoon);
    assert_eq!(schedule.step(60_000), ScheduleStep::Wait(570_100));
}

#[test]
fn thousand_unknown_kids_in_a_minute_cause_at_most_three_fetches() {
    let mut schedule = schedule();
    let mut fetches = 0;
    for n in 0..1_000 {
        let now_ms = n * 60;
        schedule.asked(now_ms);
        if schedule.step(now_ms) == ScheduleStep::Fetch {
            fetches += 1;
            schedule.succeeded(now_ms, None);
        }
    }
    assert!((2..=3).contains(&fetches), "{fetches}");
}

#[test]
fn failures_back_off_from_one_second_to_a_minute_and_success_forgets_them() {
    for jitter in [0, 1, 499, 12_345, u64::MAX] {
        let (mut schedule, mut now_ms) = (schedule(), 0);
        for failure in 1..=40_u32 {
            assert_eq!(schedule.step(now_ms), ScheduleStep::Fetch);
            schedule.failed(now_ms, jitter);
            assert_eq!(schedule.failures(), failure);
            let ScheduleStep::Wait(pause_ms) = schedule.step(now_ms) else {
                panic!("no pause after failure {failure}");
            };
            let longest = (1_000 << failure.min(6)).min(60_000);
            let range = (longest / 2)..=longest;
            assert!(range.contains(&pause_ms), "{failure}: {pause_ms}");
            now_ms += pause_ms;
        }
        fetch(&mut schedule, now_ms, None);
        assert_eq!(schedule.failures(), 0);
    }
}

#[test]
fn keys_that_cannot_be_fetched_again_are_dropped_after_a_day() {
    let mut schedule = schedule();
    fetch(&mut schedule, 1_000, None);
    let mut now_ms = 1_000;
    loop {
        match schedule.step(now_ms) {
            ScheduleStep::Fetch => schedule.failed(now_ms, 0),
            ScheduleStep::Wait(pause_ms) => now_ms += pause_ms,
            ScheduleStep::Drop => break,
        }
        assert!(schedule.age_ms(now_ms).is_some() || now_ms > 86_401_000);
    }
    assert_eq!(now_ms, 86_401_000);
    assert_eq!(schedule.age_ms(now_ms), None);
    assert_ne!(schedule.step(now_ms), ScheduleStep::Drop, "it is done once");
}

/// What may happen to a schedule.
#[derive(Clone, Debug)]
enum Event {
    Pass(u64),
    Ask,
    Step,
    Succeed(Option<u64>),
    Fail(u64),
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        (0..200_000_u64).prop_map(Event::Pass),
        (0..40_000_u64).prop_map(Event::Pass),
        Just(Event::Ask),
        Just(Event::Step),
        Just(Event::Step),
        proptest::option::of(0..200_000_u64).prop_map(Event::Succeed),
        any::<u64>().prop_map(Event::Fail),
    ]
}

proptest! {
    /// One flight at a time; no try within a second of the last answer; without failures none
    /// within the cool-down; none later than a day after a success or a minute after a failure.
    #[test]
    fn schedule_keeps_its_bounds_whatever_happens(events in proptest::collection::vec(event(), 1..300)) {
        let mut schedule = schedule();
        let (mut now, mut in_flight) = (0_u64, false);
        let (mut began, mut answered, mut failed) = (None::<u64>, None::<u64>, false);
        for event in events {
            match event {
                Event::Pass(ms) => now += ms,
                Event::Ask => {
                    let worth = schedule.asked(now) == AskOutcome::Worth;
                    prop_assert!(worth || !in_flight, "a flight is worth waiting for");
                    let rested = began.is_none_or(|at| now - at >= 30_000);
                    prop_assert!(worth || !rested, "rested, and not worth it");
                }
                Event::Step => match schedule.step(now) {
                    ScheduleStep::Fetch => {
                        prop_assert!(!in_flight, "two at a time");
                        if let (Some(began), Some(answered)) = (began, answered) {
                            prop_assert!(now - began >= 30_000 || failed && now - answered >= 1_000);
                        }
                        (in_flight, began) = (true, Some(now));
                    }
                    ScheduleStep::Wait(ms) if !in_flight => {
                        let bound = if failed { 60_000 } else { 86_400_000 };
                        prop_assert!(ms > 0 && ms <= bound, "{ms}");
                    }
                    _ => {}
                },
                Event::Succeed(max_age) if in_flight => {
                    schedule.succeeded(now, max_age);
                    (in_flight, answered, failed) = (false, Some(now), false);
                }
                Event::Fail(jitter) if in_flight => {
                    schedule.failed(now, jitter);
                    (in_flight, answered, failed) = (false, Some(now), true);
                }
                Event::Succeed(_) | Event::Fail(_) => {}
            }
        }
    }
}
