//! The names that the broker gives out: positions in topics, and subscription ids.

use std::fmt;

/// The place of a broadcast in the one order of its topic.
///
/// A position is opaque: two positions are equal or not. Each position has a text of 17 ASCII
/// characters. Two positions have the same text only if they are equal, as long as their numbers
/// stay below 2^48: for nine years at a million broadcasts a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Position {
    /// Number of the epoch. A topic that has lost its last member starts a new epoch with its next
    /// member. No two epochs of a node have the same number.
    pub(crate) epoch: u64,
    /// Number of the broadcast, counted from 1 within the epoch, without gaps.
    pub(crate) sequence: u64,
}

/// The id of one channel's subscriptions: to its own topic, and to the topics that it follows. A
/// connection listens to its socket id under an id of its own. No id is used again on its node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SubscriptionId(pub(crate) u64);

#[cfg(feature = "engine")]
impl Position {
    /// Returns the number of the epoch. A topic that has lost its last member starts a new epoch
    /// with its next member.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Returns the number of the broadcast, counted from 1 within the epoch, without gaps.
    pub fn sequence(&self) -> u64 {
        self.sequence
    }
}

/// The digits of a position's text, in ASCII order, so that the texts of one epoch sort like their
/// positions.
const DIGITS: &[u8; 64] = b"-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz";

/// The text of a position: `@`, then 8 digits each of epoch and sequence. 8 digits hold the low 48
/// bits of a number; higher bits are left out.
impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("@")?;
        for number in [self.epoch, self.sequence] {
            for place in (0..8).rev() {
                let digit = number >> (6 * place) & 63;
                write!(f, "{}", char::from(DIGITS[digit as usize]))?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_a_position_has_17_characters_and_sorts_as_its_sequence_does() {
        let text = |epoch, sequence| Position { epoch, sequence }.to_string();
        assert_eq!(text(0, 0), "@----------------");
        assert_eq!(text(1, 64), "@-------0------0-");
        assert_eq!(text((1 << 48) - 1, 63), "@zzzzzzzz-------z");
        let sequences = [1, 2, 10, 11, 36, 37, 38, 63, 64, 65, 4_095, 4_096, 1 << 40];
        assert!(sequences.map(|sequence| text(7, sequence)).is_sorted());
        assert!(DIGITS.is_sorted());
    }
}
