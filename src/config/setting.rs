//! One setting: its name, its meaning, and the access to its value.

use super::form::Form;
use super::number::{Number, Whole, with_marks};
use super::raw::Raw;
use super::unfit::Unfit;
use crate::server::Limit;

type Set<T> = dyn Fn(&mut T, Raw<'_>) -> Result<(), Unfit> + Send + Sync;
type Show<T> = dyn Fn(&T) -> Option<String> + Send + Sync;
type Keep<T> = dyn Fn(&mut T, &T) + Send + Sync;

/// A setting of a `T`. Messages, the complete file, the tables of the documentation and the reload
/// are all made from settings.
pub struct Setting<T> {
    /// The name, with the tables that the setting stands in, such as `log.level`.
    pub path: String,
    /// The meaning of the setting, in sentences.
    pub doc: &'static str,
    /// A description of the expected value, to follow the word "expected" in a message.
    pub expected: String,
    /// The meaning of a missing value. Empty if the setting always has a value.
    pub unset: &'static str,
    /// A value as a file would have it, shown where the setting has no value.
    pub example: &'static str,
    /// The limit that the setting belongs to.
    pub limit: Option<Limit>,
    /// Whether a change of the setting takes a restart.
    pub restart: bool,
    /// Whether the value is masked in all output.
    pub secret: bool,
    set: Box<Set<T>>,
    show: Box<Show<T>>,
    keep: Box<Keep<T>>,
}

impl<T: 'static> Setting<T> {
    /// Returns a setting whose value `get` reads and `put` sets.
    pub fn new<F: Form + 'static>(
        path: impl Into<String>,
        get: impl Fn(&T) -> F + Copy + Send + Sync + 'static,
        put: impl Fn(&mut T, F) + Copy + Send + Sync + 'static,
        doc: &'static str,
    ) -> Setting<T> {
        Setting::with(
            path.into(),
            doc,
            F::expected(),
            Box::new(move |target, raw| {
                put(target, F::read(raw)?);
                Ok(())
            }),
            Box::new(move |target| get(target).show()),
            Box::new(move |target, from| put(target, get(from))),
        )
    }

    /// Returns a setting that is a number, whose value `get` reads and `put` sets.
    pub fn number<N: Number + 'static>(
        path: impl Into<String>,
        whole: Whole,
        get: impl Fn(&T) -> N + Copy + Send + Sync + 'static,
        put: impl Fn(&mut T, N) + Copy + Send + Sync + 'static,
        doc: &'static str,
    ) -> Setting<T> {
        Setting::with(
            path.into(),
            doc,
            whole.expected(),
            Box::new(move |target, raw| {
                put(target, N::of(whole.read(raw)?));
                Ok(())
            }),
            Box::new(move |target| Some(with_marks(get(target).get()?, '_'))),
            Box::new(move |target, from| put(target, get(from))),
        )
    }

    fn with(
        path: String,
        doc: &'static str,
        expected: String,
        set: Box<Set<T>>,
        show: Box<Show<T>>,
        keep: Box<Keep<T>>,
    ) -> Setting<T> {
        Setting {
            path,
            doc,
            expected,
            unset: "",
            example: "",
            limit: None,
            restart: false,
            secret: false,
            set,
            show,
            keep,
        }
    }

    /// Sets the meaning of a missing value, and an example of a value as a file would have it.
    pub fn unset(mut self, means: &'static str, example: &'static str) -> Setting<T> {
        self.unset = means;
        self.example = example;
        self
    }

    /// Marks the setting as one that takes a restart to change.
    pub fn restart(mut self) -> Setting<T> {
        self.restart = true;
        self
    }

    /// Marks the setting as part of a limit.
    pub fn of(mut self, limit: Limit) -> Setting<T> {
        self.limit = Some(limit);
        self
    }

    /// Sets the value in `target`.
    ///
    /// # Errors
    /// Everything that is wrong with the value, in words.
    pub fn set(&self, target: &mut T, raw: Raw<'_>) -> Result<(), Vec<String>> {
        (self.set)(target, raw).map_err(|unfit| match unfit {
            Unfit::Because(text) => vec![text],
            Unfit::Each(texts) => texts,
            Unfit::Form if self.secret => vec![format!("expected {}", self.expected)],
            Unfit::Form => vec![format!("expected {}, found {}", self.expected, raw.found())],
        })
    }

    /// Returns the value as a file would have it, masked if it is secret. None if it is not set.
    pub fn show(&self, target: &T) -> Option<String> {
        let value = (self.show)(target)?;
        Some(match self.secret {
            // The text of a secret is in quotes.
            true => format!("\"…({} bytes)\"", value.len().saturating_sub(2)),
            false => value,
        })
    }

    /// Returns the value as [`Setting::show`] does, or the meaning of a missing value.
    pub fn show_or_unset(&self, target: &T) -> String {
        self.show(target).unwrap_or_else(|| self.unset.to_owned())
    }

    /// True if `one` and `other` have the same value.
    pub fn is_same(&self, one: &T, other: &T) -> bool {
        (self.show)(one) == (self.show)(other)
    }

    /// Sets the value in `target` to the value that `from` has.
    pub fn keep(&self, target: &mut T, from: &T) {
        (self.keep)(target, from);
    }

    /// Returns the last part of the path.
    pub fn key(&self) -> &str {
        self.path.rsplit('.').next().unwrap_or_default()
    }

    /// Returns the tables that the path leads through; empty at the top.
    pub fn table(&self) -> &str {
        self.path.rsplit_once('.').map_or("", |(table, _)| table)
    }

    /// Returns the name of the variable that sets the setting.
    pub fn variable(&self) -> String {
        format!("LOBBYD_{}", self.path.to_uppercase().replace('.', "_"))
    }
}

/// `setting!(Target, "a.path", "what it means", field.of.target)`: a setting of a form.
macro_rules! setting {
    ($target:ty, $path:expr, $doc:expr, $($field:ident).+) => {
        $crate::config::setting::Setting::<$target>::new(
            $path, |c| c.$($field).+.clone(), |c, value| c.$($field).+ = value, $doc,
        )
    };
}

/// `number!(Target, "a.path", whole, "what it means", field.of.target)`: a setting that is a
/// number.
macro_rules! number {
    ($target:ty, $path:expr, $whole:expr, $doc:expr, $($field:ident).+) => {
        $crate::config::setting::Setting::<$target>::number(
            $path, $whole, |c| c.$($field).+, |c, value| c.$($field).+ = value, $doc,
        )
    };
}

pub(super) use {number, setting};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tree::Config;

    #[test]
    fn secret_is_masked_in_all_output_and_its_change_is_noticed() {
        let mut secret = setting!(Config, "a.secret", "A secret.", log_level);
        secret.secret = true;
        let (one, mut other) = (Config::default(), Config::default());
        let wrong = secret.set(&mut other, Raw::Typed("s3cr3t")).unwrap_err();
        let wrong = wrong.join(" ");
        assert!(
            wrong.starts_with("expected ") && !wrong.contains("s3cr3t"),
            "{wrong}"
        );
        assert!(secret.is_same(&one, &other));
        secret.set(&mut other, Raw::Typed("trace")).unwrap();
        assert_eq!(secret.show(&other).as_deref(), Some("\"…(5 bytes)\""));
        assert!(!secret.is_same(&one, &other));
    }
}
