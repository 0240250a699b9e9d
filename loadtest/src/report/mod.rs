//! Reports of a finished run: text for a terminal, a page, a JSON file, runs side by side.
//!
//! All of it is made from [`RunResult`](crate::result::RunResult) alone, so what was kept in a file
//! reads as it did on the day. `setup`, `findings`, `verdict`, `representative` and `tables` decide
//! what is said; `text` and `html` say it, `plot` draws.

pub mod compare;
mod dedupe;
mod direction;
mod finding;
mod findings;
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

pub use finding::Finding;
pub use findings::findings;
pub use verdict::verdict;

/// The JSON schema of a result file, as `loadtest/schema.json` has it.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(crate::result::RunResult).to_value()
}

/// Whether stdout is a terminal that may be written to in
/// colour (NO_COLOR, as no-color.org has it, says no).
pub fn on_a_terminal() -> bool {
    use std::io::IsTerminal;
    std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none()
}
