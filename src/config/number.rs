//! Settings that are numbers: their ranges, how they are read, and how they are written.

use std::ops::RangeInclusive;

use super::raw::Raw;
use super::unfit::Unfit;
use crate::server::MOST;

/// A type of numbers in the library's structs, or an `Option` of such a type.
pub trait Number: Copy {
    /// Returns the number; None if it is not set.
    fn get(self) -> Option<u64>;

    /// Converts a number that [`Whole::read`] has accepted. The setting's range makes sure that the
    /// number fits the type.
    fn of(number: u64) -> Self;
}

macro_rules! numbers {
    ($($kind:ty),*) => { $(
        impl Number for $kind {
            fn get(self) -> Option<u64> {
                Some(self as u64)
            }

            fn of(number: u64) -> $kind {
                number as $kind
            }
        }
    )* };
}
numbers!(u16, u32, u64, usize);

impl<N: Number> Number for Option<N> {
    fn get(self) -> Option<u64> {
        self?.get()
    }

    fn of(number: u64) -> Option<N> {
        Some(N::of(number))
    }
}

/// The whole numbers that a setting takes, and what they count.
#[derive(Clone, Debug)]
pub struct Whole {
    /// The unit, such as "milliseconds"; empty where the setting's name says the unit.
    pub unit: &'static str,
    /// The least and the largest number.
    pub range: RangeInclusive<u64>,
    /// The reason why less is refused; empty where it is plain.
    pub because: &'static str,
}

impl Whole {
    /// Returns a description of the expected number, to follow the word "expected" in a message.
    pub fn expected(&self) -> String {
        let (from, to) = (self.range.start(), self.range.end());
        let of = if self.unit.is_empty() { "" } else { " of " };
        let to = match *to {
            MOST => String::new(),
            to => format!(" to {to}"),
        };
        let because = match self.because {
            "" => String::new(),
            because => format!(" ({because})"),
        };
        format!("a whole number{of}{} from {from}{to}{because}", self.unit)
    }

    /// Reads a number from `raw`.
    ///
    /// # Errors
    /// If `raw` is no whole number, or the number is out of the range.
    pub fn read(&self, raw: Raw<'_>) -> Result<u64, Unfit> {
        let number = raw.whole().ok_or(Unfit::Form)?;
        let fits = u64::try_from(number).ok();
        match fits.filter(|number| self.range.contains(number)) {
            Some(number) => Ok(number),
            None if number > i128::from(MOST) && *self.range.end() == MOST => {
                Err(Unfit::Because(format!(
                    "expected {}, at most {MOST}, found {number}",
                    self.expected()
                )))
            }
            None => Err(Unfit::Form),
        }
    }
}

/// Returns the decimal digits of `number`, with `mark` between its thousands: `_` as in a file, `,`
/// as in the documentation.
pub fn with_marks(number: u64, mark: char) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(mark);
        }
        text.push(digit);
    }
    text
}

/// Returns the range of all numbers from `least`, without a unit.
pub fn counts(least: u64) -> Whole {
    from("", least)
}

/// Returns the range of all numbers of bytes from `least`.
pub fn bytes(least: u64) -> Whole {
    from("bytes", least)
}

/// Returns the range of all numbers of milliseconds from `least`.
pub fn milliseconds(least: u64) -> Whole {
    from("milliseconds", least)
}

fn from(unit: &'static str, least: u64) -> Whole {
    Whole {
        unit,
        range: least..=MOST,
        because: "",
    }
}
