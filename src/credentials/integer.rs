//! Integers of Erlang's terms: at most 128 bits and a sign, so a UUID as a number fits.

use std::fmt::{Display, Formatter};

use serde_json::Value;

/// An integer of at most 128 bits, and its sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Integer {
    /// Never of zero.
    is_negative: bool,
    magnitude: u128,
}

impl Integer {
    /// Returns the integer of this sign and magnitude. Zero has no sign.
    pub fn new(is_negative: bool, magnitude: u128) -> Integer {
        Integer {
            is_negative: is_negative && magnitude != 0,
            magnitude,
        }
    }

    /// Returns the integer, or the nearest `i128`.
    pub fn saturate(self) -> i128 {
        match self.is_negative {
            true => 0_i128.checked_sub_unsigned(self.magnitude),
            false => 0_i128.checked_add_unsigned(self.magnitude),
        }
        .unwrap_or(if self.is_negative {
            i128::MIN
        } else {
            i128::MAX
        })
    }

    /// True for an integer below zero.
    pub fn is_negative(self) -> bool {
        self.is_negative
    }

    /// Returns the integer without its sign.
    pub fn magnitude(self) -> u128 {
        self.magnitude
    }

    /// Returns the number in JSON. Out of the range of 64 bits it is the nearest float.
    pub fn into_json(self) -> Value {
        let whole = self.saturate();
        match (u64::try_from(whole), i64::try_from(whole)) {
            (Ok(number), _) => number.into(),
            (_, Ok(number)) => number.into(),
            _ if self.is_negative => (-(self.magnitude as f64)).into(),
            _ => (self.magnitude as f64).into(),
        }
    }
}

impl<T: Into<i128>> From<T> for Integer {
    fn from(value: T) -> Integer {
        let value = value.into();
        Integer::new(value < 0, value.unsigned_abs())
    }
}

impl Display for Integer {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        let sign = if self.is_negative { "-" } else { "" };
        write!(f, "{sign}{}", self.magnitude)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_beyond_64_bits_keep_their_digits_and_are_floats_in_json() {
        let table = [
            (Integer::new(true, 0), "0", Value::from(0)),
            (Integer::from(-1), "-1", Value::from(-1)),
            (
                u64::MAX.into(),
                "18446744073709551615",
                Value::from(u64::MAX),
            ),
            (
                Integer::new(false, 1 << 64),
                "18446744073709551616",
                Value::from(18446744073709551616.0),
            ),
            (
                Integer::new(true, u128::MAX),
                "-340282366920938463463374607431768211455",
                Value::from(-340282366920938463463374607431768211456.0),
            ),
        ];
        for (integer, digits, json) in table {
            assert_eq!(integer.to_string(), digits);
            assert_eq!(integer.into_json(), json, "{digits}");
        }
    }

    #[test]
    fn integers_beyond_127_bits_saturate() {
        assert_eq!(Integer::new(true, u128::MAX).saturate(), i128::MIN);
        assert_eq!(Integer::new(false, u128::MAX).saturate(), i128::MAX);
        assert_eq!(Integer::from(-7).saturate(), -7);
    }
}
