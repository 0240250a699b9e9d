//! The configuration that holds, with where each of its values comes from.

use super::lines::RoomLines;
use super::problem::Problem;
use super::raw::Raw;
use super::settings::SETTINGS;
use super::settings::index_of;
use super::tree::Config;

/// A setting on the command line.
#[derive(Clone, Debug)]
pub struct Flag {
    /// As it was typed: `--listen`.
    pub name: &'static str,
    /// What it sets.
    pub path: &'static str,
    /// To what.
    pub value: String,
}

/// Where a value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// Nobody said otherwise.
    Default,
    /// This line of the file.
    File(usize),
    /// Its variable.
    Environment,
    /// This flag.
    Flag(&'static str),
}

/// A configuration that can be run, and where its values come from.
#[derive(Clone, Debug)]
pub struct Effective {
    /// The values.
    pub config: Config,
    /// The file's name, as it was given.
    pub file: Option<String>,
    /// Where each comes from, in the order of the table of settings.
    pub sources: Vec<Source>,
    /// What the file says, whether or not it has the last word, in the same order; None where it
    /// says nothing.
    pub of_file: Vec<Option<String>>,
    /// Where each room stands; none if the rooms are the built-in ones.
    pub room_lines: Vec<RoomLines>,
    /// The settings whose values could not be used, which are then compared with nothing.
    pub(crate) unusable: Vec<usize>,
}

impl Effective {
    pub(crate) fn set(
        &mut self,
        path: &str,
        value: &str,
        source: Source,
        problems: &mut Vec<Problem>,
    ) {
        let Some(index) = index_of(path) else { return };
        self.sources[index] = source;
        // What was said before has no effect, so it may as well be wrong.
        self.unusable.retain(|unusable| *unusable != index);
        if let Err(texts) = SETTINGS[index].set(&mut self.config, Raw::Typed(value)) {
            self.unusable.push(index);
            let place = self.place(index);
            let problem = |text| Problem {
                line: 0,
                text: format!("{place}: {text}"),
            };
            problems.extend(texts.into_iter().map(problem));
        }
    }

    /// Where the setting of that index was set, as a message begins: `lobbyd.toml:12: log.level`.
    pub fn place(&self, index: usize) -> String {
        let path = &SETTINGS[index].path;
        match self.sources[index] {
            Source::Default => path.clone(),
            Source::File(line) => format!("{}:{line}: {path}", self.file_name()),
            Source::Environment | Source::Flag(_) => self.source(index),
        }
    }

    /// Whether anybody has set it.
    pub(crate) fn is_set(&self, index: usize) -> bool {
        self.sources[index] != Source::Default
    }

    /// The line of the file that sets it; 0 if none does, or has not the last word.
    pub(crate) fn line(&self, index: usize) -> usize {
        match self.sources[index] {
            Source::File(line) => line,
            _ => 0,
        }
    }

    /// Where its value comes from: `default`, `lobbyd.toml:12`, `LOBBYD_LOG_LEVEL` or
    /// `--log-level`.
    pub fn source(&self, index: usize) -> String {
        match self.sources[index] {
            Source::Default => "default".to_owned(),
            Source::File(line) => format!("{}:{line}", self.file_name()),
            Source::Environment => SETTINGS[index].variable(),
            Source::Flag(name) => name.to_owned(),
        }
    }

    /// The file's name as it was given.
    pub fn file_name(&self) -> &str {
        self.file.as_deref().unwrap_or_default()
    }
}
