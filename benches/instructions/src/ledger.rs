//! The ledger: growth since a count's baseline, and the record of new figures with their reason.

use std::collections::BTreeMap;

use crate::compare::percent;
use crate::conditions::Conditions;
use crate::counts::{Counts, Measured};
use crate::figures::{Figure, Figures};

/// How much a count may grow over its baseline, in percent, in all records together.
pub const GROWTH_MAX_PERCENT: f64 = 3.0;

/// A count that grew too far over its baseline.
#[derive(Clone, Debug, PartialEq)]
pub struct Overdrawn {
    /// The name of the work.
    pub name: String,
    /// Its baseline.
    pub baseline: f64,
    /// Its count, or what that would be under the recorded conditions.
    pub now: f64,
}

/// Returns the counts that are more than [`GROWTH_MAX_PERCENT`] above their baselines.
pub fn overdrawn(figures: &BTreeMap<String, Figure>, now: &Counts) -> Vec<Overdrawn> {
    let each = figures.iter().filter_map(|(name, figure)| {
        let now = *now.get(name)?;
        let is_over = percent(figure.baseline, now) > GROWTH_MAX_PERCENT;
        is_over.then(|| Overdrawn {
            name: name.clone(),
            baseline: figure.baseline,
            now,
        })
    });
    each.collect()
}

/// Returns what the counts `now` would be under the recorded conditions. `base` has the counts of
/// the recorded source under the conditions of `now`.
pub fn projected(recorded: &Counts, base: &Counts, now: &Counts) -> Counts {
    let each = recorded.iter().filter_map(|(name, recorded)| {
        let grown = now.get(name)? / base.get(name)?;
        Some((name.clone(), recorded * grown))
    });
    each.collect()
}

/// Returns what the counts of the recorded source would be here. `base` has the counts of the
/// source before the record, counted here, and `earlier` what was recorded of it. So growth that
/// the record names is allowed, and other growth is not.
pub fn expected(recorded: &Counts, earlier: &Counts, base: &Counts) -> Counts {
    let each = base.iter().filter_map(|(name, base)| {
        let named = recorded.get(name)? / earlier.get(name)?;
        Some((name.clone(), base * named))
    });
    each.collect()
}

/// A record to be made.
#[derive(Clone, Debug)]
pub struct Record {
    /// The conditions of the counts.
    pub conditions: Conditions,
    /// The new counts.
    pub now: Measured,
    /// The counts of the recorded source, under the same conditions as `now`. Equal to the recorded
    /// ones if the conditions are.
    pub base: Counts,
    /// The reason.
    pub because: String,
    /// Works with this part in their names get a new baseline.
    pub new_baseline: Option<String>,
}

impl Record {
    /// Returns the new content of the file, which had the content `before`.
    ///
    /// A baseline that comes from other conditions is converted, so that growth since then counts
    /// on. A work that is no longer counted goes to the dropped ones, with the reason.
    ///
    /// # Errors
    /// If a count is too far above its baseline, or a work allocates more blocks than recorded, and
    /// gets no new baseline.
    pub fn onto(self, before: Option<&Figures>) -> Result<Figures, Vec<Overdrawn>> {
        let empty = BTreeMap::new();
        let then = before.map_or(&empty, |figures| &figures.instructions);
        let figure = |(name, now): (&String, &f64)| (name.clone(), self.figure(name, *now, then));
        let instructions: BTreeMap<_, _> = self.now.instructions.iter().map(figure).collect();
        let mut over = overdrawn(&instructions, &self.now.instructions);
        over.extend(
            before
                .into_iter()
                .flat_map(|before| self.more_blocks(before)),
        );
        if !over.is_empty() {
            return Err(over);
        }
        let mut dropped = before.map_or_else(BTreeMap::new, |figures| figures.dropped.clone());
        let before_names = before.into_iter().flat_map(Figures::names);
        dropped.extend(before_names.map(|name| (name.clone(), self.because.clone())));
        dropped.retain(|name, _| !self.now.has(name));
        let mut planned = before.map_or_else(BTreeMap::new, |figures| figures.planned.clone());
        planned.retain(|name, _| !self.now.has(name));
        Ok(Figures {
            conditions: self.conditions,
            because: self.because,
            instructions,
            allocations: self.now.allocations,
            dropped,
            planned,
        })
    }

