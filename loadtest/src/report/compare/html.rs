//! Runs side by side as a page: the table, the distributions over each other, the figures that count as bars.

use crate::report::html::{Curve, Document, Picture, distributions};
use crate::report::plot::{Bar, bars};
use crate::result::{Latency, Measurement, RunResult};

use super::rows::{Better, Kind, Row};
use super::{Comparison, Run, rows};

/// The runs, named as their files are, as one page that needs nothing else.
pub fn html(runs: &[(String, RunResult)]) -> String {
    let comparison = Comparison::of(runs);
    let mut page = Document::new("comparison · lobbyd-loadtest");
    page.element("h1", "", "Runs side by side");
    legend(&mut page, &comparison.runs);
    problems(&mut page, &comparison);
    page.table(&rows::table(&comparison.runs, &comparison.rows, false));
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

fn legend(page: &mut Document, runs: &[Run]) {
    let pairs: Vec<_> = runs
        .iter()
        .map(|run| (run.letter.clone(), run.told()))
        .collect();
    page.pairs(&pairs);
}

fn problems(page: &mut Document, comparison: &Comparison) {
    let failures: Vec<_> = comparison
        .runs
        .iter()
        .flat_map(Run::failures)
        .map(|text| ("bad", "Failed", text))
        .collect();
    let differences = comparison.differences.iter();
    let differences = differences.map(|text| ("warn", "Differs", text.clone()));
    let all: Vec<_> = failures.into_iter().chain(differences).collect();
    page.problems(&all);
}

/// The distributions that more than one run has.
fn overlaid(runs: &[Run]) -> Vec<Picture> {
    type Of = fn(&Measurement) -> Option<&Latency>;
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
    let draw = |(title, of): (&str, Of)| {
        let curve =
            |run: &Run| -> Option<Latency> { of(run.standing.as_ref()?.middle()?).cloned() };
        let all: Vec<_> = runs
            .iter()
            .filter_map(|run| Some((run, curve(run)?)))
            .collect();
        let curves: Vec<Curve> = all
            .iter()
            .map(|(run, latency)| (format!("{}: {}", run.letter, run.name), latency))
            .collect();
        // A curve's colour is its place: all or none, so that a run has one colour on the whole page.
        if curves.len() == runs.len() {
            distributions(title, &curves)
        } else {
            None
        }
    };
    kinds.into_iter().filter_map(draw).collect()
}

/// A figure of all runs as bars.
fn drawn(runs: &[Run], row: &Row) -> Option<Picture> {
    let bar = |(index, (run, value)): (usize, (&Run, &Option<f64>))| {
        let value = (*value)?;
        let written = (row.write)(value);
        Some(Bar {
            name: format!("{}: {}", run.letter, run.name),
            value,
            written,
            spread: None,
            series: index,
        })
    };
    let all: Vec<Bar> = runs
        .iter()
        .zip(&row.values)
        .enumerate()
        .filter_map(bar)
        .collect();
    let way = if row.better == Better::More {
        "more"
    } else {
        "less"
    };
    let words: Vec<String> = all
        .iter()
        .map(|bar| format!("{}: {}.", bar.name, bar.written))
        .collect();
    Some(Picture {
        title: format!("{} ({way} is better)", row.name),
        words: words.join(" "),
        keys: Vec::new(),
        limits: Vec::new(),
        drawn: bars(&all, None)?,
    })
}
