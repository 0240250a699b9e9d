//! The counts of one run, read from gungraun's output and divided by messages or members.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;

use crate::units::{ALLOCATIONS, Blocks, INSTRUCTIONS, Unit};

/// A count for each work, by the name of its unit in words.
pub type Counts = BTreeMap<String, f64>;

/// All that one run counted.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// Instructions for one unit of each work.
    pub instructions: Counts,
    /// Blocks of heap that each work allocates.
    pub allocations: Counts,
}

/// gungraun's output has no count where one is expected.
#[derive(Debug, Error)]
#[error("gungraun's output has no count of {0}; has its format changed? See src/counts.rs")]
pub struct Missing(String);

/// The names that gungraun's output gives to a tool and its count.
struct Metric {
    tool: &'static str,
    pointer: &'static str,
}

const INSTRUCTIONS_READ: Metric = Metric {
    tool: "Callgrind",
    pointer: "/data/total/metrics/Ir/values/new",
};

const TOTAL_BLOCKS: Metric = Metric {
    tool: "DHAT",
    pointer: "/data/total/metrics/TotalBlocks/values/new",
};

impl Measured {
    /// Reads gungraun's output, which has one line of JSON for each bench.
    ///
    /// # Errors
    /// If a bench or its count is missing, or a bench counts no instructions.
    pub fn read(output: &str) -> Result<Measured, Missing> {
        let lines = output
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok());
        let lines: Vec<Value> = lines.collect();
        let instructions = INSTRUCTIONS.iter().map(|unit| instructions(&lines, unit));
        let allocations = ALLOCATIONS.iter().map(|blocks| allocated(&lines, blocks));
        Ok(Measured {
            instructions: instructions.collect::<Result<_, _>>()?,
            allocations: allocations.collect::<Result<_, _>>()?,
        })
    }
}

fn instructions(lines: &[Value], unit: &Unit) -> Result<(String, f64), Missing> {
    let total = total(lines, unit.bench, &INSTRUCTIONS_READ).filter(|total| *total > 0);
    let total = total.ok_or_else(|| Missing(unit.bench.into()))?;
    // One decimal is enough, because a single instruction of the loop is no change of interest.
    let each = (total as f64 / unit.of as f64 * 10.0).round() / 10.0;
    Ok((unit.name.into(), each))
}

fn allocated(lines: &[Value], blocks: &Blocks) -> Result<(String, f64), Missing> {
    let total = |bench: &str| {
        total(lines, bench, &TOTAL_BLOCKS).ok_or_else(|| Missing(format!("blocks of {bench}")))
    };
    let without = blocks.without.map_or(Ok(0), total)?;
    let more = total(blocks.bench)? as f64 - without as f64;
    Ok((blocks.name.into(), more))
}

/// Returns the count of one bench; `None` if the output has none.
fn total(lines: &[Value], bench: &str, metric: &Metric) -> Option<u64> {
    let (function, id) = match bench.split_once('.') {
        Some((function, id)) => (function, Some(id)),
        None => (bench, None),
    };
    let mut profiles = lines.iter().filter_map(|line| {
        let is_it = line["function_name"] == function && line["id"].as_str() == id;
        let profiles = is_it.then(|| line["profiles"].as_array())??;
        profiles.iter().find(|it| it["tool"] == metric.tool)
    });
    profiles.next()?.pointer(metric.pointer)?.as_u64()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(bench: &str, tool: &str, metric: &str, count: u64) -> String {
        let (function, id) = bench.split_once('.').unwrap_or((bench, ""));
        let id = (!id.is_empty()).then_some(id);
        let data = serde_json::json!({ "total": { "metrics": { metric: { "values": { "new": count } } } } });
        let profiles = serde_json::json!([{ "tool": tool, "data": data }]);
        serde_json::json!({ "function_name": function, "id": id, "profiles": profiles }).to_string()
    }

    /// Returns the output of a run whose benches count what `count` says.
    fn output(count: impl Fn(&str) -> u64) -> String {
        let ir = INSTRUCTIONS
            .map(|unit| line(unit.bench, "Callgrind", "Ir", count(unit.bench) * unit.of));
        let benches = ALLOCATIONS.map(|blocks| [Some(blocks.bench), blocks.without]);
        let benches = benches.into_iter().flatten().flatten();
        let blocks = benches.map(|bench| line(bench, "DHAT", "TotalBlocks", count(bench)));
        ir.into_iter().chain(blocks).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn counts_are_divided_by_what_the_bench_did() {
        let measured = Measured::read(&output(|_| 7)).expect("all are there");
        assert_eq!(measured.instructions.len(), INSTRUCTIONS.len());
        assert!(measured.instructions.values().all(|each| *each == 7.0));
    }

    #[test]
    fn blocks_of_less_work_are_subtracted_and_may_be_none() {
        let count = |bench: &str| if bench == "flush.once" { 5 } else { 7 };
        let measured = Measured::read(&output(count)).expect("all are there");
        let more_members =
            &measured.allocations["blocks of a flush of 1 frame to 1,000 more members"];
        assert_eq!(*more_members, 2.0);
        let none = Measured::read(&output(|bench| u64::from(bench != "publish")));
        let none = none.expect("no block is a count");
        assert_eq!(
            none.allocations["blocks of a push of 64 B into a room by rules"],
            0.0
        );
    }

    #[test]
    fn bench_that_is_missing_or_counts_nothing_is_named() {
        let all = output(|_| 7);
        let rest: Vec<&str> = all
            .lines()
            .filter(|line| !line.contains("append"))
            .collect();
        let missing = Measured::read(&rest.join("\n")).expect_err("one is missing");
        assert!(missing.to_string().contains("count of append"));
        let zero = Measured::read(&output(|bench| u64::from(bench != "append")));
        let zero = zero.expect_err("one counts nothing");
        assert!(zero.to_string().contains("count of append"));
    }

    #[test]
    fn measured_counts_survive_as_json() {
        let measured = Measured::read(&output(|_| 7)).expect("all are there");
        let text = serde_json::to_string(&measured).expect("counts are JSON");
        assert_eq!(serde_json::from_str::<Measured>(&text).unwrap(), measured);
    }
}
