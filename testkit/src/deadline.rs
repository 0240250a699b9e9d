//! The longest wait of a test, a wait for a condition, and calls that no signal ends.

use std::io::{self, ErrorKind};
use std::time::{Duration, Instant};

/// Longest wait for anything that must come, long enough for a busy machine. No test waits this
/// long for what must not come.
pub const DEADLINE: Duration = Duration::from_secs(20);

/// Waits until `condition` holds; `what` names it in the panic.
pub fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(
            start.elapsed() < DEADLINE,
            "{what}: not within {DEADLINE:?}"
        );
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Returns the result of `call`, which is repeated for as long as signals interrupt it.
///
/// The system does not resume a read or a write by itself after a signal, such as the end of a
/// child, if the socket has a time-out.
pub fn uninterrupted<T>(mut call: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match call() {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}
