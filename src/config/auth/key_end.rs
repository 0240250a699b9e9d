//! The time at which a key ends, as RFC 3339 writes it.

use toml::value::{Date, Datetime, Offset, Time};

use crate::config::form::{Form, quoted};
use crate::config::raw::Raw;
use crate::config::unfit::Unfit;

/// A time with its zone, as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyEnd {
    text: String,
    ms: u64,
}

impl KeyEnd {
    /// Returns the time in milliseconds since 1970.
    pub fn ms(&self) -> u64 {
        self.ms
    }
}

impl Form for KeyEnd {
    fn expected() -> String {
        "a time with its zone, as in \"2026-12-01T00:00:00Z\"".to_owned()
    }

    fn read(raw: Raw<'_>) -> Result<KeyEnd, Unfit> {
        let time = raw.time().ok_or(Unfit::Form)?;
        let ms = since_1970(&time).ok_or(Unfit::Form)?;
        let text = time.to_string();
        Ok(KeyEnd { text, ms })
    }

    fn show(&self) -> Option<String> {
        Some(quoted(&self.text))
    }
}

fn since_1970(time: &Datetime) -> Option<u64> {
    let (date, clock) = (time.date?, time.time?);
    let minutes = match time.offset? {
        Offset::Z => 0,
        Offset::Custom { minutes } => i64::from(minutes),
    };
    let ms = (days(date) * 86_400 + seconds(clock) - minutes * 60) * 1_000;
    let part = i64::from(clock.nanosecond.unwrap_or(0) / 1_000_000);
    u64::try_from(ms + part).ok()
}

/// Returns the days from 1970-01-01 to a date. Years are counted from March, so that the day of a
/// leap year comes last.
fn days(date: Date) -> i64 {
    let (month, day) = (i64::from(date.month), i64::from(date.day));
    let year = i64::from(date.year) - i64::from(month <= 2);
    let month = (month + 9) % 12;
    let of_months = (153 * month + 2) / 5;
    year * 365 + year / 4 - year / 100 + year / 400 + of_months + day - 719_469
}

fn seconds(time: Time) -> i64 {
    let second = i64::from(time.second.unwrap_or(0));
    i64::from(time.hour) * 3_600 + i64::from(time.minute) * 60 + second
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_counted_from_1970_in_their_zone() {
        for (text, s) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2000-02-29T23:59:59Z", 951_868_799),
            ("2000-03-01T00:00:00Z", 951_868_800),
            ("2026-12-01T02:30:00+02:30", 1_796_083_200),
            ("2100-02-28T00:00:00Z", 4_107_456_000),
            ("2100-03-01T00:00:00Z", 4_107_542_400),
        ] {
            let end = KeyEnd::read(Raw::Typed(text)).unwrap();
            assert_eq!(end.ms(), s * 1_000, "{text}");
            assert_eq!(end.show().unwrap(), quoted(text));
        }
    }

    #[test]
    fn time_without_a_zone_or_before_1970_is_refused() {
        for text in [
            "2026-12-01T00:00:00",
            "2026-12-01",
            "soon",
            "1969-12-31T23:59:59Z",
        ] {
            assert!(KeyEnd::read(Raw::Typed(text)).is_err(), "{text}");
        }
    }
}
