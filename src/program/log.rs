//! The log on stderr: its format, and the level from which lines are written.
//!
//! The level can be changed while the program runs, or set by `RUST_LOG`.

use std::env;
use std::io::{self, IsTerminal};

use lobbyd::config::{LogFormat, LogLevel};
use strsim::osa_distance;
use thiserror::Error;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry, fmt, reload};

/// The variable that sets the log levels of Rust programs, also of single modules. It overrides the
/// configured level.
const VARIABLE: &str = "RUST_LOG";

/// The levels as [`VARIABLE`] has them, to find the level that a mistyped word means.
const LEVELS: [&str; 5] = ["error", "warn", "info", "debug", "trace"];

/// The running log.
pub struct Logger {
    /// The handle by which the level is changed. `None` where [`VARIABLE`] decides what is logged.
    level: Option<reload::Handle<LevelFilter, Registry>>,
}

/// The error that the value of [`VARIABLE`] is no filter.
#[derive(Debug, Error)]
#[error(
    "RUST_LOG is {value:?}: {what}. It takes a level (error, warn, info, debug, trace or off) and levels of modules, as in \
     RUST_LOG=warn,lobbyd::server=debug"
)]
pub struct WrongFilter {
    value: String,
    what: String,
}

impl Logger {
    /// Starts the log for the whole process. [`VARIABLE`] overrides `level`, unless the variable is
    /// empty.
    pub fn start(level: LogLevel, format: LogFormat) -> Result<Logger, WrongFilter> {
        let lines = fmt::layer().with_writer(io::stderr);
        let (filter, level) = match from_environment()? {
            Some(filter) => (filter.boxed(), None),
            None => {
                let (level, handle) = reload::Layer::new(filter(level));
                (level.boxed(), Some(handle))
            }
        };
        let lines = match format {
            LogFormat::Text => lines.with_ansi(io::stderr().is_terminal()).boxed(),
            LogFormat::Json => lines.json().flatten_event(true).boxed(),
        };
        tracing_subscriber::registry()
            .with(filter)
            .with(lines)
            .init();
        Ok(Logger { level })
    }

    /// Sets the least important level that is logged. Does nothing where [`VARIABLE`] decides that.
    pub fn set_level(&self, level: LogLevel) {
        let Some(handle) = &self.level else { return };
        if let Err(error) = handle.reload(filter(level)) {
            tracing::error!(%error, "the log level stays as it was");
        }
    }

    /// True if [`VARIABLE`] decides what is logged.
    pub fn is_from_environment(&self) -> bool {
        self.level.is_none()
    }
}

/// Returns the filter that [`VARIABLE`] has, if the variable is there and not empty.
fn from_environment() -> Result<Option<EnvFilter>, WrongFilter> {
    // As for lobbyd's own variables: a `\r` at the end belongs to no value.
    let is_set = |value: &std::ffi::OsString| !value.is_empty() && value != "\r";
    let Some(value) = env::var_os(VARIABLE).filter(is_set) else {
        return Ok(None);
    };
    let wrong = |what: String| WrongFilter {
        value: value.to_string_lossy().into_owned(),
        what,
    };
    let text = value.to_str().ok_or_else(|| wrong("not UTF-8".into()))?;
    let text = text.strip_suffix('\r').unwrap_or(text);
    if let Some((word, level)) = text.split(',').find_map(mistyped) {
        return Err(wrong(format!(
            "{word:?} is no level, and {level:?} may be meant"
        )));
    }
    let filter = EnvFilter::builder().parse(text);
    let filter = filter.map_err(|error| wrong(error.to_string()))?;
    Ok(Some(filter))
}

/// Returns the word of `part`, if it is no level, and the level that it probably means. A word
/// alone that is no level is taken for a module's name, so it would silence the log instead of
/// being refused.
fn mistyped(part: &str) -> Option<(&str, &'static str)> {
    let word = part.trim();
    let lower = word.to_lowercase();
    // `warning` and `infos` mean a level. A word with a level in front and a `_` behind it, such as
    // `error_chain`, is the name of a module.
    let begins_with = |level: &str| {
        let rest = lower.strip_prefix(level);
        rest.is_some_and(|rest| !rest.contains('_'))
    };
    let is_near = |level: &&str| begins_with(level) || osa_distance(&lower, level) == 1;
    let level = LEVELS.into_iter().find(is_near)?;
    (lower != level && !word.contains(['=', ':', '['])).then_some((word, level))
}

fn filter(level: LogLevel) -> LevelFilter {
    match level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistyped_level_is_found_with_the_level_that_is_meant() {
        for (word, level) in [
            ("warning", "warn"),
            ("Infos", "info"),
            ("eror", "error"),
            ("dbeug", "debug"),
        ] {
            assert_eq!(mistyped(word), Some((word, level)));
        }
    }

    #[test]
    fn module_whose_name_begins_with_a_level_is_no_mistyped_level() {
        for part in [
            "error_chain",
            "error_chain=debug",
            "info_board::page",
            "trace_id",
        ] {
            assert_eq!(mistyped(part), None, "{part}");
        }
    }

    #[test]
    fn levels_and_other_modules_are_no_mistyped_levels() {
        for part in ["error", " WARN ", "off", "", "lobbyd", "hyper=off"] {
            assert_eq!(mistyped(part), None, "{part:?}");
        }
    }
}
