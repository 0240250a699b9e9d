//! The forms of values: what each expects, how it is read, and how it is written in a file.

use strum::{IntoStaticStr, VariantArray};

use super::address::ListenAddress;
use super::log_values::{LogFormat, LogLevel};
use super::raw::Raw;
use super::unfit::Unfit;

/// A type of values that a setting may have.
pub trait Form: Clone + Sized {
    /// Whether no message may show a value that was given.
    const SECRET: bool = false;

    /// Returns a description of the expected value, to follow the word "expected" in a message.
    fn expected() -> String;

    /// Reads a value from `raw`.
    ///
    /// # Errors
    /// If `raw` does not fit the description that [`Form::expected`] returns.
    fn read(raw: Raw<'_>) -> Result<Self, Unfit>;

    /// Returns the value as a file would have it. None if the value is not set.
    fn show(&self) -> Option<String>;

    /// True if the two are the same value.
    fn is_same(&self, other: &Self) -> bool {
        self.show() == other.show()
    }
}

impl Form for bool {
    fn expected() -> String {
        "true or false".to_owned()
    }

    fn read(raw: Raw<'_>) -> Result<bool, Unfit> {
        raw.switch().ok_or(Unfit::Form)
    }

    fn show(&self) -> Option<String> {
        Some(self.to_string())
    }
}

impl Form for String {
    fn expected() -> String {
        "a text".to_owned()
    }

    fn read(raw: Raw<'_>) -> Result<String, Unfit> {
        match raw.text() {
            Some("") => Err(Unfit::Because("expected a text, found none".to_owned())),
            text => text.map(str::to_owned).ok_or(Unfit::Form),
        }
    }

    fn show(&self) -> Option<String> {
        Some(quoted(self))
    }
}

impl<F: Form> Form for Option<F> {
    const SECRET: bool = F::SECRET;

    fn expected() -> String {
        F::expected()
    }

    fn read(raw: Raw<'_>) -> Result<Option<F>, Unfit> {
        F::read(raw).map(Some)
    }

    fn show(&self) -> Option<String> {
        self.as_ref()?.show()
    }

    fn is_same(&self, other: &Option<F>) -> bool {
        match (self, other) {
            (Some(one), Some(other)) => one.is_same(other),
            _ => self.is_none() == other.is_none(),
        }
    }
}

impl Form for ListenAddress {
    fn expected() -> String {
        "ADDR:PORT, as in \"127.0.0.1:4000\" or \"localhost:4000\"".to_owned()
    }

    fn read(raw: Raw<'_>) -> Result<ListenAddress, Unfit> {
        let text = raw.text().ok_or(Unfit::Form)?;
        let because = |why: String| Unfit::Because(format!("{why}, found {}", raw.found()));
        text.parse().map_err(because)
    }

    fn show(&self) -> Option<String> {
        Some(quoted(&self.to_string()))
    }
}

/// The path at which the socket is mounted. It has no variables, because only an app's own code
/// could use them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SocketPath(pub String);

impl Form for SocketPath {
    fn expected() -> String {
        "a path that begins and does not end with \"/\", as in \"/socket\"".to_owned()
    }

    fn read(raw: Raw<'_>) -> Result<SocketPath, Unfit> {
        let path = raw.text().ok_or(Unfit::Form)?;
        if !path.starts_with('/') || path.ends_with('/') {
            return Err(Unfit::Form);
        }
        let is_plain = |c: &char| c.is_ascii_alphanumeric() || "/-_.~".contains(*c);
        let why = match path.chars().find(|c| !is_plain(c)) {
            Some(c) => format!(
                "has {c:?}; expected letters, digits, \"-\", \"_\", \".\" and \"~\" alone between its \"/\""
            ),
            None if path.split('/').any(|part| part == "." || part == "..") => {
                "has a \".\" or \"..\" between its \"/\", which browsers take out before they ask"
                    .to_owned()
            }
            None => return Ok(SocketPath(path.to_owned())),
        };
        Err(Unfit::Because(format!("{} {why}", quoted(path))))
    }

    fn show(&self) -> Option<String> {
        Some(quoted(&self.0))
    }
}

/// An enum whose variants are the words that a setting takes.
pub trait Word: VariantArray + Into<&'static str> + Copy {}

/// Returns the words of `W`, each in quotes.
fn names<W: Word>() -> impl Iterator<Item = String> {
    W::VARIANTS.iter().map(|word| quoted((*word).into()))
}

impl<W: Word> Form for W {
    fn expected() -> String {
        let names: Vec<String> = names::<W>().collect();
        match names.split_last() {
            Some((last, [])) => last.clone(),
            Some((last, before)) => format!("{} or {last}", before.join(", ")),
            None => String::new(),
        }
    }

    fn read(raw: Raw<'_>) -> Result<W, Unfit> {
        let text = raw.text().ok_or(Unfit::Form)?;
        let is_named = |word: &&W| Into::<&str>::into(**word) == text;
        let named = W::VARIANTS.iter().find(is_named);
        named.copied().ok_or(Unfit::Form)
    }

    fn show(&self) -> Option<String> {
        Some(quoted((*self).into()))
    }
}

impl Word for LogLevel {}

impl Word for LogFormat {}

/// Whether a limit is enforced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "lowercase")]
pub enum Mode {
    /// The limit is enforced.
    #[default]
    Enforce,
    /// The times when the limit would have been enforced are only counted. A limit that protects
    /// memory is still enforced at 16 times its value ([`crate::server::Limit`]).
    Observe,
}

impl Word for Mode {}

/// Returns `text` in quotes, as TOML has it.
pub fn quoted(text: &str) -> String {
    // JSON's escapes are TOML's too, but TOML wants DEL escaped as well.
    let json = serde_json::Value::from(text).to_string();
    json.replace('\u{7f}', "\\u007F")
}
