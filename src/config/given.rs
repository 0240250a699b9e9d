//! From what was given to the effective configuration: flags over environment over file over defaults. Nothing is taken
//! unless all of it is right.

use std::fs;
use std::path::{Path, PathBuf};

use super::file::FileReading;
use super::lines::RoomLines;
use super::names::unknown_variable;
use super::problem::{Problem, Problems};
use super::raw::Raw;
use super::settings::{SETTINGS, index_of};
use super::tree::Config;

/// Where the configuration comes from. The same again can be read at any time.
#[derive(Clone, Debug, Default)]
pub struct Given {
    /// The file, if there is one.
    pub file: Option<PathBuf>,
    /// The variables of the environment, of which those that begin with `LOBBYD_` count.
    pub environment: Vec<(String, String)>,
    /// What was said on the command line.
    pub flags: Vec<Flag>,
}

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
    /// What the file says, whether or not it has the last word, in the same order; None where it says nothing.
    pub of_file: Vec<Option<String>>,
    /// Where each room stands; none if the rooms are the built-in ones.
    pub room_lines: Vec<RoomLines>,
    /// The settings whose values could not be used, which are then compared with nothing.
    pub(super) unusable: Vec<usize>,
}

/// The variable that names the file, where no flag does. Empty, it names none.
const FILE_VARIABLE: &str = "LOBBYD_CONFIG";

impl Given {
    /// This process's environment, the file that it or `file` names, and `flags`.
    pub fn here(file: Option<PathBuf>, flags: Vec<Flag>) -> Given {
        let text = |os: std::ffi::OsString| os.to_string_lossy().into_owned();
        let environment: Vec<_> = std::env::vars_os()
            .map(|(name, value)| (text(name), text(value)))
            .filter(|(name, _)| name.starts_with("LOBBYD_"))
            .collect();
        let named = environment
            .iter()
            .find(|(name, value)| name == FILE_VARIABLE && !value.is_empty());
        Given {
            file: file.or_else(|| named.map(|(_, value)| PathBuf::from(value))),
            environment,
            flags,
        }
    }

    /// Reads and checks all of it.
    ///
    /// # Errors
    /// Everything that is wrong with it; nothing of it is then to be used.
    pub fn read(&self) -> Result<Effective, Problems> {
        let mut problems = Vec::new();
        let mut effective = Effective {
            config: Config::default(),
            file: self.file.as_ref().map(|path| path.display().to_string()),
            sources: vec![Source::Default; SETTINGS.len()],
            of_file: vec![None; SETTINGS.len()],
            room_lines: Vec::new(),
            unusable: Vec::new(),
        };
        let is_known = match &self.file {
            Some(path) => read_file(path, &mut effective, &mut problems),
            None => true,
        };
        self.read_environment(&mut effective, &mut problems);
        for flag in &self.flags {
            effective.set(
                flag.path,
                &flag.value,
                Source::Flag(flag.name),
                &mut problems,
            );
        }
        if is_known {
            super::checks::check(&effective, &mut problems);
        }
        // Those of the file in the order of its lines, then the others.
        problems.sort_by_key(|problem| match problem.line {
            0 => usize::MAX,
            line => line,
        });
        match problems.is_empty() {
            true => Ok(effective),
            false => Err(Problems(problems)),
        }
    }

    fn read_environment(&self, effective: &mut Effective, problems: &mut Vec<Problem>) {
        let linked = self
            .environment
            .iter()
            .any(|(name, _)| name == "LOBBYD_SERVICE_HOST");
        for (name, value) in &self.environment {
            let is_link = linked
                && ["LOBBYD_SERVICE_", "LOBBYD_PORT"]
                    .iter()
                    .any(|start| name.starts_with(start));
            if !name.starts_with("LOBBYD_") || name == FILE_VARIABLE || is_link {
                continue;
            }
            match SETTINGS.iter().find(|setting| setting.variable() == *name) {
                Some(setting) => effective.set(&setting.path, value, Source::Environment, problems),
                None => problems.push(Problem {
                    line: 0,
                    text: format!("{}: {}", name.escape_debug(), unknown_variable(name)),
                }),
            }
        }
    }
}

impl Effective {
    fn set(&mut self, path: &str, value: &str, source: Source, problems: &mut Vec<Problem>) {
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
    pub(super) fn is_set(&self, index: usize) -> bool {
        self.sources[index] != Source::Default
    }

    /// The line of the file that sets it; 0 if none does, or has not the last word.
    pub(super) fn line(&self, index: usize) -> usize {
        match self.sources[index] {
            Source::File(line) => line,
            _ => 0,
        }
    }

    /// Where its value comes from: `default`, `lobbyd.toml:12`, `LOBBYD_LOG_LEVEL` or `--log-level`.
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

/// False if nothing is known of what it says.
fn read_file(path: &Path, effective: &mut Effective, problems: &mut Vec<Problem>) -> bool {
    let name = path.display();
    let whole = |text: String| Problem { line: 0, text };
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) => {
            problems.push(whole(format!("{name}: cannot be read: {error}")));
            return false;
        }
    };
    match std::str::from_utf8(&bytes) {
        Ok(text) => FileReading::new(&name.to_string(), text, effective, problems).read(),
        Err(error) => {
            let line = 1 + bytes[..error.valid_up_to()]
                .iter()
                .filter(|b| **b == b'\n')
                .count();
            problems.push(whole(format!("{name}:{line}: is not UTF-8")));
            false
        }
    }
}
