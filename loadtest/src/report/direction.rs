//! The better direction of a figure, and the multiple from which it counts as a change.

use super::table::Mood;
use crate::result::{Ratio, RatioFigure};

/// The direction in which a figure is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    /// More is better, as with throughput.
    More,
    /// Less is better, as with delay.
    Less,
    /// Neither is better: the figure was asked for, or is no merit.
    Neither,
}

/// A smaller change is called neither better nor worse, because runs differ by 5 % from one time to
/// the next.
const NOTABLE: f64 = 0.05;

impl Direction {
    /// Returns whether a multiple of another figure is good, bad or neither.
    pub fn mood(self, times: f64) -> Mood {
        let gain = match self {
            Direction::More => times - 1.0,
            Direction::Less => 1.0 - times,
            Direction::Neither => 0.0,
        };
        match gain {
            gain if gain > NOTABLE => Mood::Good,
            loss if loss < -NOTABLE => Mood::Bad,
            _ => Mood::Plain,
        }
    }

    /// Returns whether a multiple measured in several rounds is good or bad. Neither, if some
    /// rounds are above 1 and others below.
    pub fn mood_of(self, ratio: &Ratio) -> Mood {
        match ratio.min <= 1.0 && ratio.max >= 1.0 {
            true => Mood::Plain,
            false => self.mood(ratio.median),
        }
    }

    /// Returns a mark to stand before the figure's name. All marks have the same width.
    pub fn arrow(self) -> &'static str {
        match self {
            Direction::More => "↑",
            Direction::Less => "↓",
            Direction::Neither => " ",
        }
    }

    /// Returns the direction in words. `None` if neither direction is better.
    pub fn words(self) -> Option<&'static str> {
        match self {
            Direction::More => Some("more is better"),
            Direction::Less => Some("less is better"),
            Direction::Neither => None,
        }
    }

    /// Returns the direction of a figure that is shown as a multiple of the floor's. A rate should
    /// be high, unless it was asked for (`asked`). The deliveries per read are no merit. All other
    /// figures are cost or delay.
    pub fn of_ratio(figure: RatioFigure, asked: bool) -> Direction {
        match figure {
            RatioFigure::DeliveriesPerRead => Direction::Neither,
            RatioFigure::DeliveriesPerSecond if asked => Direction::Neither,
            RatioFigure::DeliveriesPerSecond => Direction::More,
            _ => Direction::Less,
        }
    }
}
