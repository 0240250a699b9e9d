//! The prober: a separate process with a few connections, which measures delays.
//!
//! Its connections are in the first lobby. What a busy generator has not got to yet, the prober
//! has: its delays are the server's, not the generator's. It knows when a message was to be sent
//! from its tag, because all processes of a machine share the clock.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};

use super::error::CannotRun;
use crate::load::wire::tag::Marker;
use crate::result::Latency;

/// Connections of a prober. They stand next to each other in the order of joins, in its middle.
pub const CONNECTIONS: u32 = 8;

/// The load generator's end of a prober.
#[derive(Debug)]
pub struct Prober {
    child: Child,
    orders: Option<ChildStdin>,
    answers: BufReader<std::process::ChildStdout>,
}

impl Prober {
    /// Starts one and waits until it has joined. `flags` are those that say where and what to join.
    ///
    /// # Errors
    /// If it cannot be started or cannot join.
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

    /// Records what was to be sent from `begin_ns` on, for `length_ns`. The order takes some
    /// milliseconds to reach it; what arrives before is left out.
    pub fn begin(&mut self, begin_ns: u64, length_ns: u64) {
        if let Some(orders) = &mut self.orders {
            // A prober that has died is noticed when it is asked.
            let _ = writeln!(orders, "{begin_ns} {length_ns}");
        }
    }

    /// Ends it, and returns what it has recorded.
    ///
    /// # Errors
    /// If it has died.
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
