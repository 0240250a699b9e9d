//! What is found while `[auth]` is made into checks: what is wrong, what will hurt, and a digest.

use aws_lc_rs::digest::Context;

use crate::config::effective::Effective;
use crate::config::problem::Problem;
use crate::config::settings::index_of;

/// What is found while `[auth]` is made into checks.
pub(super) struct Findings<'a> {
    pub effective: &'a Effective,
    pub problems: Vec<Problem>,
    pub warnings: Vec<Problem>,
    /// Of all that the checks are made of.
    pub digest: Context,
}

impl Findings<'_> {
    /// Adds what is wrong at `line` of the file.
    pub fn wrong(&mut self, line: usize, path: &str, text: &str) {
        let text = format!("{}:{line}: {path}: {text}", self.effective.file_name());
        self.problems.push(Problem { line, text });
    }

    /// Adds what will hurt at `line` of the file.
    pub fn warn(&mut self, line: usize, path: &str, text: &str) {
        let file = self.effective.file_name();
        let text = format!("{file}:{line}: {path}: warning: {text}");
        self.warnings.push(Problem { line, text });
    }

    /// Adds what is wrong with the setting at `path`.
    pub fn wrong_setting(&mut self, path: &str, text: &str) {
        let index = index_of(path).unwrap_or_default();
        let (line, place) = (self.effective.line(index), self.effective.place(index));
        let text = format!("{place}: {text}");
        self.problems.push(Problem { line, text });
    }
}
