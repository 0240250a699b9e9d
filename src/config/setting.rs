//! One setting: its name, its meaning, and the access to its value.

use super::change::Change;
use super::form::Form;
use super::number::{Number, Whole, with_marks};
use super::raw::Raw;
use super::unfit::Unfit;
use crate::server::Limit;

type Set<T> = dyn Fn(&mut T, Raw<'_>) -> Result<(), Unfit> + Send + Sync;
type Show<T> = dyn Fn(&T) -> Option<String> + Send + Sync;
type Keep<T> = dyn Fn(&mut T, &T) + Send + Sync;
type Same<T> = dyn Fn(&T, &T) -> bool + Send + Sync;

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
    /// Whether no message may show a value that was given. [`Setting::show`] then shows its length
    /// alone.
    pub secret: bool,
    access: Access<T>,
}

/// How the value of a setting is set, shown, kept and compared.
struct Access<T> {
    set: Box<Set<T>>,
    show: Box<Show<T>>,
    keep: Box<Keep<T>>,
    same: Box<Same<T>>,
}

impl<T: 'static> Setting<T> {
    /// Returns a setting whose value `get` reads and `put` sets.
    pub fn new<F: Form + 'static>(
        path: impl Into<String>,
        get: impl Fn(&T) -> F + Copy + Send + Sync + 'static,
        put: impl Fn(&mut T, F) + Copy + Send + Sync + 'static,
        doc: &'static str,
    ) -> Setting<T> {
        let access = Access {
            set: Box::new(move |target, raw| {
                put(target, F::read(raw)?);
                Ok(())
            }),
            show: Box::new(move |target| get(target).show()),
            keep: Box::new(move |target, from| put(target, get(from))),
            same: Box::new(move |one, other| get(one).is_same(&get(other))),
        };
        Setting {
            secret: F::SECRET,
            ..Setting::with(path.into(), doc, F::expected(), access)
        }
    }

    /// Returns a setting that is a number, whose value `get` reads and `put` sets.
    pub fn number<N: Number + 'static>(
        path: impl Into<String>,
        whole: Whole,
        get: impl Fn(&T) -> N + Copy + Send + Sync + 'static,
        put: impl Fn(&mut T, N) + Copy + Send + Sync + 'static,
        doc: &'static str,
    ) -> Setting<T> {
        let expected = whole.expected();
        let access = Access {
            set: Box::new(move |target, raw| {
                put(target, N::of(whole.read(raw)?));
                Ok(())
            }),
            show: Box::new(move |target| Some(with_marks(get(target).get()?, '_'))),
            keep: Box::new(move |target, from| put(target, get(from))),
            same: Box::new(move |one, other| get(one).get() == get(other).get()),
        };
        Setting::with(path.into(), doc, expected, access)
    }

    fn with(path: String, doc: &'static str, expected: String, access: Access<T>) -> Setting<T> {
        Setting {
            path,
            doc,
            expected,
            unset: "",
            example: "",
            limit: None,
            restart: false,
            secret: false,
            access,
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
        (self.access.set)(target, raw).map_err(|unfit| match unfit {
            Unfit::Because(text) => vec![text],
            Unfit::Each(texts) => texts,
            Unfit::Form if self.secret => vec![format!("expected {}", self.expected)],
            Unfit::Form => vec![format!("expected {}, found {}", self.expected, raw.found())],
        })
    }

    /// Returns the value as a file would have it. None if it is not set. The form of a secret shows
    /// its length alone.
    pub fn show(&self, target: &T) -> Option<String> {
        (self.access.show)(target)
    }

    /// Returns the value as [`Setting::show`] does, or the meaning of a missing value.
    pub fn show_or_unset(&self, target: &T) -> String {
        self.show(target).unwrap_or_else(|| self.unset.to_owned())
    }

    /// True if `one` and `other` have the same value.
    pub fn is_same(&self, one: &T, other: &T) -> bool {
        (self.access.same)(one, other)
    }

    /// Returns the change of the value from `old` to `new`, where there is one. `what` is in front
    /// of the path.
    pub fn change(&self, what: &str, old: &T, new: &T) -> Option<Change> {
        let shown = |target: &T| match self.show(target) {
            Some(_) if self.secret => "changed".to_owned(),
            _ => self.show_or_unset(target),
        };
        (!self.is_same(old, new)).then(|| Change {
            what: join(what, &self.path),
            old: self.show_or_unset(old),
            new: shown(new),
        })
    }

    /// Sets the value in `target` to the value that `from` has.
    pub fn keep(&self, target: &mut T, from: &T) {
        (self.access.keep)(target, from);
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

/// Returns the path of a setting of `what`, such as a room. Of nothing, it is the path alone.
fn join(what: &str, path: &str) -> String {
    match what {
        "" => path.to_owned(),
        _ => format!("{what} {path}"),
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
