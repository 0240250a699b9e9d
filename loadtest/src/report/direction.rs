//! The better direction of a figure, and the multiple from which it counts as a change.

use super::table::Mood;
use crate::result::Ratio;

/// Which way a figure is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    /// Throughput, say.
    More,
    /// Delay, say.
    Less,
    /// It was asked for, or it is a trait and no merit.
    Neither,
}

/// A change below this is not called better or worse:
/// runs differ by as much from one time to the next.
const NOTABLE: f64 = 0.05;

impl Direction {
    /// What a multiple of something else is worth.
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

    /// What a multiple is worth that was measured in several
    /// rounds: nothing, if some of them say the opposite.
    pub fn mood_of(self, ratio: &Ratio) -> Mood {
        match ratio.min <= 1.0 && ratio.max >= 1.0 {
            true => Mood::Plain,
            false => self.mood(ratio.median),
        }
    }

    /// A mark before the figure's name. It is as wide for each.
    pub fn arrow(self) -> &'static str {
        match self {
            Direction::More => "↑",
            Direction::Less => "↓",
            Direction::Neither => " ",
        }
    }

    /// In words, if there is a way.
    pub fn words(self) -> Option<&'static str> {
        match self {
            Direction::More => Some("more is better"),
            Direction::Less => Some("less is better"),
            Direction::Neither => None,
        }
    }

    /// The direction of a figure that is shown as a multiple of the floor's, by its name. Rates
    /// should be high, and how much is read at once is no merit by itself. The rest is cost and
    /// delay. `asked`: the rate was asked for.
    pub fn of_ratio(figure: &str, asked: bool) -> Direction {
        let rate = figure.contains("per second") || figure.contains("a second");
        match figure {
            figure if figure.contains("per read") => Direction::Neither,
            _ if rate && asked => Direction::Neither,
            _ if rate => Direction::More,
            _ => Direction::Less,
        }
    }
}
