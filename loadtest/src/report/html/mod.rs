//! The result as one HTML page that needs no other files.
//!
//! The page has no scripts, no fonts and no pictures from elsewhere. It can be kept next to the
//! JSON, sent by mail and printed.

mod document;
mod plots;
mod tiles;

use crate::result::{Machine, RunResult, Severity};

use super::collect_findings::findings;
use super::representative::Representative;
use super::verdict::{bottleneck, ramp, verdict};
use super::{setup, tables, units};

pub(super) use document::{Document, Picture};
pub(super) use plots::{Curve, distributions};

/// Returns the result as a page: failures, key figures, plots, tables, and all settings needed to
/// repeat the run.
pub fn render(result: &RunResult) -> String {
    let mut page = Document::new(&title(result));
    heading(&mut page, result);
    problems(&mut page, result);
    let representative = Representative::of(result);
    if let Some(representative) = &representative {
        tiles::tiles(&mut page, representative);
    }
    sentences(&mut page, result, representative.as_ref());
    for picture in plots::all(result) {
        page.picture(&picture);
    }
    for table in tables::all(result) {
        page.table(&table);
    }
    setting(&mut page, result);
    page.finish()
}

/// Returns a title that distinguishes the page among other tabs.
fn title(result: &RunResult) -> String {
    let parts = [
        &result.scenario,
        &setup::subtitle(result),
        "lobbyd-loadtest",
    ];
    let there = parts.into_iter().filter(|part| !part.is_empty());
    there.collect::<Vec<_>>().join(" · ")
}

fn heading(page: &mut Document, result: &RunResult) {
    page.element("h1", "", &result.scenario);
    page.element("p", "subtitle", &setup::subtitle(result));
    if let Some(cores) = setup::binding(&result.machine) {
        page.element("p", "", &cores);
    }
    let seconds = result.measurements.iter().map(|each| each.seconds);
    let measured = units::time(seconds.sum::<f64>() * 1e6);
    let when = format!("{}, {measured} measured", result.started_at);
    page.element("p", "quiet", &when);
    let (word, sentence) = verdict(result);
    let mood = if result.held {
        "verdict good"
    } else {
        "verdict bad"
    };
    page.open("p", mood);
    page.element("strong", "", word);
    page.element("span", "", &sentence);
    page.close("p");
}

fn problems(page: &mut Document, result: &RunResult) {
    let told = findings(result)
        .into_iter()
        .map(|finding| match finding.severity {
            Severity::Failure => ("bad", "Failed", finding.text),
            Severity::Warning => ("warn", "Warning", finding.text),
        });
    page.problems(&told.collect::<Vec<_>>());
}

/// Adds sentences: a ramp's result, the side at its limit, which measurements the figures are of.
fn sentences(page: &mut Document, result: &RunResult, representative: Option<&Representative>) {
    if let Some(found) = &result.ramp {
        page.element("p", "lead", &ramp(found));
    }
    if let Some(sentence) = bottleneck(result) {
        page.element("p", "", &sentence);
    }
    let Some(representative) = representative else {
        return;
    };
    if let (Some(how), Some(which)) = (&representative.how, representative.in_full()) {
        let told = match *how == which {
            true => format!("The figures are of {how}."),
            false => format!("The figures above are of {how}; in full below: {which}."),
        };
        page.element("p", "quiet", &told);
    }
}

/// Adds the settings needed to repeat the run.
fn setting(page: &mut Document, result: &RunResult) {
    page.element("h2", "", "Setting");
    let mut pairs: Vec<(String, String)> = result
        .parameters
        .iter()
        .map(|each| (each.name.clone(), each.value.clone()))
        .collect();
    pairs.push(("seed".to_owned(), result.seed.to_string()));
    page.pairs(&pairs);
    page.element("h3", "", "Machine");
    page.pairs(&machine(&result.machine));
    page.element("h3", "", "Command line");
    let words: Vec<String> = result
        .command_line
        .iter()
        .map(|word| quoted(word))
        .collect();
    page.element("pre", "", &words.join(" "));
    page.element(
        "p",
        "quiet",
        &format!("lobbyd-loadtest {}", result.tool_version),
    );
}

fn machine(machine: &Machine) -> Vec<(String, String)> {
    let unbound = || "not bound".to_owned();
    [
        ("processor", machine.cpu_model.clone()),
        ("cores", machine.cores.to_string()),
        ("memory", units::bytes(machine.memory_bytes as f64)),
        ("system", machine.kernel.clone()),
        (
            "server bound to cores",
            machine.server_cores.clone().unwrap_or_else(unbound),
        ),
        (
            "load bound to cores",
            machine.load_cores.clone().unwrap_or_else(unbound),
        ),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .to_vec()
}

/// Returns a word quoted as a shell needs it.
fn quoted(word: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./:=,@%+".contains(letter);
    match !word.is_empty() && word.chars().all(plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', "'\\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn command_line_can_be_pasted_into_a_shell() {
        assert_eq!(quoted("--url=ws://host:4000/x"), "--url=ws://host:4000/x");
        assert_eq!(quoted("{\"a\": 1}"), "'{\"a\": 1}'");
        assert_eq!(quoted("it's"), "'it'\\''s'");
        assert_eq!(quoted(""), "''");
    }
}
