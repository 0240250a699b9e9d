//! What is found while `[auth]` is made into checks of tokens: problems, warnings, and secrets.

use aws_lc_rs::digest::{Context, SHA256, digest};

use crate::config::auth::loaded_tokens::FileDigest;
use crate::config::auth::secret_text::SecretText;
use crate::config::effective::Effective;
use crate::config::problem::Problem;
use crate::config::settings::index_of;

/// What is found while `[auth]` is made into checks.
pub struct Findings<'a> {
    pub effective: &'a Effective,
    pub problems: Vec<Problem>,
    pub warnings: Vec<Problem>,
    /// Of all that the checks are made of.
    pub digest: Context,
    /// The secrets that were read, each with the setting that names it.
    pub secrets: Vec<(String, SecretText)>,
    /// The files of public keys that were read.
    pub files: Vec<FileDigest>,
}

impl<'a> Findings<'a> {
    /// Returns none so far.
    pub fn new(effective: &'a Effective) -> Findings<'a> {
        Findings {
            effective,
            problems: Vec::new(),
            warnings: Vec::new(),
            digest: Context::new(&SHA256),
            secrets: Vec::new(),
            files: Vec::new(),
        }
    }
}

impl Findings<'_> {
    /// Notes what the checks are made of.
    pub fn note(&mut self, bytes: &[u8]) {
        self.digest.update(&bytes.len().to_le_bytes());
        self.digest.update(bytes);
    }

    /// Notes a secret, and the setting that names it.
    pub fn take(&mut self, what: &str, text: &SecretText) {
        self.note(text.secret().expose());
        self.secrets.push((what.to_owned(), text.clone()));
    }

    /// Notes a file of public keys, and the setting that names it.
    pub fn take_file(&mut self, what: &str, text: &str) {
        self.note(text.as_bytes());
        let mut of_text = [0; 32];
        of_text.copy_from_slice(digest(&SHA256, text.as_bytes()).as_ref());
        let what = what.to_owned();
        self.files.push(FileDigest {
            what,
            digest: of_text,
        });
    }

    /// Adds what is wrong at `line` of the file.
    pub fn wrong(&mut self, line: usize, path: &str, text: &str) {
        let text = format!("{}:{line}: {path}: {text}", self.effective.file_name());
        self.problems.push(Problem { line, text });
    }

    /// Adds what will hurt at `line` of the file.
    pub fn warn(&mut self, line: usize, path: &str, text: &str) {
        let file = self.effective.file_name();
        let text = format!("{file}:{line}: {path}: warning: {text}");
        self.warnings.push(Problem { line, text });
    }

    /// Adds what is wrong with the setting at `path`.
    pub fn wrong_setting(&mut self, path: &str, text: &str) {
        let index = index_of(path).unwrap_or_default();
        let (line, place) = (self.effective.line(index), self.effective.place(index));
        let text = format!("{place}: {text}");
        self.problems.push(Problem { line, text });
    }

    /// Adds what will hurt with the setting at `path`.
    pub fn warn_setting(&mut self, path: &str, text: &str) {
        let index = index_of(path).unwrap_or_default();
        let (line, place) = (self.effective.line(index), self.effective.place(index));
        let text = format!("{place}: warning: {text}");
        self.warnings.push(Problem { line, text });
    }
}
