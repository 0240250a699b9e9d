//! The comparison of a count with an earlier one, and what the change means.

use std::collections::BTreeSet;
use std::fmt;

use crate::counts::Counts;

/// How far a count may go from an earlier one, in percent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tolerance {
    /// More growth than this fails.
    pub fails_over: f64,
    /// More change than this, in either direction, is reported.
    pub reported_over: f64,
}

/// The tolerance of instructions. The counts are exact, but another function elsewhere may move
/// what the compiler inlines.
pub const INSTRUCTIONS: Tolerance = Tolerance {
    fails_over: 1.0,
    reported_over: 0.3,
};

/// The tolerance of blocks of heap: none.
pub const ALLOCATIONS: Tolerance = Tolerance {
    fails_over: 0.0,
    reported_over: 0.0,
};

/// A count beside an earlier one.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The name of the counted work.
    pub name: String,
    /// The earlier count; `None` if there is none.
    pub then: Option<f64>,
    /// The new count; `None` if it is no longer counted.
    pub now: Option<f64>,
    /// The meaning of the change.
    pub verdict: Verdict,
}

/// The meaning of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The count is as it was, or nearly.
    Held,
    /// The count grew by more than is allowed.
    Grown,
    /// The count grew by less than fails, and by more than goes unnoticed.
    More,
    /// The count shrank. Record a new figure, or the gain can be lost unnoticed.
    Less,
    /// There is no earlier count.
    New,
    /// The work is no longer counted.
    Vanished,
}

/// Returns every count with the earlier one, ordered by name.
pub fn compare(then: &Counts, now: &Counts, tolerance: Tolerance) -> Vec<Change> {
    let names: BTreeSet<&String> = then.keys().chain(now.keys()).collect();
    let change = |name: &String| {
        let (then, now) = (then.get(name).copied(), now.get(name).copied());
        Change {
            name: name.clone(),
            then,
            now,
            verdict: verdict(then, now, tolerance),
        }
    };
    names.into_iter().map(change).collect()
}

fn verdict(then: Option<f64>, now: Option<f64>, tolerance: Tolerance) -> Verdict {
    let (then, now) = match (then, now) {
        (Some(then), Some(now)) => (then, now),
        (None, _) => return Verdict::New,
        (_, None) => return Verdict::Vanished,
    };
    match percent(then, now) {
        grown if grown > tolerance.fails_over => Verdict::Grown,
        grown if grown > tolerance.reported_over => Verdict::More,
        grown if grown < -tolerance.reported_over => Verdict::Less,
        _ => Verdict::Held,
    }
}

/// Returns by how many percent `now` is above `then`: without end if `then` is nothing.
pub fn percent(then: f64, now: f64) -> f64 {
    match now == then {
        true => 0.0,
        false => (now - then) * 100.0 / then,
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let figure = |figure: Option<f64>| figure.map_or_else(|| "-".into(), |n| format!("{n:.1}"));
        let grown = self
            .then
            .zip(self.now)
            .map(|(then, now)| percent(then, now));
        let grown = grown.filter(|grown| grown.is_finite());
        let grown = grown.map_or_else(String::new, |grown| format!("{grown:+.1} %"));
        let word = match self.verdict {
            Verdict::Held => "",
            Verdict::Grown => "  GROWN",
            Verdict::More => "  more",
            Verdict::Less => "  less: record it",
            Verdict::New => "  NEW",
            Verdict::Vanished => "  VANISHED",
        };
        let (name, then, now) = (&self.name, figure(self.then), figure(self.now));
        write!(f, "{name:<60} {then:>9} -> {now:>9} {grown:>9}{word}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(then: Option<f64>, now: Option<f64>, tolerance: Tolerance) -> Change {
        let counts = |count: Option<f64>| {
            let named = count.map(|n| ("decode".to_owned(), n));
            named.into_iter().collect::<Counts>()
        };
        let mut changes = compare(&counts(then), &counts(now), tolerance);
        assert_eq!(changes.len(), 1);
        changes.remove(0)
    }

    fn of_instructions(then: f64, now: f64) -> Verdict {
        change(Some(then), Some(now), INSTRUCTIONS).verdict
    }

    #[test]
    fn instructions_may_grow_by_one_percent_and_are_reported_from_0_3() {
        assert_eq!(of_instructions(1000.0, 1000.0), Verdict::Held);
        assert_eq!(of_instructions(1000.0, 1003.0), Verdict::Held);
        assert_eq!(of_instructions(1000.0, 1003.1), Verdict::More);
        assert_eq!(of_instructions(1000.0, 1010.0), Verdict::More);
        assert_eq!(of_instructions(1000.0, 1010.1), Verdict::Grown);
        assert_eq!(of_instructions(1000.0, 997.0), Verdict::Held);
        assert_eq!(of_instructions(1000.0, 996.9), Verdict::Less);
    }

    #[test]
    fn blocks_may_not_grow_by_a_single_one() {
        let of_blocks = |then, now| change(Some(then), Some(now), ALLOCATIONS).verdict;
        assert_eq!(of_blocks(9.0, 9.0), Verdict::Held);
        assert_eq!(of_blocks(9.0, 10.0), Verdict::Grown);
        assert_eq!(of_blocks(9.0, 8.0), Verdict::Less);
        assert_eq!(of_blocks(0.0, 0.0), Verdict::Held);
        assert_eq!(of_blocks(0.0, 1.0), Verdict::Grown);
    }

    #[test]
    fn count_that_is_new_and_a_count_that_vanished_are_named() {
        let new = change(None, Some(1.0), INSTRUCTIONS);
        assert_eq!(new.verdict, Verdict::New);
        assert!(new.to_string().ends_with("NEW"));
        let vanished = change(Some(1.0), None, INSTRUCTIONS);
        assert_eq!(vanished.verdict, Verdict::Vanished);
        assert!(vanished.to_string().ends_with("VANISHED"));
    }
}
