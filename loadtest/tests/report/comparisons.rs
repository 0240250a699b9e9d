//! Runs side by side: multiples of the first run, and what the runs differ in.

use lobbyd_loadtest::report::compare;
use lobbyd_loadtest::result::RunResult;

use crate::{fixtures, named, words};

#[test]
fn runs_side_by_side_fit_the_terminal_however_long_their_names_are() {
    let mut other = fixtures::ramp();
    let spawn = "exec target/release/lobbyd --listen 127.0.0.1:4000 ".repeat(6);
    fixtures::ask(&mut other, "spawn", Some(&spawn));
    fixtures::ask(&mut other, "payload", Some(&"x".repeat(300)));
    for width in [60, 80, 100, 120] {
        let shown = compare::text(
            &named([fixtures::healthy(), other.clone()]),
            Some(width),
            false,
        );
        let mut table = shown.lines().skip_while(|line| *line != "What differs");
        let long = table.find(|line| line.chars().count() > usize::from(width));
        assert_eq!(long, None, "at {width}");
    }
}

#[test]
fn runs_side_by_side_are_multiples_of_the_first() {
    let shown = compare::text(
        &named([fixtures::healthy(), fixtures::with_floor()]),
        None,
        false,
    );
    let row = |name: &str| shown.lines().find(|line| line.contains(name)).unwrap();
    assert!(row("  deliveries  ").contains("1.68× ████▊···"), "{shown}");
    assert!(row("↓ server CPU a delivery").contains("1.16×"), "{shown}");
    let words = words(&shown);
    assert!(
        words.contains("the figures are of the server, medians over 3 rounds."),
        "{shown}"
    );
}

#[test]
fn runs_with_different_settings_are_compared_with_a_warning() {
    let mut other = fixtures::healthy();
    fixtures::ask(&mut other, "warmup", None);
    fixtures::ask(&mut other, "clients", Some("500"));
    let runs = named([fixtures::healthy(), other]);
    let shown = compare::text(&runs, None, false);
    let words = words(&shown);
    assert!(
        words.contains("Warning: The runs had not the same setting"),
        "{shown}"
    );
    assert!(words.contains(" clients 1000 500 "), "{shown}");
    assert!(words.contains(" warmup 2s not given "), "{shown}");
    let page = compare::html(&runs);
    assert!(page.contains("<td class=\"\">1000</td><td class=\"\">500</td>"));
    assert_eq!(page.matches("<li class=\"warn\">").count(), 1);
}

#[test]
fn scenarios_that_differ_are_named_in_one_warning_only() {
    let shown = compare::text(&named([fixtures::healthy(), fixtures::ramp()]), None, false);
    let words = words(&shown);
    let told = "Warning: The runs are of different scenarios (fanout, ramp)";
    assert!(words.contains(told), "{shown}");
    assert!(!words.contains(" scenario fanout ramp "), "{shown}");
}

#[test]
fn rate_that_was_asked_for_has_no_arrow_and_rate_that_was_found_has() {
    let rows = |runs: [RunResult; 2]| compare::text(&named(runs), None, false);
    let open = rows([fixtures::healthy(), fixtures::failing()]);
    assert!(open.contains("\n  deliveries  "), "{open}");
    assert!(open.contains("\n  messages published  "), "{open}");
    let found = rows([fixtures::ramp(), fixtures::ramp()]);
    assert!(found.contains("\n↑ deliveries  "), "{found}");
    let closed = rows([fixtures::with_floor(), fixtures::with_floor()]);
    assert!(closed.contains("\n↑ deliveries  "), "{closed}");
    for fault in ["missing", "duplicated", "out of order", "altered"] {
        assert!(closed.contains(&format!("\n↓ {fault}  ")), "{closed}");
    }
}
