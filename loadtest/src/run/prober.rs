//! A separate process with a few connections, which measures delays.
//!
//! The prober's connections are in the first lobby. A busy load generator reads deliveries late;
//! the prober does not, so its delays are the server's. A message's tag has the time at which it
//! was to be sent. The times can be compared because all processes of a machine share the clock.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};

use super::error::CannotRun;
use crate::load::wire::tag::Marker;
use crate::result::Latency;

/// Connections of a prober. They join in the middle of the load's joins.
pub const CONNECTIONS: u32 = 8;

/// A prober: its process, its input for orders, its output for answers.
#[derive(Debug)]
pub struct Prober {
    child: Child,
    orders: Option<ChildStdin>,
    answers: BufReader<std::process::ChildStdout>,
}

impl Prober {
    /// Starts a prober and waits until it has joined. `flags` name the server and the topic.
    ///
    /// # Errors
    /// If the prober cannot be started or cannot join.
    pub fn start(marker: Marker, flags: &[String]) -> Result<Prober, CannotRun> {
        let marker = String::from_utf8_lossy(&marker.0).into_owned();
        let mut child = Command::new(std::env::current_exe()?)
            .args(["probe", "--marker", &marker])
            .args(flags)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let (orders, answers) = (child.stdin.take(), child.stdout.take());
        let answers = answers.ok_or_else(|| failed("it has no output"))?;
        let mut prober = Prober {
            child,
            orders,
            answers: BufReader::new(answers),
        };
        match prober.answer()?.as_str() {
            "ready" => Ok(prober),
            _ => Err(failed("it could not join; see above")),
        }
    }

    /// Orders the prober to record messages intended from `begin_ns` on, for `length_ns`. The order
    /// takes some milliseconds, and messages that arrive earlier are left out.
    pub fn begin(&mut self, begin_ns: u64, length_ns: u64) {
        if let Some(orders) = &mut self.orders {
            // A prober that has died is noticed in `end`.
            let _ = writeln!(orders, "{begin_ns} {length_ns}");
        }
    }

    /// Ends the prober, and returns the delays that it has recorded.
    ///
    /// # Errors
    /// If the prober has died.
    pub fn end(mut self) -> Result<Option<Latency>, CannotRun> {
        self.orders = None;
        let answer = self.answer()?;
        serde_json::from_str(&answer).map_err(|_| failed("it died"))
    }

    fn answer(&mut self) -> Result<String, CannotRun> {
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        Ok(line.trim_end().to_owned())
    }
}

impl Drop for Prober {
    fn drop(&mut self) {
        self.orders = None;
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn failed(why: &str) -> CannotRun {
    CannotRun::NoConnection(format!("the prober failed: {why}"))
}
