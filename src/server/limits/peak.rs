//! The highest value that was noted in the present window of time and in the one before.

use std::sync::atomic::{AtomicU64, Ordering};

/// The highest noted value. Any thread may note values, and one thread begins the windows. A peak
/// is shown for one window at least and two at most.
#[derive(Debug, Default)]
pub(crate) struct Peak {
    now: AtomicU64,
    before: AtomicU64,
}

impl Peak {
    /// Notes a value. Costs a load, and a store if the value is the highest of this window.
    pub fn note(&self, value: u64) {
        if self.of_window() < value {
            self.now.fetch_max(value, Ordering::Relaxed);
        }
    }

    /// Returns the highest value of the present window.
    pub fn of_window(&self) -> u64 {
        self.now.load(Ordering::Relaxed)
    }

    /// Begins a new window.
    pub fn next_window(&self) {
        let highest = self.now.swap(0, Ordering::Relaxed);
        self.before.store(highest, Ordering::Relaxed);
    }

    /// Returns the highest value of the present window and the one before.
    pub fn read(&self) -> u64 {
        self.of_window().max(self.before.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn peak_is_forgotten_after_two_windows() {
        let peak = Peak::default();
        peak.note(3);
        peak.note(2);
        assert_eq!(peak.read(), 3);
        peak.next_window();
        peak.note(1);
        assert_eq!(peak.read(), 3);
        peak.next_window();
        assert_eq!(peak.read(), 1);
    }
}
