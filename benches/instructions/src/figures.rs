//! The file of recorded figures: counts, their conditions, and how far each may grow in all.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::bench::workspace;
use crate::conditions::Conditions;
use crate::counts::Counts;

/// The path of the file within the repository.
pub const FILE: &str = "benches/instructions/figures.json";

/// The content of the file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Figures {
    /// The conditions under which all was counted.
    pub conditions: Conditions,
    /// The reason of the last record.
    pub because: String,
    /// Instructions for one unit of each work.
    pub instructions: BTreeMap<String, Figure>,
    /// Blocks of heap that each work allocates.
    pub allocations: Counts,
    /// Works that are no longer counted, each with the reason.
    #[serde(default)]
    pub dropped: BTreeMap<String, String>,
    /// Names kept for works that no bench counts yet, each with its feature.
    #[serde(default)]
    pub planned: BTreeMap<String, String>,
}

/// The recorded instructions of one unit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Figure {
    /// The count of the last record.
    pub recorded: f64,
    /// The count from which all growth is reckoned, however often the figure is recorded.
    pub baseline: f64,
    /// What a higher baseline bought; absent if the baseline is the first count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bought: Option<String>,
}

/// The reason why there are no figures to compare with, or none could be recorded.
#[derive(Debug, Error)]
pub enum Unusable {
    /// The file cannot be read or written.
    #[error("{0}: {1}")]
    File(PathBuf, std::io::Error),
    /// The file is no file of figures.
    #[error("{0} is not a file of figures: {1}; restore it, or remove it and record all anew")]
    Format(PathBuf, serde_json::Error),
}

impl Figures {
    /// Returns the path of the file.
    pub fn path() -> PathBuf {
        workspace().join(FILE)
    }

    /// Reads the recorded figures. `None` if the file does not exist.
    ///
    /// # Errors
    /// If the file cannot be read, or is no file of figures.
    pub fn load() -> Result<Option<Figures>, Unusable> {
        let path = Figures::path();
        match fs::read_to_string(&path) {
            Ok(text) => match serde_json::from_str(&text) {
                Ok(figures) => Ok(Some(figures)),
                Err(error) => Err(Unusable::Format(path, error)),
            },
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Unusable::File(path, error)),
        }
    }

    /// Writes these figures to the file.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn save(&self) -> Result<(), Unusable> {
        let path = Figures::path();
        let text = serde_json::to_string_pretty(self);
        let text = text.map_err(|error| Unusable::Format(path.clone(), error))?;
        fs::write(&path, text + "\n").map_err(|error| Unusable::File(path, error))
    }

    /// Returns the recorded instructions of each work.
    pub fn recorded(&self) -> Counts {
        let figures = self.instructions.iter();
        figures
            .map(|(name, figure)| (name.clone(), figure.recorded))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::units;

    #[test]
    fn figures_survive_as_json_and_a_misspelt_field_is_refused() {
        let figures = Figures::load().unwrap().expect("figures are recorded");
        let text = serde_json::to_string_pretty(&figures).expect("figures are JSON");
        assert_eq!(serde_json::from_str::<Figures>(&text).unwrap(), figures);
        let odd = text.replace("\"baseline\"", "\"base_line\"");
        assert!(serde_json::from_str::<Figures>(&odd).is_err());
    }

    #[test]
    fn counted_works_and_figures_have_the_same_names() {
        let figures = Figures::load().unwrap().expect("figures are recorded");
        let units = units::INSTRUCTIONS.iter().map(|unit| unit.name);
        let recorded = figures.instructions.keys().map(String::as_str);
        assert_eq!(units.collect::<BTreeSet<_>>(), recorded.collect());
        let blocks = units::ALLOCATIONS.iter().map(|blocks| blocks.name);
        let recorded = figures.allocations.keys().map(String::as_str);
        assert_eq!(blocks.collect::<BTreeSet<_>>(), recorded.collect());
        assert!(figures.instructions.values().all(|it| it.recorded > 0.0));
    }

    #[test]
    fn planned_and_dropped_works_are_not_counted() {
        let figures = Figures::load().unwrap().expect("figures are recorded");
        let mut absent = figures.planned.keys().chain(figures.dropped.keys());
        assert!(absent.all(|name| !figures.instructions.contains_key(name)));
        let features: BTreeSet<&str> = figures.planned.values().map(String::as_str).collect();
        for feature in ["presence", "resume", "TLS", "cluster", "history"] {
            assert!(features.contains(feature), "{feature} has no planned count");
        }
    }
}
