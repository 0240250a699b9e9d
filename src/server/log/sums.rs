//! Lines that strangers can cause, summed: the first at once, then one a minute with a number.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tracing::Level;

use super::notice::Notice;

/// The shortest time between two lines for one reason.
pub(crate) const INTERVAL: Duration = Duration::from_secs(60);

/// The lines of one server that clients have caused, by kind and reason. Both have few values, so a
/// list is enough.
#[derive(Debug, Default)]
pub(crate) struct Sums(Mutex<Vec<Summed>>);

#[derive(Debug)]
struct Summed {
    notice: Notice,
    reason: &'static str,
    told: Instant,
    /// How often it came after the last line.
    unsaid: u64,
}

impl Sums {
    /// Notes that it came to `notice` for `reason`. If a line is due, returns how often it came
    /// since the last line. Otherwise it is told later, by the number. Called by `summed!` alone.
    pub fn due(&self, notice: Notice, reason: &'static str) -> Option<u64> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = all
            .iter_mut()
            .find(|summed| summed.notice == notice && summed.reason == reason);
        let Some(summed) = known else {
            let (told, unsaid) = (Instant::now(), 0);
            all.push(Summed {
                notice,
                reason,
                told,
                unsaid,
            });
            return Some(0);
        };
        if summed.told.elapsed() < INTERVAL {
            summed.unsaid += 1;
            return None;
        }
        Some(summed.take())
    }

    /// Logs the number of what came after the last line of each reason, where that line is older
    /// than `age`. So a flood that has ended is told as well.
    pub fn tell_unsaid(&self, age: Duration) {
        let mut lines = Vec::new();
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for summed in all.iter_mut() {
            if summed.unsaid > 0 && summed.told.elapsed() >= age {
                lines.push((summed.notice, summed.reason, summed.take()));
            }
        }
        drop(all);
        for (notice, reason, since_last) in lines {
            tell(notice, reason, since_last);
        }
    }
}

impl Summed {
    fn take(&mut self) -> u64 {
        self.told = Instant::now();
        std::mem::take(&mut self.unsaid)
    }
}

/// Logs a number alone.
fn tell(notice: Notice, reason: &'static str, since_last: u64) {
    let (refusal, reason) = match notice.is_refusal() {
        true => (Some(reason), None),
        false => (None, Some(reason)),
    };
    let text = notice.text();
    match notice.level() {
        Level::ERROR => tracing::error!(refusal, reason, since_last, "{text}"),
        Level::WARN => tracing::warn!(refusal, reason, since_last, "{text}"),
        _ => tracing::info!(refusal, reason, since_last, "{text}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summed_line_is_due_at_once_and_then_with_its_number_once_a_minute() {
        let sums = Sums::default();
        let due = |reason| sums.due(Notice::SocketRefused, reason);
        assert_eq!(due("origin"), Some(0));
        assert_eq!(due("version"), Some(0));
        for _ in 0..10_000 {
            assert_eq!(due("origin"), None);
        }
        let later = |by: Duration| {
            for summed in sums.0.lock().unwrap().iter_mut() {
                summed.told -= by;
            }
        };
        later(INTERVAL);
        assert_eq!(due("version"), Some(0));
        assert_eq!(due("origin"), Some(10_000));
        assert_eq!(due("origin"), None);
    }

    #[test]
    fn number_of_a_flood_that_has_ended_is_taken_once() {
        let sums = Sums::default();
        for _ in 0..3 {
            sums.due(Notice::JoinRefused, "denied");
        }
        let unsaid = || sums.0.lock().unwrap()[0].unsaid;
        sums.tell_unsaid(INTERVAL);
        assert_eq!(unsaid(), 2);
        sums.tell_unsaid(Duration::ZERO);
        assert_eq!(unsaid(), 0);
        assert_eq!(sums.due(Notice::JoinRefused, "denied"), None);
    }
}
