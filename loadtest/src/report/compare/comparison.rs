//! Compared runs, with all facts that are shown beside each other.

use super::compared_run::ComparedRun;
use super::differences;
use super::rows::{self, Row};
use crate::report::table::Table;
use crate::result::RunResult;

/// Runs, ready to be shown beside each other.
pub(super) struct Comparison<'a> {
    pub runs: Vec<ComparedRun<'a>>,
    pub rows: Vec<Row>,
    /// That the runs are not of one kind, in a sentence.
    pub warning: Option<String>,
    /// What differs in what was asked for. It may have no rows.
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
