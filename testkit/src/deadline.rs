//! How long a test waits for what must come, and a wait for a condition.

use std::time::{Duration, Instant};

/// Longest wait for anything that must come. Generous, for a busy machine; what must not come is
/// never waited for this long.
pub const DEADLINE: Duration = Duration::from_secs(20);

/// Waits until `condition` holds.
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
