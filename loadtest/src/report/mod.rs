//! Reports of a finished run: text for a terminal, a page, a JSON file, runs side by side.
//!
//! Every report is made from [`RunResult`](crate::result::RunResult) alone, so a result read from a
//! file looks as it did at the end of its run. `setup`, `collect_findings`, `verdict`,
//! `representative` and `tables` decide the content; `text` and `html` write it, `plot` draws.

mod collect_findings;
pub mod compare;
mod dedupe;
mod direction;
mod finding;
pub mod html;
pub mod json;
mod outcome;
mod plot;
mod representative;
mod setup;
mod table;
mod tables;
pub mod text;
pub mod units;
mod verdict;

pub use collect_findings::findings;
pub use finding::Finding;
pub use representative::median;
pub use verdict::verdict;

/// Returns the JSON schema of a result file, which is kept as `loadtest/schema.json`.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(crate::result::RunResult).to_value()
}

/// True if stdout is a terminal and colours are allowed: NO_COLOR, as in no-color.org, forbids
/// colours.
pub fn on_a_terminal() -> bool {
    use std::io::IsTerminal;
    std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none()
}
