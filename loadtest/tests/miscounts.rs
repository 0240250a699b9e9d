//! Servers whose one fault is easily taken for another or overlooked, and the counts of the run.

mod misbehaving;
mod support;

use std::time::Duration;

use lobbyd_loadtest::result::{Count, Deliveries};
use misbehaving::{AT, EARLY, Fault, Misbehaving};
use support::{Run, run_at};

/// A second of 200 messages, half of them after the fault.
const FANOUT: &str = "fanout --clients 4 --rate 200 --warmup 0s --duration 1s --settle 1s";

fn run_against(fault: Fault, line: &str) -> Run {
    let server = Misbehaving::start(fault);
    let url = format!("ws://{}/socket/websocket", server.address);
    run_at(&url, line)
}

/// Returns the counts of faults in the deliveries, with all other counts set to zero.
fn wrong(run: &Run) -> Deliveries {
    let deliveries = run.measurement().deliveries;
    assert_eq!(
        deliveries.received + deliveries.missing,
        deliveries.expected
    );
    Deliveries {
        published: 0,
        expected: 0,
        received: 0,
        ..deliveries
    }
}

/// The data and the end of the connection are one segment, and so one event.
#[test]
fn end_of_the_connection_that_comes_with_a_message_is_a_loss() {
    let run = run_against(Fault::EndsOne, FANOUT).ends_with(1);
    let measured = run.measurement();
    let lost = Count {
        what: "1006 (no Close frame)".to_owned(),
        count: 1,
    };
    assert_eq!(measured.connections.lost, [lost]);
    assert_eq!(measured.connections.joined, 4);
    assert_eq!(measured.connections.closes, []);
    assert_eq!(
        measured.deliveries.expected,
        4 * measured.deliveries.published
    );
    // Message AT arrived, together with the end.
    let the_rest = Deliveries {
        missing: measured.deliveries.published - AT - 1,
        ..Deliveries::default()
    };
    assert_eq!(wrong(&run), the_rest);
}

/// The changed digit is in the tag, which says whose delivery it is: the first and the last digit
/// of the sequence, and the last digit of the time.
#[test]
fn tag_with_another_digit_is_an_altered_delivery_and_its_own_is_missing() {
    const MARKER_AND_STREAM: usize = 8 + 6;
    for place in [0, 7, 7 + 14].map(|digit| MARKER_AND_STREAM + digit) {
        let run = run_against(Fault::Garbles(place), FANOUT).ends_with(1);
        let garbled = Deliveries {
            altered: 1,
            missing: 1,
            ..Deliveries::default()
        };
        assert_eq!(wrong(&run), garbled, "digit {place}");
        assert_eq!(run.failures().len(), 2, "{:?}", run.failures());
        let measured = run.measurement();
        // The delays are those of whole tags: a changed digit must not make a delay of hours.
        let delays = measured.delivery_latency.unwrap();
        assert_eq!(delays.count, 4 * measured.throughput.published - 1);
        assert!(delays.max_us < 60_000_000, "{} us", delays.max_us);
    }
}

#[test]
fn message_in_a_lobby_that_it_was_not_published_to_has_strayed() {
    let line = format!("{FANOUT} --topics 2 --topic room:{{lobby}}");
    let run = run_against(Fault::Strays, &line)
        .ends_with(1)
        .says("1 delivery strayed");
    let strayed = Deliveries {
        strayed: 1,
        ..Deliveries::default()
    };
    assert_eq!(wrong(&run), strayed);
    let deliveries = run.measurement().deliveries;
    assert_eq!(deliveries.expected, 2 * deliveries.published);
    assert_eq!(run.failures().len(), 1, "{:?}", run.failures());
}

/// Messages that are this late are given up, for the pace of a closed loop. When they arrive, their
/// delays are still recorded.
#[test]
fn stall_longer_than_the_wait_shows_in_the_last_subscribers_delay() {
    let line = "fanout --clients 4 --rate 100 --warmup 0s --duration 3s --settle 1s";
    let run = run_against(Fault::Stalls(Duration::from_secs(2)), line).ends_with(0);
    let measured = run.measurement();
    let last = measured.last_subscriber.unwrap();
    assert!(last.max_us >= 1_500_000, "{} us", last.max_us);
    assert_eq!(last.count, measured.throughput.published);
    assert_eq!(wrong(&run), Deliveries::default());
}

#[test]
fn newcomers_that_do_not_hear_themselves_fail_the_run() {
    let line = format!(
        "churn --clients {EARLY} --rate 20 --churners 10 --churn-rate 20 --stay 50ms --warmup 0s --duration 1s \
         --settle 3s"
    );
    let run = run_against(Fault::HidesEchoes, &line)
        .ends_with(1)
        .says("clients that came did not get back what they said once they had joined");
    let figures = run.measurement().figures;
    let value = |name: &str| figures.iter().find(|figure| figure.name == name).unwrap();
    assert!(value("talked once they had joined").value >= 1.0);
    assert_eq!(value("heard themselves").value, 0.0);
    assert_eq!(run.failures().len(), 1, "{:?}", run.failures());
}

/// The clients join one after the other, so that the refused client is a slow one.
#[test]
fn slow_client_whose_join_was_refused_is_owed_nothing() {
    let refuses_the_last = Fault::RefusesJoins {
        but: 5,
        reason: "full",
    };
    let line = "slow --clients 6 --slow 2 --connecting-max 1 --rate 100 --warmup 0s --duration 1s --stop-for 300ms \
                --settle 2s";
    let run = run_against(refuses_the_last, line)
        .ends_with(1)
        .says("1 connection or join refused of 6");
    assert_eq!(wrong(&run), Deliveries::default());
    let measured = run.measurement();
    assert_eq!(measured.connections.joined, 5);
    assert_eq!(
        measured.deliveries.expected,
        5 * measured.deliveries.published
    );
    assert_eq!(run.failures().len(), 1, "{:?}", run.failures());
}

#[test]
fn heartbeats_that_are_never_answered_fail_the_run() {
    let line =
        "fanout --clients 4 --rate 10 --heartbeat 200ms --settle 500ms --warmup 0s --duration 2s";
    let run = run_against(Fault::IgnoresHeartbeats, line)
        .ends_with(1)
        .says("4 connections have waited for the answer to a heartbeat");
    assert_eq!(wrong(&run), Deliveries::default());
    assert_eq!(run.measurement().heartbeat_latency, None);
    assert_eq!(run.failures().len(), 1, "{:?}", run.failures());
}

#[test]
fn ramp_does_not_hold_while_heartbeats_are_never_answered() {
    let line = "ramp --clients 4 --from 10 --to 10 --heartbeat 100ms --settle 300ms --warmup 0s --duration 1s \
                --slo p99=30s";
    let run = run_against(Fault::IgnoresHeartbeats, line).ends_with(1);
    let ramp = run.result().ramp.unwrap();
    assert_eq!((ramp.last_held, ramp.broke_at), (None, Some(10.0)));
    assert_eq!(ramp.because.len(), 1, "{:?}", ramp.because);
    assert!(ramp.because[0].contains("heartbeat"), "{:?}", ramp.because);
}
