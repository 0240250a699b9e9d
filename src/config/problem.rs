//! All problems of a configuration at once, each with its place and a hint.

use std::fmt;

use thiserror::Error;

/// All problems of a configuration; displayed with a line for each.
#[derive(Debug, Error)]
pub struct Problems(pub Vec<Problem>);

/// One problem of a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The line of the file; 0 if the problem has no line in the file.
    pub line: usize,
    /// The message, with the place in front:
    /// `lobbyd.toml:12: limits.conections: no such setting; …`.
    pub text: String,
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, problem) in self.0.iter().enumerate() {
            let end = if at == 0 { "" } else { "\n" };
            write!(f, "{end}{}", problem.text)?;
        }
        Ok(())
    }
}
