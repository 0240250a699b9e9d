//! The log on stderr: its format, and the level from which lines are written.
//!
//! The level can be changed while the program runs, or set by `RUST_LOG`.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::io::{self, IsTerminal, Write};
use std::panic::{self, PanicHookInfo};
use std::thread;

use lobbyd::config::{LogFormat, LogLevel};
use lobbyd::server::LogWriter;
use strsim::osa_distance;
use thiserror::Error;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry, fmt, reload};

use super::environment::value_of;
use super::log_format::LineFormat;

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
        let (filter, level) = match from_environment()? {
            Some(filter) => (filter.boxed(), None),
            None => {
                let (level, handle) = reload::Layer::new(filter(level));
                (level.boxed(), Some(handle))
            }
        };
        let lines = fmt::layer()
            .with_writer(LogWriter::stderr)
            .with_ansi(format == LogFormat::Text && io::stderr().is_terminal())
            .event_format(LineFormat(format));
        tracing_subscriber::registry()
            .with(filter)
            .with(lines)
            .init();
        panic::set_hook(Box::new(log_panic));
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

/// Logs a panic, in place of Rust's own hook, which would wait for whoever reads stderr. The frames
/// that `RUST_BACKTRACE` asks for follow as plain lines.
fn log_panic(panic: &PanicHookInfo<'_>) {
    let thread = thread::current();
    let text = panic.payload_as_str().unwrap_or("a panic without a text");
    let at = panic.location().map(tracing::field::display);
    tracing::error!(thread = thread.name(), at, panic = text, "panicked");
    let backtrace = Backtrace::capture();
    if backtrace.status() == BacktraceStatus::Captured {
        // Never fails.
        let _ = LogWriter::stderr().write_all(format!("{backtrace}").as_bytes());
    }
}

/// Returns the filter that [`VARIABLE`] has, if the variable is there and not empty.
fn from_environment() -> Result<Option<EnvFilter>, WrongFilter> {
    let Some(value) = value_of(VARIABLE) else {
        return Ok(None);
    };
    let wrong = |what: String| WrongFilter {
        value: value.to_string_lossy().into_owned(),
        what,
    };
    let text = value.to_str().ok_or_else(|| wrong("not UTF-8".into()))?;
    // As for lobbyd's own variables: a `\r` at the end belongs to no value.
    let text = text.strip_suffix('\r').unwrap_or(text);
    if let Some((word, level)) = text.split(',').find_map(mistyped) {
        return Err(wrong(format!(
            "{word:?} is no level, and {level:?} may be meant"
        )));
    }
    if let Some(part) = text.split(',').find(|part| !is_directive(part)) {
        return Err(wrong(format!(
            "{:?} names no module; commas stand between levels",
            part.trim()
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

/// True if `part` can be a level, a module, or a module with its level. [`EnvFilter`] takes any
/// text for a module's name: `warn lobbyd=debug` would log nothing.
fn is_directive(part: &str) -> bool {
    let is_of_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | ':' | '-' | '.' | '=');
    // Spans stand in brackets, with any name.
    part.contains(['[', ']', '{', '}']) || part.trim().chars().all(is_of_name)
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
    fn words_without_a_comma_between_them_are_no_directive() {
        for part in [
            "warn lobbyd=debug",
            "warn;lobbyd=debug",
            "warn\tinfo",
            "a b",
        ] {
            assert!(!is_directive(part), "{part:?}");
        }
        for part in [
            " warn",
            "lobbyd::server=debug ",
            "a-b.c=off",
            "[a span]=debug",
            "",
        ] {
            assert!(is_directive(part), "{part:?}");
        }
    }

    #[test]
    fn levels_and_other_modules_are_no_mistyped_levels() {
        for part in ["error", " WARN ", "off", "", "lobbyd", "hyper=off"] {
            assert_eq!(mistyped(part), None, "{part:?}");
        }
    }
}
