//! The floor's two ways of writing: in batches, or message by message.

use std::fmt;

/// The ways in which the floor writes published messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Writes {
    /// One write per subscriber and turn of the loop, with all messages of that turn.
    Batch,
    /// One write per subscriber and message, at once.
    Single,
}

impl fmt::Display for Writes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Writes::Batch => "batch",
            Writes::Single => "single",
        })
    }
}
