//! Waiting with a deadline, for the tests of this folder.

/// Waits up to 10 s for a condition that must come true; `what` names it in the panic.
pub(super) fn within_10_s(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(10);
    while !holds() {
        assert!(
            std::time::Instant::now() < deadline,
            "not within 10 s: {what}"
        );
        std::thread::yield_now();
    }
}
