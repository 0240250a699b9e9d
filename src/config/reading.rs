//! From what was given to the effective configuration: flags over environment over file over defaults. Nothing is taken
//! unless all of it is right.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use super::Config;
use super::file::FileReading;
use super::problem::{Problem, Problems, nearest, unknown};
use super::raw::Raw;
use super::settings::{SETTINGS, index_of};

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
    /// The line of each room; none if the rooms are the built-in ones.
    pub room_lines: Vec<usize>,
}

/// The variable that names the file, where no flag does.
const FILE_VARIABLE: &str = "LOBBYD_CONFIG";

impl Given {
    /// This process's environment, the file that it or `file` names, and `flags`.
    pub fn here(file: Option<PathBuf>, flags: Vec<Flag>) -> Given {
        let text = |os: std::ffi::OsString| os.to_string_lossy().into_owned();
        let environment: Vec<_> = std::env::vars_os()
            .map(|(name, value)| (text(name), text(value)))
            .filter(|(name, _)| name.starts_with("LOBBYD_"))
            .collect();
        let named = environment.iter().find(|(name, _)| name == FILE_VARIABLE);
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
            room_lines: Vec::new(),
        };
        if let Some(path) = &self.file {
            read_file(path, &mut effective, &mut problems);
        }
        problems.sort_by_key(|problem: &Problem| problem.line);
        self.read_environment(&mut effective, &mut problems);
        for flag in &self.flags {
            effective.set(
                flag.path,
                &flag.value,
                Source::Flag(flag.name),
                &mut problems,
            );
        }
        if problems.is_empty() {
            super::checks::check(&effective, &mut problems);
        }
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
                    text: format!("{}: {}", name.escape_debug(), unknown(meant_variable(name))),
                }),
            }
        }
    }
}

impl Effective {
    fn set(&mut self, path: &str, value: &str, source: Source, problems: &mut Vec<Problem>) {
        let Some(index) = index_of(path) else { return };
        self.sources[index] = source;
        if let Err(text) = SETTINGS[index].set(&mut self.config, Raw::Typed(value)) {
            let text = format!("{}: {text}", self.place(index));
            problems.push(Problem { line: 0, text });
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

/// What it defines, in one line.
impl fmt::Display for Effective {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let set = self
            .sources
            .iter()
            .filter(|source| **source != Source::Default);
        let (set, rooms) = (set.count(), &self.config.rooms);
        let topics: Vec<&str> = rooms.iter().map(|room| &*room.topic).collect();
        let plural = |count| if count == 1 { "" } else { "s" };
        let whose = if self.room_lines.is_empty() {
            "the built-in "
        } else {
            ""
        };
        write!(
            f,
            "{}: ok: {set} setting{} and {whose}{} room{} ({})",
            self.file_name(),
            plural(set),
            rooms.len(),
            plural(rooms.len()),
            topics.join(", ")
        )
    }
}

fn read_file(path: &Path, effective: &mut Effective, problems: &mut Vec<Problem>) {
    let name = path.display();
    let whole = |text: String| Problem { line: 0, text };
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) => return problems.push(whole(format!("{name}: cannot be read: {error}"))),
    };
    match std::str::from_utf8(&bytes) {
        Ok(text) => FileReading::new(&name.to_string(), text, effective, problems).read(),
        Err(error) => {
            let line = 1 + bytes[..error.valid_up_to()]
                .iter()
                .filter(|b| **b == b'\n')
                .count();
            problems.push(whole(format!("{name}:{line}: is not UTF-8")));
        }
    }
}

/// By its spelling, or by the words it ends with: who types LOBBYD_LISTEN means LOBBYD_SERVER_LISTEN.
fn meant_variable(name: &str) -> Option<String> {
    let names = || SETTINGS.iter().map(|setting| setting.variable());
    let end = name.strip_prefix("LOBBYD").unwrap_or(name);
    let ends = names().filter(|candidate| candidate.ends_with(end));
    ends.min_by_key(String::len)
        .or_else(|| nearest(name, names()))
}
