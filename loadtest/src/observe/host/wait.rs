//! Waiting with a deadline, for the tests of this folder.

/// Waits for something that tests are sure comes.
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
