//! Numbers as people read them: three significant digits, with the unit after them.
//!
//! All figures of reports are written by these functions, so a figure looks the same in the table,
//! on the page and on an axis.

use crate::result::Figure;

/// The text in place of a missing number.
pub const NOTHING: &str = "–";

/// Returns a number with three digits, or all of a larger one, below 1 with two: 0.53, 12.3, 1,234.
pub fn number(value: f64) -> String {
    let size = value.abs();
    match () {
        () if !value.is_finite() => NOTHING.to_owned(),
        () if size == 0.0 => "0".to_owned(),
        () if size < 0.0995 => small(value),
        () if size < 9.995 => format!("{value:.2}"),
        () if size < 99.95 => format!("{value:.1}"),
        () if value < 0.0 => format!("-{}", integer(size.round() as u64)),
        () => integer(value.round() as u64),
    }
}

/// Returns a number with two significant digits, and never as a power of ten: 0.051, 0.0033.
fn small(value: f64) -> String {
    let decade = value.abs().log10().floor();
    let places = (1.0 - decade).clamp(3.0, 12.0) as usize;
    format!("{value:.places$}")
}

/// Returns cores in use, in hundredths: 0.49. The system counts no finer.
pub fn cores(value: f64) -> String {
    match value {
        little if little > 0.0 && little < 0.005 => "less than 0.01".to_owned(),
        _ if value < 9.995 => format!("{value:.2}"),
        _ => number(value),
    }
}

