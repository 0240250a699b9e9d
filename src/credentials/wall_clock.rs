//! The time of day, which tokens count by.

use std::time::{SystemTime, UNIX_EPOCH};

/// Returns the time in milliseconds since 1970, as the system's clock has it. A jump of that clock
/// moves the end of all tokens; nothing else here counts by it.
pub(crate) fn unix_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_millis() as u64)
}
