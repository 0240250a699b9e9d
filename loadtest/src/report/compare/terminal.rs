//! Runs side by side in a terminal.

use crate::report::text::Page;
use crate::result::RunResult;

use super::comparison::Comparison;
use super::side_by_side;

/// Most runs in a table whose multiples have room for bars.
const WITH_BARS: usize = 3;

/// Returns the comparison as text that ends with a line feed. `runs` are named like their files.
/// `width` and `colour` are those of [`text::render`](crate::report::text::render).
pub fn text(runs: &[(String, RunResult)], width: Option<u16>, colour: bool) -> String {
    let comparison = Comparison::of(runs);
    let mut page = Page::new(width, colour);
    for run in &comparison.runs {
        run.failures().for_each(|failure| page.failure(&failure));
    }
    if let Some(warning) = &comparison.warning {
        page.warning(warning);
    }
    if !page.text.is_empty() {
        page.text.push('\n');
    }
    for run in &comparison.runs {
        page.marked(&format!("{}  ", run.letter), &run.told());
    }
    if !comparison.differences.rows.is_empty() {
        page.table(&comparison.differences);
    }
    let bars = comparison.runs.len() <= WITH_BARS;
    page.table(&side_by_side::table(
        &comparison.runs,
        &comparison.rows,
        bars,
    ));
    page.text
}