    fn figure(&self, name: &str, now: f64, then: &BTreeMap<String, Figure>) -> Figure {
        let first = |bought| Figure {
            recorded: now,
            baseline: now,
            bought,
        };
        if self.gets_new_baseline(name) {
            return first(Some(self.because.clone()));
        }
        let Some(then) = then.get(name) else {
            return first(None);
        };
        let scale = self.base.get(name).map_or(1.0, |base| base / then.recorded);
        Figure {
            recorded: now,
            baseline: (then.baseline * scale * 10.0).round() / 10.0,
            bought: then.bought.clone(),
        }
    }

    /// Returns the works that allocate more than `before`, but for those with a new baseline.
    fn more_blocks(&self, before: &Figures) -> Vec<Overdrawn> {
        let each = self.now.allocations.iter().filter_map(|(name, now)| {
            let baseline = *before.allocations.get(name)?;
            let is_over = *now > baseline && !self.gets_new_baseline(name);
            is_over.then(|| Overdrawn {
                name: name.clone(),
                baseline,
                now: *now,
            })
        });
        each.collect()
    }

    fn gets_new_baseline(&self, name: &str) -> bool {
        let part = self.new_baseline.as_deref();
        part.is_some_and(|part| name.contains(part))
    }
}

impl Figures {
    fn names(&self) -> impl Iterator<Item = &String> {
        self.instructions.keys().chain(self.allocations.keys())
    }
}

