//! Signals that ask for the end: Ctrl-C, SIGTERM, a closed terminal.
//!
//! The first signal ends a run early, and its result has the figures until then. The second signal
//! ends the program and the servers that it has started.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::observe::host::kill_servers;

/// A flag that is true once a signal has asked for the end.
#[derive(Clone, Debug, Default)]
pub struct Interrupt(Arc<AtomicBool>);

/// Longest time between two signals that count as one, because a terminal and a program that
/// forwards signals may both send it.
const SAME_SIGNAL: Duration = Duration::from_millis(200);
/// The exit code of a program that was ended by Ctrl-C.
const INTERRUPTED: i32 = 130;

impl Interrupt {
    /// Starts a thread that listens to the signals.
    ///
    /// # Errors
    /// If the system refuses the handlers.
    pub fn listen() -> io::Result<Interrupt> {
        let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP, SIGQUIT])?;
        let asked = Arc::new(AtomicBool::new(false));
        let interrupt = Interrupt(Arc::clone(&asked));
        std::thread::Builder::new()
            .name("signals".to_owned())
            .spawn(move || {
                let mut first: Option<Instant> = None;
                for _ in &mut signals {
                    asked.store(true, Ordering::Relaxed);
                    let since = first.get_or_insert_with(Instant::now).elapsed();
                    if since > SAME_SIGNAL {
                        kill_servers();
                        std::process::exit(INTERRUPTED);
                    }
                }
            })?;
        Ok(interrupt)
    }

    /// True if a signal has asked for the end.
    pub fn asked(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Returns the flag itself, for loops that read it.
    pub fn flag(&self) -> &AtomicBool {
        &self.0
    }
}
