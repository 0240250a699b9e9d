//! Compared runs, with all facts that a comparison shows.

use super::compared_run::ComparedRun;
use super::differences;
use super::rows::{self, Row};
use crate::report::table::Table;
use crate::result::RunResult;

/// Runs with all facts of a comparison.
pub(super) struct Comparison<'a> {
    pub runs: Vec<ComparedRun<'a>>,
    pub rows: Vec<Row>,
    /// A sentence if the runs are not of one kind.
    pub warning: Option<String>,
    /// The settings that differ between the runs. The table may have no rows.
    pub differences: Table,
}

impl<'a> Comparison<'a> {
    pub fn of(named: &'a [(String, RunResult)]) -> Comparison<'a> {
        let runs: Vec<ComparedRun> = named
            .iter()
            .enumerate()
            .map(|(index, named)| ComparedRun::of(index, named))
            .collect();
        let rows = rows::rows(&runs);
        let differences = differences::differences(&runs);
        Comparison {
            warning: differences::warning(&runs, &differences),
            runs,
            rows,
            differences,
        }
    }
}
