//! Reports: failures first, foreign text escaped, pages complete, the schema that of the code.

#[path = "report/fixtures.rs"]
mod fixtures;
#[path = "report/markup.rs"]
mod markup;

use std::path::{Path, PathBuf};

use lobbyd_loadtest::report::{compare, html, json, schema, text};
use lobbyd_loadtest::result::{Ended, RunResult};
use lobbyd_loadtest::run::{failure, warning};

/// Returns every sample with its name.
fn samples() -> [(&'static str, RunResult); 7] {
    [
        ("healthy", fixtures::healthy()),
        ("failing", fixtures::failing()),
        ("ramp", fixtures::ramp()),
        ("floor", fixtures::with_floor()),
        ("joins", fixtures::joins()),
        ("restart", fixtures::restart()),
        ("not_started", not_started()),
    ]
}

fn not_started() -> RunResult {
    let mut result = fixtures::healthy();
    result.ended = Ended::NotStarted;
    result.held = false;
    result.objectives.clear();
    result.measurements.clear();
    let text = "connection refused: nothing listens there".to_owned();
    result.problems = vec![failure(text)];
    result
}

fn named(runs: [RunResult; 2]) -> Vec<(String, RunResult)> {
    ["a.json", "b.json"]
        .map(String::from)
        .into_iter()
        .zip(runs)
        .collect()
}

/// Returns a text in one line, without its line breaks.
fn words(shown: &str) -> String {
    shown.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn plain(result: &RunResult) -> String {
    text::render(result, None, false)
}

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
fn ramp_that_broke_has_the_cause_as_its_finding_and_not_as_its_failure() {
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
fn generator_at_its_limit_is_named_as_the_bottleneck() {
    let shown = plain(&fixtures::failing());
    assert!(shown.contains(
        "The load generator was the bottleneck: the figures are its ceiling, not the server's."
    ));
}

#[test]
fn generator_whose_core_others_took_is_not_sent_to_another_core() {
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
fn limit_that_nobody_asked_for_is_not_named() {
    let limit = "Neither side was at its limit: the rate that was asked for was.";
    assert!(plain(&fixtures::healthy()).contains(limit));
    assert!(!plain(&fixtures::joins()).contains("Neither side"));
}

#[test]
fn measured_load_and_its_cores_stand_above_the_figures() {
    let result = fixtures::healthy();
    let what = "fanout · 1,000 clients · 1,000 msg/s · ws://127.0.0.1:4000/socket/websocket";
    let cores = "Server on core 0 (of 2), load on core 1: the capacity told is that of 1 core.";
    let shown = plain(&result);
    assert!(shown.contains(&format!("\n{what}\n{cores}\n")), "{shown}");
    let page = html::render(&result);
    assert!(page.contains(&format!("<title>{what} · lobbyd-loadtest</title>")));
    assert!(page.contains(cores));
    assert!(plain(&fixtures::ramp()).contains("ramp · 1,000 clients · 200 to 3,200 msg/s · ws"));
}

#[test]
fn objective_that_nothing_was_observed_of_could_not_be_judged() {
    let mut result = fixtures::failing();
    result.objectives[0].observed = "nothing was observed".into();
    let shown = plain(&result);
    let told = "FAILED: Objective p99=20ms could not be judged: nothing was observed.\n";
    assert!(shown.contains(told), "{shown}");
    assert!(shown.contains("not judged"), "{shown}");
}

#[test]
fn run_interrupted_before_it_measured_says_that_alone() {
    let mut result = not_started();
    result.ended = Ended::Interrupted;
    assert_eq!(plain(&result), "INTERRUPTED: Nothing was measured.\n");
    assert!(!html::render(&result).contains("until then"));
}

#[test]
fn few_connections_make_no_claim_about_the_memory_of_each() {
    let mut result = fixtures::healthy();
    assert!(!plain(&result).contains("mostly fixed cost"));
    result.measurements[0].connections.joined = 999;
    assert!(plain(&result).contains("820 B a connection  (mostly fixed cost)"));
    assert!(html::render(&result).contains("(mostly fixed cost)"));
}

#[test]
fn figures_of_nothing_used_get_no_line() {
    let mut result = fixtures::joins();
    let server = result.measurements[0].server.as_mut().unwrap();
    (server.cpu_seconds, server.system_seconds) = (0.0, 0.0);
    server.us_per_join = Some(0.0);
    result.measurements[0].load.deliveries_per_read = Some(0.0);
    let shown = plain(&result);
    for line in ["server CPU", "in the kernel", "deliveries a read"] {
        assert!(!shown.contains(line), "{line}: {shown}");
    }
}

#[test]
fn multiple_of_the_floor_says_which_way_is_better() {
    let page = html::render(&fixtures::with_floor());
    let begin = page
        .find("The server as a multiple of the floor (batch)")
        .unwrap();
    let figure = &page[begin..];
    let words = figure.split("aria-label=\"").nth(1).unwrap();
    for told in [
        "server CPU per delivery, less is better: 0.89×.",
        "deliveries per second, more is better: 1.09×.",
        "deliveries per read: 1.90×.",
    ] {
        assert!(words.contains(told), "{told}");
    }
    let wide = figure.split("class=\"wide\"").nth(1).unwrap();
    let bars = &wide[..wide.find("</svg>").unwrap()];
    let painted = |mark: &str| bars.matches(&format!("fill=\"{mark}\"")).count();
    assert_eq!(["#040404", "#030303", "#050505"].map(painted), [3, 1, 2]);
}

#[test]
fn run_that_measured_nothing_is_told_all_the_same() {
    let result = not_started();
    assert!(plain(&result).starts_with("FAILED: connection refused"));
    assert!(html::render(&result).contains("connection refused"));
    let shown = compare::text(&named([fixtures::healthy(), result]), None, false);
    assert!(shown.contains("Nothing was measured."), "{shown}");
}

#[test]
fn lines_fit_the_terminal_and_colour_adds_nothing_but_colour() {
    for (name, result) in samples() {
        for width in [60, 80, 100, 120] {
            let plain = text::render(&result, Some(width), false);
            let long = plain
                .lines()
                .find(|line| line.chars().count() > usize::from(width));
            assert_eq!(long, None, "{name} at {width}");
            let coloured = text::render(&result, Some(width), true);
            assert_eq!(
                markup::without_colour(&coloured),
                plain,
                "{name} at {width}"
            );
        }
    }
}

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
fn words_of_the_server_do_not_steer_the_terminal() {
    let result = fixtures::failing();
    assert!(!plain(&result).contains('\u{1b}'));
    assert!(!text::render(&result, None, true).contains("\u{1b}[2J"));
}

#[test]
fn words_of_the_server_do_not_become_markup() {
    let failing = fixtures::failing();
    for page in [
        html::render(&failing),
        compare::html(&named([fixtures::healthy(), failing])),
    ] {
        assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
        assert!(!page.contains("<script"));
        assert!(!page.contains('\u{1b}'));
    }
}

#[test]
fn page_is_whole_and_needs_no_other_file() {
    let mut pages: Vec<String> = samples()
        .iter()
        .map(|(_, result)| html::render(result))
        .collect();
    pages.push(compare::html(&named([
        fixtures::healthy(),
        fixtures::with_floor(),
    ])));
    for page in pages {
        assert_eq!(markup::unbalanced(&page), None);
        let outside = page.replace("xmlns=\"http://www.w3.org/2000/svg\"", "");
        for reference in [" src=", "<link", "@import", "url(", "xmlns"] {
            assert!(!outside.contains(reference), "{reference}");
        }
    }
}

#[test]
fn plots_have_names_for_who_cannot_see_them_and_the_pages_colours() {
    for (name, result) in samples() {
        let page = html::render(&result);
        for svg in page.split("<svg ").skip(1) {
            let head = svg.split('>').next().unwrap();
            let hidden = head.contains("aria-hidden=\"true\"");
            assert!(
                hidden || (head.contains("role=\"img\"") && head.contains("aria-label=\"")),
                "{name}: {head}"
            );
        }
        for attribute in ["fill", "stroke"] {
            for used in markup::colours(&page, attribute) {
                let rule = format!("svg [{attribute}=\"{used}\"]");
                assert!(
                    page.contains(&rule),
                    "{name}: nothing maps {attribute} {used}"
                );
            }
        }
    }
    assert_eq!(
        html::render(&fixtures::with_floor())
            .matches("<figure>")
            .count(),
        7
    );
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
fn runs_that_were_not_asked_for_the_same_are_not_compared_in_silence() {
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
fn scenarios_that_differ_are_told_once() {
    let shown = compare::text(&named([fixtures::healthy(), fixtures::ramp()]), None, false);
    let words = words(&shown);
    let told = "Warning: The runs are of different scenarios (fanout, ramp)";
    assert!(words.contains(told), "{shown}");
    assert!(!words.contains(" scenario fanout ramp "), "{shown}");
}

#[test]
fn figure_asked_for_is_no_merit_and_figure_found_is() {
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

/// Makes a folder that is removed when the test ends.
fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

#[test]
fn result_that_was_written_is_read_as_it_was() {
    let folder = folder();
    for (name, result) in samples() {
        let path = folder.path().join(name);
        json::write(&path, &result).unwrap();
        assert_eq!(json::read(&path).unwrap(), result, "{name}");
    }
}

#[test]
fn file_that_cannot_be_used_is_refused_with_the_reason() {
    let folder = folder();
    let path = folder.path().join("result.json");
    let refused = |content: &str| {
        std::fs::write(&path, content).unwrap();
        json::read(&path).unwrap_err().to_string()
    };
    let whole = serde_json::to_string(&fixtures::healthy()).unwrap();
    assert!(
        refused(&whole[..whole.len() / 2]).contains("result.json is not JSON: EOF while parsing")
    );
    assert!(
        refused("{\"name\":\"package\"}").contains("is JSON, but not a result of lobbyd-loadtest")
    );
    let later = whole.replace("\"schema_version\":1", "\"schema_version\":2");
    assert!(refused(&later).contains("has schema_version 2, and this lobbyd-loadtest reads 1"));
    let damaged = whole.replace("\"held\":true", "\"held\":\"yes\"");
    assert!(refused(&damaged).contains("is a result of lobbyd-loadtest 0.1.0, but invalid type"));
    let absent = json::read(&folder.path().join("absent.json"))
        .unwrap_err()
        .to_string();
    assert!(
        absent.starts_with("cannot read ") && absent.contains("absent.json: No such file"),
        "{absent}"
    );
}

fn published_schema() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("schema.json")
}

#[test]
fn published_schema_is_that_of_the_code() {
    let made = serde_json::to_string_pretty(&schema()).unwrap() + "\n";
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(published_schema(), &made).unwrap();
    }
    let published = std::fs::read_to_string(published_schema()).unwrap_or_default();
    let how = "BLESS=1 cargo test -p lobbyd-loadtest --test report schema";
    assert!(
        made == published,
        "loadtest/schema.json is not what the types in src/result say. Write it anew: {how}"
    );
}

#[test]
fn results_are_as_the_schema_says_and_strangers_are_not() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    for (name, result) in samples() {
        let value = serde_json::to_value(&result).unwrap();
        let errors: Vec<String> = validator
            .iter_errors(&value)
            .map(|error| error.to_string())
            .collect();
        assert!(errors.is_empty(), "{name}: {errors:?}");
    }
    let mut stranger = serde_json::to_value(fixtures::healthy()).unwrap();
    stranger["measurements"][0]["saturated"] = "perhaps".into();
    assert!(!validator.is_valid(&stranger));
    let mut longer = serde_json::to_value(fixtures::healthy()).unwrap();
    longer["measurements"][0]["surprise"] = 1.into();
    assert!(!validator.is_valid(&longer));
}

#[test]
#[ignore = "leaves the samples as text, HTML and JSON in target/tmp/report, to be looked at"]
fn samples_are_left_to_be_looked_at() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("report");
    std::fs::create_dir_all(&folder).unwrap();
    let keep = |name: &str, content: String| std::fs::write(folder.join(name), content).unwrap();
    for (name, result) in samples() {
        keep(&format!("{name}.html"), html::render(&result));
        keep(&format!("{name}.txt"), text::render(&result, None, true));
        json::write(&folder.join(format!("{name}.json")), &result).unwrap();
    }
    let runs = named([fixtures::healthy(), fixtures::failing()]);
    keep("compare.html", compare::html(&runs));
    keep("compare.txt", compare::text(&runs, None, true));
}

#[test]
fn restart_tells_when_who_was_back_and_what_they_felt() {
    let result = fixtures::restart();
    let shown = words(&plain(&result));
    for told in [
        "HELD: 1,000 clients were back 2.90 s after the signal, and no server refused any.",
        "restart · 900 clients in one lobby, 1 in each of 100 others",
        "the old server had ended 610 ms exit status: 0",
        "50 % were back 1.90 s 1.06 s after the new one answered",
        "tries to connect 3,345 3 for half of the clients, 5 at most",
        "2,345 no server was there: connection refused",
        "old connections ended 1,000 1012 (restart)",
        "small lobbies, while others came back",
    ] {
        assert!(shown.contains(told), "{told:?} is not in {shown}");
    }
    assert!(!shown.contains("Neither side"));
    let page = html::render(&result);
    assert!(
        page.contains(
            "Who was back when. 1,000 of 1,000 clients were back, the last of them 2.90 s"
        )
    );
}
