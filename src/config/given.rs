//! The sources of the configuration: flags over environment over file over defaults.
//!
//! No value is used unless all values are right.

use std::path::{Path, PathBuf};
use std::{fmt, fs};

use super::auth::auth_lines::AuthLines;
use super::effective::Effective;
use super::effective::Flag;
use super::effective::Source;
use super::file::FileReader;
use super::load::load_auth::load_auth;
use super::names::{FILE_VARIABLE, unknown_variable};
use super::problem::{Problem, Problems};
use super::settings::SETTINGS;
use super::tree::Config;

/// The sources of a configuration, which can be read again at any time.
#[derive(Clone, Default)]
pub struct Given {
    /// The path of the file, if there is one.
    pub file: Option<PathBuf>,
    /// The variables of the environment. Only variables that begin with `LOBBYD_` count.
    pub environment: Vec<(String, String)>,
    /// The flags of the command line.
    pub flags: Vec<Flag>,
}

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
            .find(|(name, _)| name == FILE_VARIABLE)
            .and_then(|(_, value)| value_of(value));
        Given {
            file: file.or_else(|| named.map(PathBuf::from)),
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
            file: self.file.as_deref().map(shown),
            sources: vec![Source::Default; SETTINGS.len()],
            of_file: vec![None; SETTINGS.len()],
            room_lines: Vec::new(),
            auth_lines: AuthLines::default(),
            unusable: Vec::new(),
            warnings: Vec::new(),
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
            effective.warnings = super::checks::warnings::warnings(&effective);
            load_auth(&mut effective, &mut problems);
        }
        in_order(&mut problems);
        in_order(&mut effective.warnings);
        match problems.is_empty() {
            true => Ok(effective),
            false => Err(Problems(problems)),
        }
    }

    /// Returns the beginnings of the names of links: of the variables that Kubernetes sets in each
    /// container for each service of its namespace. For a service `lobbyd-admin` they are
    /// `LOBBYD_ADMIN_SERVICE_HOST`, `LOBBYD_ADMIN_PORT` and others. They are no settings.
    fn links(&self) -> Vec<String> {
        let services = self.environment.iter().filter_map(|(name, _)| {
            let service = name.strip_suffix("_SERVICE_HOST")?;
            Some([format!("{service}_SERVICE_"), format!("{service}_PORT")])
        });
        services.flatten().collect()
    }

    fn read_environment(&self, effective: &mut Effective, problems: &mut Vec<Problem>) {
        let links = self.links();
        let mut unknown = Vec::new();
        for (name, value) in &self.environment {
            if !name.starts_with("LOBBYD_") || name == FILE_VARIABLE {
                continue;
            }
            let Some(value) = value_of(value) else {
                continue;
            };
            match SETTINGS.iter().find(|setting| setting.variable() == *name) {
                Some(setting) => effective.set(&setting.path, value, Source::Environment, problems),
                None if links.iter().any(|start| name.starts_with(start)) => {}
                None => unknown.push(name),
            }
        }
        // After all settings: one of them may name a variable that has a secret.
        let auth = &effective.config.auth;
        let is_secret = |name: &&String| auth.secret_variables().any(|secret| secret == **name);
        problems.extend(
            unknown
                .into_iter()
                .filter(|name| !is_secret(name))
                .map(|name| {
                    let text = format!("{}: {}", name.escape_debug(), unknown_variable(name));
                    Problem { line: 0, text }
                }),
        );
    }
}

/// Shows no value of a variable, because one may be a secret.
impl fmt::Debug for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.environment.iter().map(|(name, _)| &**name).collect();
        f.debug_struct("Given")
            .field("file", &self.file)
            .field("environment", &names)
            .field("flags", &self.flags)
            .finish()
    }
}

/// Sorts problems: those of the file in the order of its lines, then all others.
fn in_order(problems: &mut [Problem]) {
    problems.sort_by_key(|problem| match problem.line {
        0 => usize::MAX,
        line => line,
    });
}

/// Returns the value of a variable, or `None` if the variable counts as not set. All variables are
/// read by this one rule: an empty value is none, as a compose file has it with `${X:-}`, and the
/// `\r` that ends a line of Windows belongs to no value.
fn value_of(text: &str) -> Option<&str> {
    let value = text.strip_suffix('\r').unwrap_or(text);
    (!value.is_empty()).then_some(value)
}

/// Returns the name of a file for messages, with control characters escaped: a name that ends with
/// `\r` otherwise looks like one that does not.
fn shown(path: &Path) -> String {
    let name = path.display().to_string();
    let each = name.chars().map(|c| match c.is_control() {
        true => c.escape_default().to_string(),
        false => c.to_string(),
    });
    each.collect()
}

/// Reads the file at `path`. False if none of its settings is known, because the file cannot be
/// read, is not UTF-8, or is not TOML.
fn read_file(path: &Path, effective: &mut Effective, problems: &mut Vec<Problem>) -> bool {
    let name = shown(path);
    let whole = |text: String| Problem { line: 0, text };
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) => {
            problems.push(whole(format!("{name}: cannot be read: {error}")));
            return false;
        }
    };
    match std::str::from_utf8(&bytes) {
        Ok(text) => FileReader::new(&name, text, effective, problems).read(),
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
