//! The documents name every metric of the page: in the table, in the alerts and on the dashboard.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use lobbyd::server::Limit;
use serde_json::Value;

use crate::key_fetches::page_with_tokens;
use crate::metrics::page::{Kind, Page};

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn page() -> Page {
    page_with_tokens()
}

/// Returns the names of metrics in an expression, with the suffixes of histograms.
fn metrics_in(text: &str) -> BTreeSet<String> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let words = text.split(|c| !is_part(c));
    let is_metric = |word: &&str| word.starts_with("lobbyd_") || word.starts_with("process_");
    words.filter(is_metric).map(str::to_owned).collect()
}

/// Returns every name that a query may use.
fn names(page: &Page) -> BTreeSet<String> {
    let all = page.0.iter().flat_map(|(name, metric)| match metric.kind {
        Kind::Histogram => ["_bucket", "_sum", "_count"]
            .map(|end| format!("{name}{end}"))
            .to_vec(),
        _ => vec![name.clone()],
    });
    all.collect()
}

fn section(heading: &str) -> String {
    let operations = read("docs/operations.md");
    let (_, rest) = operations
        .split_once(&format!("\n{heading}\n"))
        .expect(heading);
    rest.split("\n## ").next().unwrap_or_default().to_owned()
}

#[test]
fn table_of_metrics_has_each_one_with_its_kind_and_no_other() {
    let told: BTreeSet<String> = section("## Metrics")
        .lines()
        .filter_map(|line| line.strip_prefix("| `"))
        .filter_map(|line| {
            line.split(" |")
                .take(2)
                .map(str::to_owned)
                .reduce(|a, b| a + &b)
        })
        .map(|row| row.replace('`', ""))
        .collect();
    let kind = |kind| format!("{kind:?}").to_lowercase();
    let page = page();
    let there = page.0.iter().map(|(name, metric)| {
        let mut labels: BTreeSet<&str> = metric
            .samples
            .keys()
            .flat_map(|(_, labels)| labels.keys().map(String::as_str))
            .filter(|label| *label != "le")
            .collect();
        if name.starts_with("lobbyd_room_") {
            labels.insert("topic");
        }
        let labels: Vec<&str> = labels.into_iter().collect();
        match labels[..] {
            [] => format!("{name} {}", kind(metric.kind)),
            _ => format!("{name}{{{}}} {}", labels.join(","), kind(metric.kind)),
        }
    });
    let there: BTreeSet<String> = there.collect();
    let difference: Vec<_> = told.symmetric_difference(&there).collect();
    assert!(
        difference.is_empty(),
        "to be put into, or taken out of, the table in docs/operations.md: {difference:#?}"
    );
}

#[test]
fn alerts_are_about_metrics_that_are_there() {
    let names = names(&page());
    let alerts = section("## Alerts");
    let expressions: Vec<&str> = alerts
        .lines()
        .filter_map(|line| line.trim().strip_prefix("expr: "))
        .collect();
    assert!(expressions.len() >= 8, "{expressions:#?}");
    for expression in expressions {
        let used = metrics_in(expression);
        let absent: Vec<_> = used.difference(&names).collect();
        assert!(absent.is_empty(), "{expression}: there is no {absent:?}");
        // `up` is a metric of Prometheus itself.
        assert!(
            !used.is_empty() || expression.contains("up{"),
            "{expression}"
        );
    }
}

#[test]
fn limits_that_alerts_select_are_limits() {
    let alerts = section("## Alerts");
    let selections = alerts.split("limit=~\"").skip(1);
    let selected = selections.filter_map(|rest| rest.split('"').next());
    let limits: Vec<&str> = selected.flat_map(|names| names.split('|')).collect();
    assert!(!limits.is_empty(), "{alerts}");
    for limit in limits {
        let is_one = Limit::ALL.iter().any(|known| known.name() == limit);
        assert!(is_one, "there is no limit {limit}");
    }
}

/// Returns the paths of all settings, from a file that has all of them.
fn settings() -> BTreeSet<String> {
    let (mut table, mut paths) = (String::new(), BTreeSet::new());
    for line in lobbyd::config::complete().lines() {
        if let Some(name) = line.strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
            table = name.to_owned();
        } else if let Some((key, _)) = line.trim_start_matches('#').split_once(" =")
            && !key.contains(' ')
        {
            paths.insert(format!("{table}.{key}"));
        }
    }
    paths
}

#[test]
fn settings_that_operations_names_are_settings() {
    let settings = settings();
    let operations = read("docs/operations.md");
    let tables = [
        "server", "socket", "log", "metrics", "drain", "timeouts", "limits",
    ];
    let quoted = operations.split('`').skip(1).step_by(2);
    let named: BTreeSet<&str> = quoted
        .filter_map(|text| text.split(' ').next())
        .filter(|path| tables.iter().any(|t| path.split('.').next() == Some(*t)))
        .filter(|path| path.contains('.'))
        .collect();
    assert!(named.len() >= 10, "{named:?}");
    for path in named {
        let known = |s: &String| s == path || s.starts_with(&format!("{path}."));
        assert!(settings.iter().any(known), "{path} is no setting");
    }
    for library in ["ServerLimits", "_timeout_ms", "retention_bytes_max"] {
        assert!(
            !operations.contains(library),
            "{library} is not the operator's name"
        );
    }
}

#[test]
fn dashboard_shows_only_what_is_there_and_every_panel_shows_something() {
    let names = names(&page());
    let dashboard: Value = serde_json::from_str(&read("deploy/grafana/lobbyd.json")).unwrap();
    let panels = dashboard["panels"].as_array().expect("panels");
    let shows = panels.iter().filter(|panel| panel["type"] != "row");
    let mut ids = BTreeSet::new();
    for panel in shows {
        let title = panel["title"].as_str().expect("a title");
        assert!(ids.insert(panel["id"].as_u64().expect("an id")), "{title}");
        let targets = panel["targets"].as_array().expect("queries");
        assert!(!targets.is_empty(), "{title}");
        for target in targets {
            let expression = target["expr"].as_str().expect("an expression");
            let used = metrics_in(expression);
            let absent: Vec<_> = used.difference(&names).collect();
            assert!(absent.is_empty(), "{title}: there is no {absent:?}");
            assert!(!used.is_empty(), "{title}: {expression}");
        }
    }
    assert!(ids.len() >= 12, "{ids:?}");
}
