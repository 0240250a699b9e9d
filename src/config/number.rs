//! Settings that are numbers: which are taken, how they are read, and how they are written.

use std::ops::RangeInclusive;

use super::raw::Raw;
use super::unfit::Unfit;
use crate::server::MOST;

/// A number as the library's structs have it, or none.
pub trait Number: Copy {
    /// None if it is not set.
    fn get(self) -> Option<u64>;

    /// The number that [`Whole::read`] has let through, which fits.
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

/// Which whole numbers are taken, and what they count.
#[derive(Clone, Debug)]
pub struct Whole {
    /// Such as "milliseconds"; empty where the setting's name says it.
    pub unit: &'static str,
    /// Least and most.
    pub range: RangeInclusive<u64>,
}

impl Whole {
    /// What is expected, in words that follow "expected".
    pub fn expected(&self) -> String {
        let (from, to) = (self.range.start(), self.range.end());
        let of = if self.unit.is_empty() { "" } else { " of " };
        let to = match *to {
            MOST => String::new(),
            to => format!(" to {to}"),
        };
        format!("a whole number{of}{} from {from}{to}", self.unit)
    }

    /// Takes a number from what was given.
    ///
    /// # Errors
    /// If it is none, or out of the range.
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

/// A number as a file would have it, with its thousands marked.
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

/// Any number from `least`.
pub fn counts(least: u64) -> Whole {
    from("", least)
}

/// Bytes from `least`.
pub fn bytes(least: u64) -> Whole {
    from("bytes", least)
}

/// Milliseconds from `least`.
pub fn milliseconds(least: u64) -> Whole {
    from("milliseconds", least)
}

fn from(unit: &'static str, least: u64) -> Whole {
    Whole {
        unit,
        range: least..=MOST,
    }
}
