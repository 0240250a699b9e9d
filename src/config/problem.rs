//! All that is wrong with a configuration at once, each with its place and a hint.

use std::fmt;

use thiserror::Error;

/// Everything that is wrong; a line each.
#[derive(Debug, Error)]
pub struct Problems(pub Vec<Problem>);

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The line of the file; 0 where it is not about a line.
    pub line: usize,
    /// With the place in front: `lobbyd.toml:12: limits.conections: no such setting; …`.
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
