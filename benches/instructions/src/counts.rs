//! The count of instructions: one run under callgrind, divided by messages or members.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};

use serde_json::Value;
use thiserror::Error;

use crate::{MEMBERS, TIMES};

/// Instructions for one unit of each work, by the unit's name in words.
pub type Counts = BTreeMap<String, f64>;

/// The counted work: the bench's function, the name of one unit, and the number of units.
const COUNTED: [(&str, &str, u64); 6] = [
    ("decode", "decode of a V2 push of 64 B", TIMES),
    (
        "fields",
        "3 fields out of a payload of 200 B, in one pass",
        TIMES,
    ),
    ("seal", "encode and seal of a V2 broadcast of 64 B", TIMES),
    ("append", "publish and append of a sealed broadcast", TIMES),
    (
        "flush_one",
        "flush of 1 frame, per member of 1,000",
        MEMBERS as u64,
    ),
    (
        "flush_sixteen",
        "flush of 16 frames, per member of 1,000",
        MEMBERS as u64,
    ),
];

/// The reason why there are no counts.
#[derive(Debug, Error)]
pub enum Uncounted {
    /// Cargo did not start.
    #[error("cargo does not start: {0}")]
    Cargo(#[from] std::io::Error),
    /// Cargo, gungraun or valgrind failed, and gave the reason on stderr.
    #[error(
        "the bench per_message failed, for the reason above; if that is the runner, install the version of gungraun in \
         Cargo.lock: cargo install gungraun-runner@VERSION, or name one in GUNGRAUN_RUNNER"
    )]
    Bench,
    /// This program does not know the form of gungraun's output.
    #[error(
        "gungraun's output has no {0}; has its format changed with a new version? See src/counts.rs"
    )]
    Output(String),
}

/// Builds the bench like the release binary, runs it and returns its counts.
///
/// # Errors
/// If the bench does not build, run or report its counts. The output of cargo and gungraun goes to
/// stderr.
pub fn count() -> Result<Counts, Uncounted> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    let mut bench = Command::new(cargo);
    bench
        .args(["bench", "--quiet", "--package", "lobbyd-instructions"])
        .args(["--bench", "per_message", "--", "--output-format=json"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stderr(Stdio::inherit());
    let output = bench.output()?;
    if !output.status.success() {
        return Err(Uncounted::Bench);
    }
    figures(&String::from_utf8_lossy(&output.stdout))
}

/// Returns the counts in gungraun's output, which has one line of JSON for each function.
fn figures(output: &str) -> Result<Counts, Uncounted> {
    let summaries: Vec<Value> = output
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect();
    let figure = |(function, name, of): (&str, &str, u64)| {
        let summary = summaries.iter().find(|s| s["function_name"] == function);
        let total = summary.and_then(instructions);
        let total = total.ok_or_else(|| Uncounted::Output(format!("count of {function}")))?;
        // One decimal is enough, because a single instruction of the loop is no change of interest.
        let each = (total as f64 / of as f64 * 10.0).round() / 10.0;
        Ok((name.to_owned(), each))
    };
    COUNTED.into_iter().map(figure).collect()
}

fn instructions(summary: &Value) -> Option<u64> {
    let mut profiles = summary["profiles"].as_array()?.iter();
    let callgrind = profiles.find(|profile| profile["tool"] == "Callgrind")?;
    let metric = callgrind.pointer("/data/total/metrics/Ir/values/new")?;
    metric.as_u64().filter(|count| *count > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(function: &str, instructions: u64) -> String {
        format!(
            r#"{{"function_name":"{function}","profiles":[{{"tool":"Callgrind","data":{{"total":{{"metrics":{{"Ir":{{"values":{{"new":{instructions}}}}}}}}}}}}}]}}"#
        )
    }

    #[test]
    fn counts_are_divided_by_what_the_bench_did() {
        let lines = COUNTED.map(|(function, _, of)| line(function, of * 7 + of / 2));
        let counts = figures(&lines.join("\n")).expect("all are there");
        assert_eq!(counts.len(), COUNTED.len());
        assert!(counts.values().all(|each| *each == 7.5), "{counts:?}");
    }

    #[test]
    fn function_that_is_missing_or_counts_nothing_is_named() {
        let without = |odd: Option<u64>| {
            let lines = COUNTED.map(|(function, _, of)| match (function, odd) {
                ("append", Some(count)) => line(function, count),
                ("append", None) => "no JSON".into(),
                _ => line(function, of),
            });
            figures(&lines.join("\n"))
                .expect_err("one is missing")
                .to_string()
        };
        assert!(without(None).contains("count of append"));
        assert!(without(Some(0)).contains("count of append"));
    }
}
