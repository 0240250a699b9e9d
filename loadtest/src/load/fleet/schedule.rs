//! The times of phoenix.js (1.8) for reconnects, rejoins and timeouts.
//!
//! tests/clients/phoenix_js/schedule.mjs holds this schedule to phoenix.js's own functions.

/// Returns the milliseconds that phoenix.js waits before try number `tries` (from 1) to connect.
/// The number restarts whenever a connection opened.
pub fn reconnect_after_ms(tries: u32) -> u64 {
    const FIRST: [u64; 9] = [10, 50, 100, 150, 200, 250, 500, 1000, 2000];
    after(&FIRST, 5000, tries)
}

/// Returns the milliseconds before try number `tries` (from 1) to join on an open connection. The
/// number restarts whenever a join was answered with ok or a connection opened.
pub fn rejoin_after_ms(tries: u32) -> u64 {
    const FIRST: [u64; 3] = [1000, 2000, 5000];
    after(&FIRST, 10_000, tries)
}

/// How long phoenix.js waits for the answer to a join.
pub const JOIN_TIMEOUT_MS: u64 = 10_000;

/// How long phoenix.js waits for the answer to an upgrade before it turns to long-poll, in apps
/// that ask for that fallback.
pub const FALLBACK_MS: u64 = 2_500;

/// How long browsers (Chromium) wait for the answer to an upgrade; phoenix.js sets no limit itself.
pub const UPGRADE_TIMEOUT_MS: u64 = 240_000;

fn after(first: &[u64], then: u64, tries: u32) -> u64 {
    let known = first.get(tries.saturating_sub(1) as usize);
    known.copied().unwrap_or(then)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The JSON file is held to phoenix.js itself, by tests/clients/phoenix_js/schedule.mjs.
    #[test]
    fn schedule_is_that_of_phoenix_schedule_json() {
        let kept = include_str!("../../../tests/phoenix_schedule.json");
        let kept: serde_json::Value = serde_json::from_str(kept).unwrap();
        let told = serde_json::json!({
            "reconnect_after_ms": (1..=12).map(reconnect_after_ms).collect::<Vec<_>>(),
            "rejoin_after_ms": (1..=12).map(rejoin_after_ms).collect::<Vec<_>>(),
            "join_timeout_ms": JOIN_TIMEOUT_MS,
            "fallback_ms": FALLBACK_MS,
        });
        assert_eq!(told, kept);
    }
}
