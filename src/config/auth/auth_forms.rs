//! The forms of values that `[auth]` alone has: files, algorithms, audiences and ages.

use std::path::PathBuf;

use crate::config::form::{Form, quoted};
use crate::config::lists::{each, list};
use crate::config::number::with_marks;
use crate::config::raw::Raw;
use crate::config::unfit::Unfit;
use crate::credentials::{Algorithm, Audience, MaxAge};

/// The path of a file, from the directory that lobbyd was started in if it is relative.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilePath(pub PathBuf);

impl Form for FilePath {
    fn expected() -> String {
        "the path of a file".to_owned()
    }

    fn read(raw: Raw<'_>) -> Result<FilePath, Unfit> {
        let path = String::read(raw).map_err(|_| Unfit::Form)?;
        Ok(FilePath(path.into()))
    }

    fn show(&self) -> Option<String> {
        Some(quoted(&self.0.to_string_lossy()))
    }
}

/// Names of algorithms.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AlgorithmNames(pub Vec<Algorithm>);

impl Form for AlgorithmNames {
    fn expected() -> String {
        let names: Vec<&str> = Algorithm::ALL.iter().map(|one| one.name()).collect();
        format!("a list of {}", names.join(", "))
    }

    fn read(raw: Raw<'_>) -> Result<AlgorithmNames, Unfit> {
        let one = |name: &str| {
            let known = Algorithm::of_name(name);
            known.ok_or_else(|| format!("expected {}, found {name:?}", AlgorithmNames::expected()))
        };
        each(raw, one).map(AlgorithmNames)
    }

    fn show(&self) -> Option<String> {
        let names = self.0.iter().map(|one| one.name());
        (!self.0.is_empty()).then(|| list(names))
    }
}

/// For whom tokens must be: a list, or `"any"`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AudienceNames {
    /// All tokens.
    Any,
    /// Tokens for one of these.
    List(Vec<String>),
}

impl From<Option<AudienceNames>> for Audience {
    fn from(names: Option<AudienceNames>) -> Audience {
        match names {
            None => Audience::Unset,
            Some(AudienceNames::Any) => Audience::Any,
            Some(AudienceNames::List(names)) => Audience::OneOf(names),
        }
    }
}

impl Form for AudienceNames {
    fn expected() -> String {
        "\"any\" or a list of audiences, as in [\"chat\"]".to_owned()
    }

    fn read(raw: Raw<'_>) -> Result<AudienceNames, Unfit> {
        if raw.text() == Some("any") {
            return Ok(AudienceNames::Any);
        }
        let names = each(raw, |name| Ok(name.to_owned()))?;
        match names.is_empty() {
            true => Err(Unfit::Form),
            false => Ok(AudienceNames::List(names)),
        }
    }

    fn show(&self) -> Option<String> {
        Some(match self {
            AudienceNames::Any => quoted("any"),
            AudienceNames::List(names) => list(names.iter()),
        })
    }
}

/// A list of texts.
impl Form for Vec<String> {
    fn expected() -> String {
        "a list of texts".to_owned()
    }

    fn read(raw: Raw<'_>) -> Result<Vec<String>, Unfit> {
        each(raw, |text| Ok(text.to_owned()))
    }

    fn show(&self) -> Option<String> {
        Some(list(self.iter()))
    }
}

/// How old a token of Phoenix may be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum MaxAgeSeconds {
    /// So many seconds.
    Seconds(u64),
    /// As old as it says itself.
    OfToken,
    /// As old as can be.
    Infinity,
}

impl MaxAgeSeconds {
    /// Returns the value of the library. None: as old as the token says.
    pub fn of_library(self) -> Option<MaxAge> {
        match self {
            MaxAgeSeconds::Seconds(seconds) => Some(MaxAge::Seconds(seconds as f64)),
            MaxAgeSeconds::OfToken => None,
            MaxAgeSeconds::Infinity => Some(MaxAge::Infinity),
        }
    }
}

impl Form for MaxAgeSeconds {
    fn expected() -> String {
        "a whole number of seconds from 1, \"token\" or \"infinity\"".to_owned()
    }

    fn read(raw: Raw<'_>) -> Result<MaxAgeSeconds, Unfit> {
        match raw.text() {
            Some("token") => return Ok(MaxAgeSeconds::OfToken),
            Some("infinity") => return Ok(MaxAgeSeconds::Infinity),
            _ => {}
        }
        let seconds = raw.whole().and_then(|whole| u64::try_from(whole).ok());
        let seconds = seconds.filter(|seconds| (1..=u64::from(u32::MAX)).contains(seconds));
        seconds.map(MaxAgeSeconds::Seconds).ok_or(Unfit::Form)
    }

    fn show(&self) -> Option<String> {
        Some(match self {
            MaxAgeSeconds::Seconds(seconds) => with_marks(*seconds, '_'),
            MaxAgeSeconds::OfToken => quoted("token"),
            MaxAgeSeconds::Infinity => quoted("infinity"),
        })
    }
}
