//! The configuration in effect, with the source of each value.

use super::auth::auth_lines::AuthLines;
use super::lines::RoomLines;
use super::problem::Problem;
use super::raw::Raw;
use super::settings::SETTINGS;
use super::settings::index_of;
use super::tree::Config;

/// A setting on the command line.
#[derive(Clone, Debug)]
pub struct Flag {
    /// The flag's name, such as `--listen`.
    pub name: &'static str,
    /// The path of the setting that the flag sets.
    pub path: &'static str,
    /// The value of the flag, as text.
    pub value: String,
}

/// The source of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The default, because the setting was not set.
    Default,
    /// This line of the file.
    File(usize),
    /// The variable of the setting.
    Environment,
    /// The flag of this name.
    Flag(&'static str),
}

/// A configuration with the source of each of its values.
#[derive(Clone, Debug)]
pub struct Effective {
    /// The values.
    pub config: Config,
    /// The file's name, as it was given.
    pub file: Option<String>,
    /// The source of each setting, in the order of [`SETTINGS`].
    pub sources: Vec<Source>,
    /// The file's value of each setting, in the order of [`SETTINGS`], even if a variable or a flag
    /// overrides it. None where the file does not set the setting.
    pub of_file: Vec<Option<String>>,
    /// The lines of each room in the file; empty if the rooms are the built-in rooms.
    pub room_lines: Vec<RoomLines>,
    /// The lines of issuers and grants in the file.
    pub auth_lines: AuthLines,
    /// The settings whose values could not be used, as indices into [`SETTINGS`]. The checks leave
    /// them out.
    pub(crate) unusable: Vec<usize>,
    /// What the values will do that is probably not meant. They are used all the same.
    pub warnings: Vec<Problem>,
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
        // An overridden value has no effect, so it does not matter if that value was wrong.
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

    /// Returns the place where the setting at `index` was set, for the beginning of a message:
    /// `lobbyd.toml:12: log.level`.
    pub fn place(&self, index: usize) -> String {
        let path = &SETTINGS[index].path;
        match self.sources[index] {
            Source::Default => path.clone(),
            Source::File(line) => format!("{}:{line}: {path}", self.file_name()),
            Source::Environment | Source::Flag(_) => self.source(index),
        }
    }

    /// Returns the setting at which a message about `path` and the settings `with` is reported: the
    /// first of them that was set, or `path` if all of them are defaults. None if one could not be
    /// read.
    pub(crate) fn report_at(&self, path: &str, with: &[&str]) -> Option<usize> {
        let all = [path].into_iter().chain(with.iter().copied());
        let indices: Vec<usize> = all.filter_map(index_of).collect();
        if indices.iter().any(|index| self.unusable.contains(index)) {
            return None;
        }
        let mut set = indices.iter().filter(|index| self.is_set(**index));
        set.next().or(indices.first()).copied()
    }

    /// True if the setting at `index` is set by the file, a variable or a flag.
    pub(crate) fn is_set(&self, index: usize) -> bool {
        self.sources[index] != Source::Default
    }

    /// Returns the line of the file that sets the setting at `index`. Returns 0 if the file does
    /// not set it, or if a variable or a flag overrides the file.
    pub(crate) fn line(&self, index: usize) -> usize {
        match self.sources[index] {
            Source::File(line) => line,
            _ => 0,
        }
    }

    /// Returns the source of the setting at `index`: `default`, `lobbyd.toml:12`,
    /// `LOBBYD_LOG_LEVEL` or `--log-level`.
    pub fn source(&self, index: usize) -> String {
        match self.sources[index] {
            Source::Default => "default".to_owned(),
            Source::File(line) => format!("{}:{line}", self.file_name()),
            Source::Environment => SETTINGS[index].variable(),
            Source::Flag(name) => name.to_owned(),
        }
    }

    /// Returns the file's name as it was given; empty without a file.
    pub fn file_name(&self) -> &str {
        self.file.as_deref().unwrap_or_default()
    }
}
