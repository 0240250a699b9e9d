//! Runs side by side as a page: the table, the distributions, the figures as bars.

use crate::report::html::{Curve, Document, Picture, distributions};
use crate::report::plot::{Bar, Paint, bars};
use crate::result::{Latency, Measurement, RunResult};

use super::compared_run::ComparedRun;
use super::comparison::Comparison;
use super::rows::{Kind, Row};
use super::side_by_side;

/// Returns the comparison as one page that needs no other files. `runs` are named like their files.
pub fn html(runs: &[(String, RunResult)]) -> String {
    let comparison = Comparison::of(runs);
    let names: Vec<&str> = runs.iter().map(|(name, _)| name.as_str()).collect();
    let mut page = Document::new(&format!("{} · lobbyd-loadtest", names.join(", ")));
    page.element("h1", "", "Runs side by side");
    legend(&mut page, &comparison.runs);
    problems(&mut page, &comparison);
    if !comparison.differences.rows.is_empty() {
        page.table(&comparison.differences);
    }
    page.table(&side_by_side::table(
        &comparison.runs,
        &comparison.rows,
        false,
    ));
    for picture in overlaid(&comparison.runs) {
        page.picture(&picture);
    }
    for row in comparison.rows.iter().filter(|row| row.kind == Kind::Drawn) {
        if let Some(picture) = drawn(&comparison.runs, row) {
            page.picture(&picture);
        }
    }
    page.finish()
}

fn legend(page: &mut Document, runs: &[ComparedRun]) {
    for run in runs {
        page.open("p", "");
        page.element("strong", "", &run.letter);
        page.element("span", "", &run.told());
        page.close("p");
    }
}

fn problems(page: &mut Document, comparison: &Comparison) {
    let failures: Vec<_> = comparison
        .runs
        .iter()
        .flat_map(ComparedRun::failures)
        .map(|text| ("bad", "Failed", text))
        .collect();
    let warning = comparison.warning.iter();
    let warning = warning.map(|text| ("warn", "Warning", text.clone()));
    let all: Vec<_> = failures.into_iter().chain(warning).collect();
    page.problems(&all);
}

/// Returns a distribution of a measurement, if it has that one.
type Of = fn(&Measurement) -> Option<&Latency>;

/// Returns plots of the distributions that all runs have.
fn overlaid(runs: &[ComparedRun]) -> Vec<Picture> {
    let kinds: [(&str, Of); 3] = [
        ("Distribution of delivery delays", |each| {
            each.delivery_latency.as_ref()
        }),
        ("Distribution of delays to the last subscriber", |each| {
            each.last_subscriber.as_ref()
        }),
        ("Distribution of times to join", |each| {
            each.connections.time_to_joined.as_ref()
        }),
    ];
    kinds
        .into_iter()
        .filter_map(|(title, of)| overlay(runs, title, of))
        .collect()
}

/// Returns a plot if all runs have the distribution, so that a run has one colour on the page.
fn overlay<'a>(runs: &[ComparedRun<'a>], title: &str, of: Of) -> Option<Picture> {
    let curve = |run: &ComparedRun<'a>| Some((run.title(), of(run.middle?)?));
    let curves: Option<Vec<Curve<'a>>> = runs.iter().map(curve).collect();
    distributions(title, &curves?)
}

/// Returns a figure of all runs as bars.
fn drawn(runs: &[ComparedRun], row: &Row) -> Option<Picture> {
    let mut all = Vec::new();
    for (series, (run, value)) in runs.iter().zip(&row.values).enumerate() {
        if let Some(value) = *value {
            let (name, written) = (run.title(), (row.write)(value));
            all.push(Bar {
                name,
                value,
                written,
                spread: None,
                paint: Paint::Series(series),
            });
        }
    }
    let title = match row.better.words() {
        Some(way) => format!("{} ({way})", row.name),
        None => row.name.to_owned(),
    };
    let words: Vec<String> = all
        .iter()
        .map(|bar| format!("{}: {}.", bar.name, bar.written))
        .collect();
    Some(Picture {
        title,
        words: words.join(" "),
        keys: Vec::new(),
        limits: Vec::new(),
        drawn: bars(&all, None)?,
    })
}