impl Measured {
    fn has(&self, name: &str) -> bool {
        self.instructions.contains_key(name) || self.allocations.contains_key(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn conditions(toolchain: &str) -> Conditions {
        Conditions {
            toolchain: toolchain.into(),
            rustflags: String::new(),
            valgrind: "valgrind-3.19.0".into(),
            libc: "glibc 2.36".into(),
            dispatch: "x86_64 avx2".into(),
        }
    }

    fn counts(of: &[(&str, f64)]) -> Counts {
        of.iter().map(|(name, n)| (name.to_string(), *n)).collect()
    }

    fn record(now: &[(&str, f64)], base: &[(&str, f64)]) -> Record {
        Record {
            conditions: conditions("rustc 1"),
            now: Measured {
                instructions: counts(now),
                allocations: counts(&[("join", 9.0)]),
            },
            base: counts(base),
            because: "it was wanted".into(),
            new_baseline: None,
        }
    }

    fn first(now: &[(&str, f64)]) -> Figures {
        record(now, &[]).onto(None).expect("nothing to be above")
    }

    #[test]
    fn first_record_of_a_work_is_its_baseline() {
        let figures = first(&[("decode", 1000.0)]);
        let decode = &figures.instructions["decode"];
        assert_eq!((decode.recorded, decode.baseline), (1000.0, 1000.0));
        assert_eq!(
            (decode.bought.as_deref(), figures.because.as_str()),
            (None, "it was wanted")
        );
        let later = [("decode", 1000.0), ("seal", 500.0)];
        let figures = record(&later, &[("decode", 1000.0)]).onto(Some(&figures));
        assert_eq!(figures.unwrap().instructions["seal"].baseline, 500.0);
    }

    #[test]
    fn records_of_little_growth_may_not_exceed_three_percent_together() {
        let mut figures = first(&[("decode", 1000.0)]);
        for now in [1009.0, 1018.0, 1027.0, 1030.0] {
            let base = [("decode", figures.instructions["decode"].recorded)];
            figures = record(&[("decode", now)], &base)
                .onto(Some(&figures))
                .expect("within 3 %");
            assert_eq!(figures.instructions["decode"].baseline, 1000.0);
        }
        let over = record(&[("decode", 1030.1)], &[("decode", 1030.0)]).onto(Some(&figures));
        let over = over.expect_err("over 3 %");
        assert_eq!(
            (over[0].name.as_str(), over[0].baseline),
            ("decode", 1000.0)
        );
    }

    #[test]
    fn new_baseline_is_for_the_named_works_and_keeps_what_it_bought() {
        let figures = first(&[("decode", 1000.0), ("seal", 500.0)]);
        let base = [("decode", 1000.0), ("seal", 500.0)];
        let grown = [("decode", 1100.0), ("seal", 505.0)];
        let mut bought = record(&grown, &base);
        bought.new_baseline = Some("dec".into());
        let figures = bought
            .onto(Some(&figures))
            .expect("decode has a new baseline");
        let decode = &figures.instructions["decode"];
        assert_eq!(
            (decode.baseline, decode.bought.as_deref()),
            (1100.0, Some("it was wanted"))
        );
        let seal = &figures.instructions["seal"];
        assert_eq!((seal.baseline, seal.bought.as_deref()), (500.0, None));
    }

    #[test]
    fn baseline_is_converted_to_new_conditions_and_growth_counts_on() {
        let figures = first(&[("decode", 1000.0)]);
        let grown = record(&[("decode", 1020.0)], &[("decode", 1000.0)])
            .onto(Some(&figures))
            .unwrap();
        // Another compiler makes half of it, from the same source.
        let mut converted = record(&[("decode", 510.0)], &[("decode", 510.0)]);
        converted.conditions = conditions("rustc 2");
        let converted = converted.onto(Some(&grown)).expect("nothing grew");
        assert_eq!(converted.instructions["decode"].baseline, 500.0);
        let over = record(&[("decode", 516.0)], &[("decode", 510.0)]).onto(Some(&converted));
        assert!(over.is_err());
    }

    #[test]
    fn counts_of_other_conditions_are_projected_by_their_growth() {
        let recorded = counts(&[("decode", 1000.0), ("seal", 500.0), ("old", 1.0)]);
        let base = counts(&[("decode", 2000.0), ("seal", 800.0), ("old", 2.0)]);
        let now = counts(&[("decode", 2100.0), ("seal", 800.0), ("new", 3.0)]);
        let projected = projected(&recorded, &base, &now);
        assert_eq!(projected, counts(&[("decode", 1050.0), ("seal", 500.0)]));
        let figures = first(&[("decode", 1000.0), ("seal", 500.0)]);
        let over = overdrawn(&figures.instructions, &projected);
        assert_eq!(over.len(), 1);
        assert_eq!((over[0].name.as_str(), over[0].now), ("decode", 1050.0));
    }

    #[test]
    fn growth_that_the_record_does_not_name_is_not_expected() {
        let earlier = counts(&[("decode", 1000.0), ("seal", 500.0)]);
        let recorded = counts(&[("decode", 1100.0), ("seal", 500.0), ("new", 7.0)]);
        let base = counts(&[("decode", 2000.0), ("seal", 800.0)]);
        let expected = expected(&recorded, &earlier, &base);
        assert_eq!(expected, counts(&[("decode", 2200.0), ("seal", 800.0)]));
    }

    #[test]
    fn work_that_allocates_more_needs_a_new_baseline() {
        let figures = first(&[("decode", 1000.0)]);
        let mut more = record(&[("decode", 1000.0)], &[("decode", 1000.0)]);
        more.now.allocations = counts(&[("join", 10.0)]);
        let refused = more
            .clone()
            .onto(Some(&figures))
            .expect_err("one block more");
        assert_eq!((refused[0].name.as_str(), refused[0].now), ("join", 10.0));
        more.new_baseline = Some("join".into());
        let bought = more.onto(Some(&figures)).expect("join has a new baseline");
        assert_eq!(bought.allocations["join"], 10.0);
    }

    #[test]
    fn work_that_vanishes_is_dropped_with_the_reason_until_it_returns() {
        let figures = first(&[("decode", 1000.0), ("seal", 500.0)]);
        let without = record(&[("decode", 1000.0)], &[("decode", 1000.0)]).onto(Some(&figures));
        let without = without.expect("nothing grew");
        assert_eq!(without.dropped["seal"], "it was wanted");
        let back = record(&[("decode", 1000.0), ("seal", 500.0)], &[]).onto(Some(&without));
        assert!(back.expect("nothing grew").dropped.is_empty());
    }

    #[test]
    fn planned_work_is_no_longer_planned_once_it_is_counted() {
        let mut figures = first(&[("decode", 1000.0)]);
        for name in ["resume", "envelope"] {
            figures.planned.insert(name.into(), "a feature".into());
        }
        let now = [("decode", 1000.0), ("resume", 70.0)];
        let figures = record(&now, &[("decode", 1000.0)])
            .onto(Some(&figures))
            .unwrap();
        let planned: Vec<&String> = figures.planned.keys().collect();
        assert_eq!(planned, ["envelope"]);
    }
}
