//! The form of a log line: text for people or JSON, with nothing in it that a terminal obeys.
//!
//! Some values come from clients. Here every field and message is escaped and cut, so that no line
//! can be forged, whichever code logs it.

use std::fmt::{self, Write as _};

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use super::log_escape::{Escaped, Quotes};
use lobbyd::config::LogFormat;

/// Most bytes of one value or message. The longest lines of lobbyd's own are shorter.
const VALUE_BYTES_MAX: usize = 2048;

/// The form of all lines.
pub struct LineFormat(pub LogFormat);

impl<S, N> FormatEvent<S, N> for LineFormat
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _spans: &FmtContext<'_, S, N>,
        mut line: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        match self.0 {
            LogFormat::Text => write_text(&mut line, event)?,
            LogFormat::Json => write_json(&mut line, event)?,
        }
        line.write_char('\n')
    }
}

fn write_text(line: &mut Writer<'_>, event: &Event<'_>) -> fmt::Result {
    let is_coloured = line.has_ansi_escapes();
    let (dim, end) = if is_coloured {
        ("\x1b[2m", "\x1b[0m")
    } else {
        ("", "")
    };
    let (level, target) = (*event.metadata().level(), event.metadata().target());
    let colour = if is_coloured { colour(level) } else { "" };
    write!(line, "{dim}")?;
    SystemTime.format_time(line)?;
    write!(line, "{end} {colour}{level:>5}{end} {dim}{target}:{end}")?;
    let mut fields = TextFields {
        line,
        is_coloured,
        result: Ok(()),
    };
    event.record(&mut TextMessage(&mut fields));
    event.record(&mut fields);
    fields.result
}

fn colour(level: Level) -> &'static str {
    match level {
        Level::ERROR => "\x1b[31m",
        Level::WARN => "\x1b[33m",
        Level::INFO => "\x1b[32m",
        Level::DEBUG => "\x1b[34m",
        Level::TRACE => "\x1b[35m",
    }
}

/// Writes the message alone, which stands in front of all fields.
struct TextMessage<'a, 'b, 'c>(&'a mut TextFields<'b, 'c>);

impl Visit for TextMessage<'_, '_, '_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == MESSAGE {
            let text = CutText::of(format_args!("{value:?}"));
            self.0
                .write(|line| write!(line, " {}", Escaped(&text, Quotes::None)));
        }
    }
}

const MESSAGE: &str = "message";

/// Writes the fields of a line of text, as `name=value`.
struct TextFields<'a, 'b> {
    line: &'a mut Writer<'b>,
    is_coloured: bool,
    result: fmt::Result,
}

impl TextFields<'_, '_> {
    fn write(&mut self, write: impl FnOnce(&mut Writer<'_>) -> fmt::Result) {
        if self.result.is_ok() {
            self.result = write(self.line);
        }
    }

    fn field(&mut self, field: &Field, value: &str, quotes: Quotes) {
        if field.name() == MESSAGE {
            return;
        }
        let (italic, dim, end) = match self.is_coloured {
            true => ("\x1b[3m", "\x1b[2m", "\x1b[0m"),
            false => ("", "", ""),
        };
        let (name, value) = (field.name(), Escaped(value, quotes));
        self.write(|line| write!(line, " {italic}{name}{end}{dim}={end}{value}"));
    }
}

impl Visit for TextFields<'_, '_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.field(field, &CutText::of(format_args!("{value}")), Quotes::Text);
    }

    /// Numbers and bools come here too.
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let value = CutText::of(format_args!("{value:?}"));
        let quotes = match is_plain(&value) || is_quoted(&value) {
            true => Quotes::None,
            false => Quotes::Text,
        };
        self.field(field, &value, quotes);
    }
}

/// True if a value can stand in a line as it is: it can look like no other field.
fn is_plain(value: &str) -> bool {
    let ends = |c: char| c.is_whitespace() || matches!(c, '=' | '"');
    !value.is_empty() && !value.contains(ends)
}

/// True if a value is one quoted text, as `Debug` writes it.
fn is_quoted(value: &str) -> bool {
    let inner = value
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    let Some(inner) = inner else { return false };
    let mut is_escaped = false;
    let ends_early = inner.chars().any(|c| {
        let ends = c == '"' && !is_escaped;
        is_escaped = c == '\\' && !is_escaped;
        ends
    });
    !ends_early && !is_escaped
}

/// Writes an object: time, level, message and fields, target.
fn write_json(line: &mut Writer<'_>, event: &Event<'_>) -> fmt::Result {
    let (level, target) = (*event.metadata().level(), event.metadata().target());
    line.write_str("{\"timestamp\":\"")?;
    SystemTime.format_time(line)?;
    write!(line, "\",\"level\":\"{level}\"")?;
    let mut fields = JsonFields {
        line,
        result: Ok(()),
    };
    event.record(&mut fields);
    fields.result?;
    write!(line, ",\"target\":{}}}", Escaped(target, Quotes::Json))
}

/// Writes the fields of an event as members of an object.
struct JsonFields<'a, 'b> {
    line: &'a mut Writer<'b>,
    result: fmt::Result,
}

impl JsonFields<'_, '_> {
    fn member(&mut self, field: &Field, value: impl fmt::Display) {
        if self.result.is_ok() {
            self.result = write!(self.line, ",\"{}\":{value}", field.name());
        }
    }
}

