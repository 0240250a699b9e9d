//! The sources of the configuration: flags over environment over file over defaults.
//!
//! No value is used unless all values are right.

use std::fs;
use std::path::{Path, PathBuf};

use super::effective::Effective;
use super::effective::Flag;
use super::effective::Source;
use super::file::FileReader;
use super::names::unknown_variable;
use super::problem::{Problem, Problems};
use super::settings::SETTINGS;
use super::tree::Config;

/// The sources of a configuration, which can be read again at any time.
#[derive(Clone, Debug, Default)]
pub struct Given {
    /// The path of the file, if there is one.
    pub file: Option<PathBuf>,
    /// The variables of the environment. Only variables that begin with `LOBBYD_` count.
    pub environment: Vec<(String, String)>,
    /// The flags of the command line.
    pub flags: Vec<Flag>,
}

/// The variable that names the file, where no flag names it. An empty value names no file.
const FILE_VARIABLE: &str = "LOBBYD_CONFIG";

impl Given {
    /// Returns the sources of this process: its environment, `flags`, and the file `file` or else
    /// the file that the environment names.
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

    /// Reads and checks all sources.
    ///
    /// # Errors
    /// Everything that is wrong with the sources. No value is to be used then.
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
        // The problems of the file in the order of its lines, then all other problems.
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
        // For a service named `lobbyd`, Kubernetes sets `LOBBYD_SERVICE_HOST`, `LOBBYD_PORT` and
        // others in the containers of its namespace. They are no settings.
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

/// Reads the file at `path`. False if none of its settings is known, because the file cannot be
/// read, is not UTF-8, or is not TOML.
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
        Ok(text) => FileReader::new(&name.to_string(), text, effective, problems).read(),
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
