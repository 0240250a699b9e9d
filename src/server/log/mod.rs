//! What keeps the log from stalling the server and from being flooded: a bounded writer, and sums.
//!
//! Lines about clients go through `summed!`, so that no stranger can fill the log. The writer is
//! for whoever writes the log to stderr: the program, or an app.

pub(crate) mod log_writer;
pub(crate) mod notice;
pub(crate) mod sums;
