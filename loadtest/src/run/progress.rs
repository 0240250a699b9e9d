//! The line that shows the progress of a run.
//!
//! On a terminal the line is redrawn in place. Elsewhere a plain line is written every 2 s, so that
//! a log shows that the run goes on.

use std::io::{IsTerminal, Write};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::clock::{SECOND_NS, now_ns};

/// The output of progress. It goes to stderr, so that stdout has only the result.
#[derive(Debug)]
pub struct Progress {
    bar: Option<ProgressBar>,
    plain: bool,
    plain_due_ns: u64,
    label: String,
}

/// Time from one plain line to the next.
const PLAIN_NS: u64 = 2 * SECOND_NS;

impl Progress {
    /// Returns a progress that shows nothing if `quiet`.
    pub fn new(quiet: bool) -> Progress {
        let terminal = std::io::stderr().is_terminal();
        let bar = (terminal && !quiet).then(|| {
            let bar =
                ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr_with_hz(10));
            let style = ProgressStyle::with_template("{prefix} {bar:20} {wide_msg}");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar
        });
        Progress {
            bar,
            plain: !terminal && !quiet,
            plain_due_ns: 0,
            label: String::new(),
        }
    }

    /// Starts a phase: "connecting", "measuring".
    pub fn phase(&mut self, label: &str) {
        label.clone_into(&mut self.label);
        self.plain_due_ns = 0;
        if let Some(bar) = &self.bar {
            bar.set_prefix(label.to_owned());
            bar.set_message("");
        }
    }

    /// Shows that `done` of `all` of the phase is over, with `words`, which is called only if the
    /// line is shown.
    pub fn show(&mut self, done: u64, all: u64, words: impl FnOnce() -> String) {
        if let Some(bar) = &self.bar {
            bar.set_length(all.max(1));
            bar.set_position(done.min(all));
            bar.set_message(words());
        } else if self.plain && now_ns() >= self.plain_due_ns {
            self.plain_due_ns = now_ns() + PLAIN_NS;
            let _ = writeln!(std::io::stderr(), "{}: {}", self.label, words());
        }
    }

    /// Writes a line that stays.
    pub fn note(&self, line: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| eprintln!("{line}")),
            None if self.plain => {
                let _ = writeln!(std::io::stderr(), "{line}");
            }
            None => {}
        }
    }

    /// Clears the line of progress.
    pub fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
