//! Levels and formats of the log.

use clap::ValueEnum;
use strum::{IntoStaticStr, VariantArray};

/// The least important level that is logged; each level includes the levels before it.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum, IntoStaticStr, VariantArray,
)]
#[strum(serialize_all = "lowercase")]
pub enum LogLevel {
    /// Only errors, which an operator has to act on
    Error,
    /// Also warnings, which an operator may have to look at
    Warn,
    /// Also events of the whole server, and connections that a limit closed
    Info,
    /// Also events of single connections: each refusal that others only sum
    Debug,
    /// Everything, the messages of libraries included
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
