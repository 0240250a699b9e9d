//! The report of a check: each count beside the earlier one, and the reasons why the check fails.

use std::collections::BTreeMap;
use std::fmt;

use crate::compare::{ALLOCATIONS, Change, INSTRUCTIONS, Verdict, compare};
use crate::counts::{Counts, Measured};
use crate::ledger::{GROWTH_MAX_PERCENT, Overdrawn};
use crate::units;

/// The origin of the earlier counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The file of figures. A count that it lacks has to be recorded.
    Record,
    /// Another revision, counted here. A count that it lacks is new.
    Revision,
}

/// All that a check found.
#[derive(Clone, Debug)]
pub struct Report {
    /// The instructions of each work, now and earlier.
    pub instructions: Vec<Change>,
    /// The blocks of heap of each work, now and earlier.
    pub allocations: Vec<Change>,
    /// The reasons why the check fails, in words.
    pub failures: Vec<String>,
}

impl Report {
    /// Compares `now` with `then`. Works that are `dropped` may vanish.
    pub fn new(
        (origin, then): (Origin, &Measured),
        now: &Measured,
        dropped: &BTreeMap<String, String>,
        overdrawn: &[Overdrawn],
    ) -> Report {
        let instructions = compare(&then.instructions, &now.instructions, INSTRUCTIONS);
        let allocations = compare(&then.allocations, &now.allocations, ALLOCATIONS);
        let changes = instructions.iter().chain(&allocations);
        let failures = changes.filter_map(|change| failure(change, origin, dropped));
        let over = overdrawn.iter().map(|over| {
            let Overdrawn { name, baseline, now } = over;
            match units::is_blocks(name) {
                true => format!("{name}: {now} is more than the recorded {baseline}"),
                false => format!(
                    "{name}: {now:.1} is over {GROWTH_MAX_PERCENT} % above its baseline of {baseline:.1}"
                ),
            }
        });
        let failures = failures.chain(over).chain(deliveries(&now.allocations));
        Report {
            failures: failures.collect(),
            instructions,
            allocations,
        }
    }

    /// Returns the works that take more instructions than is allowed.
    pub fn grown(&self) -> impl Iterator<Item = &str> {
        let grown = self.instructions.iter();
        let grown = grown.filter(|change| change.verdict == Verdict::Grown);
        grown.map(|change| change.name.as_str())
    }
}

fn failure(change: &Change, origin: Origin, dropped: &BTreeMap<String, String>) -> Option<String> {
    let name = &change.name;
    match (change.verdict, origin) {
        (Verdict::Grown, _) => Some(format!("{name}: grown")),
        (Verdict::New, Origin::Record) => Some(format!("{name}: has no recorded figure")),
        (Verdict::Vanished, _) if !dropped.contains_key(name) => Some(format!(
            "{name}: is no longer counted, and not among the dropped ones"
        )),
        _ => None,
    }
}

/// Returns the works that allocate for each delivery, whatever was recorded of them.
pub fn deliveries(allocations: &Counts) -> impl Iterator<Item = String> {
    let zeros = units::ALLOCATIONS
        .iter()
        .filter(|blocks| blocks.without.is_some());
    zeros.filter_map(|blocks| match allocations.get(blocks.name) {
        Some(more) if *more != 0.0 => Some(format!("{}: {more} and not none", blocks.name)),
        _ => None,
    })
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (what, changes) in [
            ("instructions", &self.instructions),
            ("blocks of heap", &self.allocations),
        ] {
            writeln!(f, "{what}: then -> now")?;
            changes
                .iter()
                .try_for_each(|change| writeln!(f, "  {change}"))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FLUSH: &str = "blocks of a flush of 1 frame to 1,000 more members";

    fn measured(instructions: &[(&str, f64)], blocks: f64) -> Measured {
        let counts =
            |of: &[(&str, f64)]| of.iter().map(|(name, n)| (name.to_string(), *n)).collect();
        Measured {
            instructions: counts(instructions),
            allocations: counts(&[(FLUSH, blocks)]),
        }
    }

    fn failures(origin: Origin, then: &Measured, now: &Measured, dropped: &[&str]) -> Vec<String> {
        let dropped = dropped
            .iter()
            .map(|name| (name.to_string(), "a reason".into()));
        Report::new((origin, then), now, &dropped.collect(), &[]).failures
    }

    #[test]
    fn count_without_a_figure_fails_and_one_that_the_base_lacks_does_not() {
        let then = measured(&[("decode", 1000.0)], 0.0);
        let now = measured(&[("decode", 1000.0), ("seal", 500.0)], 0.0);
        let recorded = failures(Origin::Record, &then, &now, &[]);
        assert_eq!(recorded, ["seal: has no recorded figure"]);
        assert!(failures(Origin::Revision, &then, &now, &[]).is_empty());
    }

    #[test]
    fn count_that_vanished_fails_unless_it_is_dropped() {
        let then = measured(&[("decode", 1000.0), ("seal", 500.0)], 0.0);
        let now = measured(&[("decode", 1000.0)], 0.0);
        for origin in [Origin::Record, Origin::Revision] {
            assert_eq!(failures(origin, &then, &now, &[]).len(), 1);
            assert!(failures(origin, &then, &now, &["seal"]).is_empty());
        }
    }

    #[test]
    fn growth_fails_and_names_the_work_that_grew() {
        let then = measured(&[("decode", 1000.0), ("seal", 500.0)], 0.0);
        let now = measured(&[("decode", 1011.0), ("seal", 502.0)], 0.0);
        let report = Report::new((Origin::Record, &then), &now, &BTreeMap::new(), &[]);
        assert_eq!(report.failures, ["decode: grown"]);
        assert_eq!(report.grown().collect::<Vec<_>>(), ["decode"]);
    }

    #[test]
    fn allocation_for_each_delivery_fails_even_if_it_was_recorded() {
        let same = measured(&[], 1000.0);
        let failures = failures(Origin::Record, &same, &same, &[]);
        assert_eq!(failures, [format!("{FLUSH}: 1000 and not none")]);
    }

    #[test]
    fn overdrawn_ledger_fails_where_each_step_was_small() {
        let same = measured(&[("decode", 1031.0)], 0.0);
        let over = Overdrawn {
            name: "decode".into(),
            baseline: 1000.0,
            now: 1031.0,
        };
        let report = Report::new((Origin::Record, &same), &same, &BTreeMap::new(), &[over]);
        assert_eq!(
            report.failures,
            ["decode: 1031.0 is over 3 % above its baseline of 1000.0"]
        );
    }
}
