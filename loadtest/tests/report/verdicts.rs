//! Failures before any figure, verdicts, and the side at its limit.

use lobbyd_loadtest::report::{compare, html};
use lobbyd_loadtest::result::{Count, Ended};
use lobbyd_loadtest::run::{failure, problems, warning};

use crate::{fixtures, named, not_started, plain, words};

#[test]
fn terminal_shows_failures_before_anything_else() {
    let shown = plain(&fixtures::failing());
    let first: Vec<&str> = shown.lines().take_while(|line| !line.is_empty()).collect();
    assert_eq!(
        first[0],
        "FAILED: 3 deliveries missing of 11,760,000 expected (0.000026 %)."
    );
    for fault in [
        "1 delivery duplicated",
        "2 deliveries out of order",
        "1 delivery altered",
        "12 messages were due",
    ] {
        let told = first
            .iter()
            .filter(|line| line.starts_with(&format!("FAILED: {fault}")))
            .count();
        assert_eq!(told, 1, "{fault} in {first:#?}");
    }
    for fault in [
        "2 connections lost of 983: 1006",
        "HTTP 403",
        "slow down (5)",
        "Objective p99=20ms did not hold",
    ] {
        assert!(
            first.iter().any(|line| line.contains(fault)),
            "{fault} in {first:#?}"
        );
    }
}

#[test]
fn run_that_held_says_so_first() {
    let shown = plain(&fixtures::healthy());
    let held = "HELD: All 12,000,000 deliveries came once, in order, as they were published. 2 objectives held.\n";
    assert!(shown.starts_with(held), "{shown}");
    assert!(!shown.contains("FAILED"), "{shown}");
}

#[test]
fn connections_that_this_machine_could_not_open_are_not_the_servers() {
    let mut result = fixtures::healthy();
    result.measurements[0].connections.unopened = vec![Count {
        what: "no local port is left".to_owned(),
        count: 895,
    }];
    let shown = words(&plain(&result));
    let told =
        "The machine of the load generator was the bottleneck: it could open no more connections.";
    assert!(shown.contains(told), "{shown}");
    assert!(!shown.contains("was not the bottleneck"), "{shown}");
    let problems = problems(&result.measurements[0], true);
    let texts: Vec<&str> = problems
        .iter()
        .map(|problem| problem.text.as_str())
        .collect();
    let told = texts
        .iter()
        .find(|text| text.starts_with("895 connections of"));
    assert!(
        told.is_some_and(|text| text.contains("the server was not asked")),
        "{texts:?}"
    );
    assert!(
        !texts.iter().any(|text| text.contains("refused")),
        "{texts:?}"
    );
}

#[test]
fn clients_closed_for_their_rate_bring_the_advice_to_spread_it() {
    let mut measurement = fixtures::healthy().measurements.remove(0);
    let mut advised = |what: &str| {
        measurement.connections.lost = vec![Count {
            what: what.to_owned(),
            count: 1,
        }];
        let problems = problems(&measurement, false);
        let told = |text: &str| text.contains("limits.messages_per_second");
        problems.iter().any(|problem| told(&problem.text))
    };
    assert!(advised("1008 (policy)"));
    assert!(!advised("1006 (no Close frame)"));
}

#[test]
fn ramp_that_broke_has_held_and_reports_the_cause() {
    let shown = plain(&fixtures::ramp());
    assert!(
        shown.starts_with("HELD: up to 1,600 messages a second (the server was the limit)."),
        "{shown}"
    );
    assert!(!shown.contains("FAILED"), "{shown}");
    let told = words(&shown);
    assert!(told.contains("The last step that held was 1,600 messages a second. At 3,200 messages a second it broke: p99=20ms"));
    assert!(told.contains("When it broke: The server was the bottleneck"));
}

#[test]
fn ramp_of_which_nothing_held_has_failed() {
    let mut result = fixtures::ramp();
    result.held = false;
    result.measurements.drain(..4);
    let ramp = result.ramp.as_mut().unwrap();
    ramp.last_held = None;
    result.problems = lobbyd_loadtest::run::problems(&result.measurements[0], true);
    let shown = plain(&result);
    assert!(
        shown.starts_with("FAILED: 3200 msg/s: 1,200 deliveries missing"),
        "{shown}"
    );
    assert!(
        shown.contains("No step held: the first, 3,200 messages a second, broke"),
        "{shown}"
    );
}

#[test]
fn warning_that_each_round_repeats_comes_once_and_a_failure_each_time() {
    let mut result = fixtures::with_floor();
    for (percent, measurement) in (41..).zip(&result.measurements) {
        for problem in [
            warning(format!("waited {percent} % of the time")),
            failure(format!("{percent} deliveries missing")),
        ] {
            result.problems.push(problem.about(&measurement.label));
        }
    }
    let shown = plain(&result);
    assert_eq!(shown.matches("FAILED: ").count(), 6, "{shown}");
    assert_eq!(shown.matches("Warning: ").count(), 1, "{shown}");
    assert!(
        shown.contains("Warning: In all 6 measurements: waited 41–46 % of the time."),
        "{shown}"
    );
}

#[test]
fn load_generator_at_its_limit_is_named_as_the_bottleneck() {
    let shown = plain(&fixtures::failing());
    assert!(shown.contains(
        "The load generator was the bottleneck: the figures are its ceiling, not the server's."
    ));
}

#[test]
fn load_generator_slowed_by_other_programs_gets_no_advice_on_cores() {
    let mut result = fixtures::failing();
    result.measurements[0].load.waiting = 0.4;
    let shown = words(&plain(&result));
    assert!(
        shown.contains("Other programs took the load's core: repeat on a quieter machine."),
        "{shown}"
    );
    assert!(!shown.contains("--load-cores)"), "{shown}");
}

#[test]
fn rate_or_window_is_named_as_the_limit_only_if_it_was_asked_for() {
    let limit = "Neither side was at its limit: the rate that was asked for was.";
    assert!(plain(&fixtures::healthy()).contains(limit));
    assert!(!plain(&fixtures::joins()).contains("Neither side"));
}

#[test]
fn objective_without_an_observed_figure_could_not_be_judged() {
    let mut result = fixtures::failing();
    result.objectives[0].observed = "nothing was observed".into();
    let shown = plain(&result);
    let told = "FAILED: Objective p99=20ms could not be judged: nothing was observed.\n";
    assert!(shown.contains(told), "{shown}");
    assert!(shown.contains("not judged"), "{shown}");
}

#[test]
fn run_interrupted_before_it_measured_reports_only_that() {
    let mut result = not_started();
    result.ended = Ended::Interrupted;
    assert_eq!(plain(&result), "INTERRUPTED: Nothing was measured.\n");
    assert!(!html::render(&result).contains("until then"));
}

#[test]
fn run_that_measured_nothing_has_a_report_with_its_failure() {
    let result = not_started();
    assert!(plain(&result).starts_with("FAILED: connection refused"));
    assert!(html::render(&result).contains("connection refused"));
    let shown = compare::text(&named([fixtures::healthy(), result]), None, false);
    assert!(shown.contains("Nothing was measured."), "{shown}");
}
