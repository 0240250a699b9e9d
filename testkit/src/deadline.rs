//! The longest wait of a test, and a wait for a condition.

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