impl Visit for JsonFields<'_, '_> {
    fn record_i64(&mut self, field: &Field, value: i64) {
        self.member(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.member(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.member(field, value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        match value.is_finite() {
            true => self.member(field, value),
            // JSON has no such number.
            false => self.member(field, "null"),
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        let value = CutText::of(format_args!("{value}"));
        self.member(field, Escaped(&value, Quotes::Json));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let value = CutText::of(format_args!("{value:?}"));
        self.member(field, Escaped(&value, Quotes::Json));
    }
}

/// The text of a value, cut.
struct CutText(String);

impl CutText {
    fn of(value: fmt::Arguments<'_>) -> String {
        let mut text = CutText(String::new());
        // Fails once the text is cut.
        let _ = text.write_fmt(value);
        text.0
    }
}

impl fmt::Write for CutText {
    fn write_str(&mut self, more: &str) -> fmt::Result {
        let room = VALUE_BYTES_MAX.saturating_sub(self.0.len());
        if more.len() <= room {
            self.0.push_str(more);
            return Ok(());
        }
        self.0.push_str(&more[..more.floor_char_boundary(room)]);
        self.0.push('…');
        Err(fmt::Error)
    }
}

/// What stands round a value, and what is escaped because of it.
#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tracing_subscriber::fmt::MakeWriter;
    use tracing_subscriber::layer::SubscriberExt;

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    impl MakeWriter<'_> for Lines {
        type Writer = Lines;

        fn make_writer(&self) -> Lines {
            self.clone()
        }
    }

    /// Returns what `log` logs in this format, without the time.
    fn logged(format: LogFormat, log: impl FnOnce()) -> String {
        let lines = Lines::default();
        let layer = tracing_subscriber::fmt::layer()
            .with_ansi(false)
            .with_writer(lines.clone())
            .event_format(LineFormat(format));
        let subscriber = tracing_subscriber::registry().with(layer);
        tracing::subscriber::with_default(subscriber, log);
        let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
        let time = text.find(' ').map_or(0, |at| at + 1);
        text[if format == LogFormat::Text { time } else { 0 }..].to_owned()
    }

    /// Every character that may not come out raw.
    fn obeyed() -> String {
        let controls = ('\0'..='\u{9f}').filter(|c| c.is_control());
        let others = ('\u{2028}'..='\u{202e}').chain('\u{2066}'..='\u{2069}');
        // Arabic letter mark, zero-width space, joiners and marks, byte order mark, soft hyphen,
        // word joiner, and a tag, which has no place among the first 65,536.
        let unseen =
            "\u{61c}\u{200b}\u{200c}\u{200d}\u{200e}\u{200f}\u{feff}\u{ad}\u{2060}\u{e0041}";
        controls.chain(others).chain(unseen.chars()).collect()
    }

    #[test]
    fn text_line_has_level_target_message_and_fields() {
        let line = logged(LogFormat::Text, || {
            let error = std::io::Error::other("no such host");
            tracing::warn!(%error, topic = "room:a", peer = %"[::1]:80", count = 3, "said");
        });
        let expected = " WARN lobbyd::program::log_format::tests: said error=\"no such host\" \
            topic=\"room:a\" peer=[::1]:80 count=3\n";
        assert_eq!(line, expected);
    }

    #[test]
    fn json_line_is_an_object_with_the_fields_beside_time_and_level() {
        let line = logged(LogFormat::Json, || {
            tracing::info!(topic = "a\"\u{202e}", peer = %"[::1]:80", count = 3, is = true, part = f64::NAN, "said");
        });
        let json: serde_json::Value = serde_json::from_str(&line).unwrap();
        let expected = serde_json::json!({
            "timestamp": json["timestamp"], "level": "INFO", "message": "said", "topic": "a\"\u{202e}",
            "peer": "[::1]:80", "count": 3, "is": true, "part": null,
            "target": "lobbyd::program::log_format::tests",
        });
        assert_eq!(json, expected);
        assert!(line.contains("a\\\"\\u202e"), "{line}");
    }

    #[test]
    fn characters_that_terminals_obey_are_escaped_in_every_field_and_format() {
        let hostile = obeyed();
        for format in [LogFormat::Text, LogFormat::Json] {
            let line = logged(format, || {
                tracing::error!(text = &*hostile, shown = %hostile, debug = ?hostile, "{hostile}");
            });
            let line = line.strip_suffix('\n').unwrap();
            let raw: Vec<char> = line.chars().filter(|&c| hostile.contains(c)).collect();
            assert_eq!(raw, [], "{line:?}");
            if format == LogFormat::Json {
                let json: serde_json::Value = serde_json::from_str(line).unwrap();
                assert_eq!(json["text"], hostile, "nothing is lost");
            }
        }
    }

    #[test]
    fn value_cannot_look_like_a_field_or_a_line_of_its_own() {
        for hostile in [
            "x reason=forged",
            "\"x\" reason=\"forged\"",
            "x\" reason=\"forged",
        ] {
            let line = logged(LogFormat::Text, || {
                tracing::info!(text = hostile, shown = %hostile, "said");
            });
            let quoted = format!("{hostile:?}");
            assert!(
                line.ends_with(&format!(" text={quoted} shown={quoted}\n")),
                "{line}"
            );
        }
    }

    #[test]
    fn long_values_are_cut() {
        let long = "é".repeat(100_000);
        for format in [LogFormat::Text, LogFormat::Json] {
            let line = logged(
                format,
                || tracing::info!(text = &*long, shown = %long, "{long}"),
            );
            assert!(line.len() < 4 * VALUE_BYTES_MAX, "{}", line.len());
        }
    }
}
