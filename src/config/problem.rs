//! What is wrong with a configuration: all of it at once, each with its place and, where there is one, a way out.

use std::fmt;

use strsim::osa_distance;
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

/// That of `names` which was probably meant by `typed`: it is spelled much like it, or begins with it.
pub fn nearest<S: AsRef<str>>(typed: &str, names: impl Iterator<Item = S>) -> Option<S> {
    let far = (typed.len() / 3).max(1);
    let distance = |name: &str| match name.starts_with(typed) {
        true => far,
        false => osa_distance(typed, name),
    };
    let distances = names.map(|name| (distance(name.as_ref()), name));
    let near = distances.filter(|(distance, _)| *distance <= far);
    near.min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// The words for a name that is none.
pub fn unknown(meant: Option<impl fmt::Display>) -> String {
    match meant {
        Some(meant) => format!("no such setting; did you mean {meant}?"),
        None => "no such setting".to_owned(),
    }
}