/// Returns an integer with commas: 1,234,567.
pub fn integer(value: u64) -> String {
    let digits = value.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// Returns a time given in microseconds: 47.0 ns, 0.53 µs, 416 µs, 12.3 ms, 1.25 s.
pub fn time(us: f64) -> String {
    match us.abs() {
        size if size > 0.0 && size < 0.0995 => format!("{} ns", number(us * 1e3)),
        size if size < 999.5 => format!("{} µs", number(us)),
        size if size < 999_500.0 => format!("{} ms", number(us / 1e3)),
        _ => format!("{} s", number(us / 1e6)),
    }
}

/// Returns a time measured to the microsecond: 7 µs, not 7.00 µs.
pub fn time_us(us: u64) -> String {
    match us {
        0..1_000 => format!("{us} µs"),
        _ => time(us as f64),
    }
}

/// Returns the text of a tick on a time axis: like [`time`], without zeros at the end.
pub fn tick(us: f64) -> String {
    let (value, unit) = match us {
        size if size < 1e3 => (us, "µs"),
        size if size < 1e6 => (us / 1e3, "ms"),
        _ => (us / 1e6, "s"),
    };
    format!("{} {unit}", plain(value))
}

/// Returns the text of a size on an axis: 0, 512 MiB, 1.5 GiB.
pub fn size_tick(size: f64) -> String {
    const MIB: f64 = 1_048_576.0;
    match size / MIB {
        0.0 => "0".to_owned(),
        small if small < 1024.0 => format!("{} MiB", trimmed(small)),
        large => format!("{} GiB", trimmed(large / 1024.0)),
    }
}

/// Returns a number of an axis that exceeds a million: 0.5M, so that all its numbers look alike.
pub fn millions(value: f64) -> String {
    match value {
        0.0 => "0".to_owned(),
        _ => format!("{}M", trimmed(value / 1e6)),
    }
}

/// Returns a number of an axis or a step, without zeros at the end: 400, 2.5, 3.5M.
pub fn plain(value: f64) -> String {
    if value.abs() >= 1e6 {
        return format!("{}M", trimmed(value / 1e6));
    }
    match value.fract() == 0.0 && value >= 0.0 {
        true => integer(value as u64),
        false => trimmed(value),
    }
}

/// Returns a number without zeros at its end. An axis may need four places, as in 0.0025.
fn trimmed(value: f64) -> String {
    let text = match value.abs() < 1.0 {
        true => format!("{value:.4}"),
        false => format!("{value:.2}"),
    };
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Returns a rate per second: 3.52 M/s, 12,345/s, 0.53/s.
pub fn rate(per_second: f64) -> String {
    match per_second.abs() {
        size if size >= 999_500.0 => format!("{} M/s", number(per_second / 1e6)),
        _ => format!("{}/s", number(per_second)),
    }
}

/// Returns a number of bytes: 512 B, 1.20 MiB.
pub fn bytes(value: f64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if value.abs() < 1024.0 {
        return format!("{} B", plain(value.round()));
    }
    let mut scaled = value / 1024.0;
    let mut unit = 0;
    while scaled.abs() >= 1023.5 && unit + 1 < UNITS.len() {
        scaled /= 1024.0;
        unit += 1;
    }
    format!("{} {}", number(scaled), UNITS[unit])
}

/// Returns a part of one in hundredths: 62 %.
pub fn share(part: f64) -> String {
    match part.is_finite() {
        true => format!("{:.0} %", part * 100.0),
        false => NOTHING.to_owned(),
    }
}

/// Returns a part of a whole in hundredths, even if it is tiny: 0.0003 %.
pub fn share_of(part: u64, whole: u64) -> String {
    match whole {
        0 => NOTHING.to_owned(),
        _ => {
            let hundredths = part as f64 / whole as f64 * 100.0;
            let places = (1.0 - hundredths.max(1e-9).log10().floor()).clamp(0.0, 9.0) as usize;
            let text = format!("{hundredths:.places$}");
            let text = match text.contains('.') {
                true => text.trim_end_matches('0').trim_end_matches('.'),
                false => &text,
            };
            format!("{text} %")
        }
    }
}

/// Returns a count with its noun: 1 delivery, 3 deliveries.
pub fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{} {}", integer(count), if count == 1 { one } else { many })
}

/// Returns a multiple: 0.59×.
pub fn ratio(value: f64) -> String {
    match value.is_finite() {
        true => format!("{}×", number(value)),
        false => NOTHING.to_owned(),
    }
}

/// Returns a figure of a scenario, formatted by its unit.
pub fn figure(figure: &Figure) -> String {
    match figure.unit.as_str() {
        "bytes" => bytes(figure.value),
        "us" => time(figure.value),
        "per second" => rate(figure.value),
        "" => plain(figure.value),
        unit => format!("{} {unit}", number(figure.value)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_three_significant_digits() {
        let cases = [
            0.0,
            0.000_012,
            0.003_31,
            0.5312,
            9.994,
            12.34,
            416.2,
            1_234_567.0,
            -12.34,
            -4160.0,
        ];
        let written = cases.map(number);
        assert_eq!(
            written,
            [
                "0",
                "0.000012",
                "0.0033",
                "0.53",
                "9.99",
                "12.3",
                "416",
                "1,234,567",
                "-12.3",
                "-4,160"
            ]
        );
        assert_eq!(number(f64::NAN), NOTHING);
    }

    #[test]
    fn units_change_where_a_fourth_digit_would_begin() {
        assert_eq!(
            [time(0.53), time(999.0), time(999.6)],
            ["0.53 µs", "999 µs", "1.00 ms"]
        );
        assert_eq!(
            [time_us(7), time_us(12_345), time_us(1_250_000)],
            ["7 µs", "12.3 ms", "1.25 s"]
        );
        assert_eq!(
            [rate(3_521_000.0), rate(12_345.0)],
            ["3.52 M/s", "12,345/s"]
        );
        assert_eq!(
            [bytes(512.0), bytes(1_258_291.0), bytes(1_048_500.0)],
            ["512 B", "1.20 MiB", "1.00 MiB"]
        );
        assert_eq!(
            [tick(500.0), tick(2e4), tick(2.5e6)],
            ["500 µs", "20 ms", "2.5 s"]
        );
    }

    #[test]
    fn small_numbers_are_written_without_powers_of_ten() {
        assert_eq!([number(0.0512), number(0.099)], ["0.051", "0.099"]);
        assert_eq!([time(0.0512), time(0.2)], ["51.2 ns", "0.20 µs"]);
        assert_eq!(
            [cores(0.0), cores(0.004), cores(0.4567), cores(16.0)],
            ["0.00", "less than 0.01", "0.46", "16.0"]
        );
    }

    #[test]
    fn sizes_on_an_axis_are_whole() {
        let mib = 1_048_576.0;
        assert_eq!(
            [0.0, mib, 1536.0 * mib].map(size_tick),
            ["0", "1 MiB", "1.5 GiB"]
        );
        assert_eq!([0.0, 5e5, 2e6].map(millions), ["0", "0.5M", "2M"]);
    }

    #[test]
    fn share_is_written_however_small() {
        assert_eq!(share_of(3, 1_000_000), "0.0003 %");
        assert_eq!(share_of(1, 2), "50 %");
        assert_eq!(share_of(0, 0), NOTHING);
        assert_eq!(share_of(10, 10), "100 %");
    }
}
