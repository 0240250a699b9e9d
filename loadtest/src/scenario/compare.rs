//! Results of earlier runs side by side.

use std::fs;

use crate::arguments::CompareArgs;
use crate::report::{compare, json};
use crate::run::CannotRun;

pub(super) fn run(asked: &CompareArgs) -> Result<String, CannotRun> {
    let read = |file: &std::path::PathBuf| {
        let result = json::read(file).map_err(|error| CannotRun::Usage(error.to_string()))?;
        Ok((file.display().to_string(), result))
    };
    let results = asked
        .files
        .iter()
        .map(read)
        .collect::<Result<Vec<_>, CannotRun>>()?;
    if let Some(report) = &asked.report {
        let failed = |error| CannotRun::Usage(format!("--report {}: {error}", report.display()));
        fs::write(report, compare::html(&results)).map_err(failed)?;
    }
    let colour = crate::report::on_a_terminal();
    Ok(compare::text(&results, None, colour))
}
