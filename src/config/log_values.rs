//! Levels and formats of the log.

use clap::ValueEnum;
use strum::{IntoStaticStr, VariantArray};

/// The least important level that is logged; each level includes the levels before it.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum, IntoStaticStr, VariantArray,
)]
#[strum(serialize_all = "lowercase")]
pub enum LogLevel {
    /// Only what an operator has to act on
    Error,
    /// And what may need a look
    Warn,
    /// And what happens to the server as a whole, and whom a limit closed
    Info,
    /// And what happens to single connections, as refused sockets
    Debug,
    /// And everything else
    Trace,
}

/// The form in which the log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "lowercase")]
pub enum LogFormat {
    /// For people, in colour on a terminal
    Text,
    /// One object a line, for programs
    Json,
}
