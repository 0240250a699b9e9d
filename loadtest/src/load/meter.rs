//! Distributions of times and counts over time, of the measured stretch of a run.
//!
//! Delivery times, deliveries and messages published are recorded in the current interval, and
//! added to the whole when it ends.

use hdrhistogram::Histogram;

use crate::clock::SECOND_NS;
use crate::observe::watch::Surroundings;
use crate::result::{Interval, Latency};

/// Longest time that is recorded as it is: an hour. A longer time counts as an hour.
const LONGEST_US: u64 = 3_600_000_000;
/// Significant digits of a value that are kept.
const DIGITS: u8 = 3;
/// Length of an interval at least. A longer run with a planned end has longer intervals, so that
/// there are about [`INTERVALS_MAX`] at most.
const INTERVAL_NS: u64 = SECOND_NS / 4;
/// A run planned for longer than this has no planned end.
const LENGTH_KNOWN_NS: u64 = 1 << 55;
/// Most intervals of a run with a planned end, enough for a plot.
const INTERVALS_MAX: u64 = 240;

/// A distribution of times, while it is recorded.
#[derive(Debug)]
pub struct Recorder(Histogram<u64>);

impl Default for Recorder {
    fn default() -> Recorder {
        let histogram = Histogram::new_with_bounds(1, LONGEST_US, DIGITS);
        Recorder(histogram.expect("the bounds are constants that hdrhistogram takes"))
    }
}

impl Recorder {
    /// Records the time from `from_ns` to `to_ns`, in whole microseconds.
    #[inline]
    pub fn record(&mut self, from_ns: u64, to_ns: u64) {
        self.0
            .saturating_record(to_ns.saturating_sub(from_ns) / 1_000);
    }

    /// Returns the distribution. `None` if no time was recorded.
    pub fn latency(&self) -> Option<Latency> {
        Latency::of(&self.0)
    }

    fn drain_into(&mut self, all: &mut Recorder) {
        all.0
            .add(&self.0)
            .expect("all recorders have the same bounds");
        self.0.reset();
    }
}

/// The times and counts of a run, while they are recorded.
#[derive(Debug, Default)]
pub struct Meter {
    window: Option<Window>,
    interval_ns: u64,
    interval_begin_ns: u64,
    /// Delivery times of the current interval.
    current: Recorder,
    current_deliveries: u64,
    current_published: u64,
    intervals: Vec<Interval>,
    deliveries: Recorder,
    /// From the intended time of a message to its last subscriber.
    last: Recorder,
    /// From the intended time of a message to its sending.
    pub send_delay: Recorder,
    /// From a push to its reply.
    pub reply: Recorder,
    /// From a heartbeat to its answer.
    pub heartbeat: Recorder,
    counts: MeterCounts,
}

/// Counts of the measured time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MeterCounts {
    /// Messages published.
    pub published: u64,
    /// Deliveries.
    pub deliveries: u64,
    /// Bytes read from sockets.
    pub bytes: u64,
    /// Reads from sockets.
    pub reads: u64,
}

/// The measured stretch of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Window {
    begin_ns: u64,
    end_ns: u64,
}

impl Meter {
    /// Starts to measure at `begin_ns`, for `length_ns`. Earlier records are dropped.
    pub fn begin(&mut self, begin_ns: u64, length_ns: u64) {
        // The intervals of a run without a planned end stay short.
        let known = length_ns < LENGTH_KNOWN_NS;
        let interval_ns = INTERVAL_NS.max(if known { length_ns / INTERVALS_MAX } else { 0 });
        *self = Meter {
            window: Some(Window {
                begin_ns,
                end_ns: begin_ns + length_ns,
            }),
            interval_ns,
            interval_begin_ns: begin_ns,
            ..Meter::default()
        };
    }

    /// Ends the measured time, unless it has ended as planned. Earlier messages still count.
    pub fn end(&mut self, now_ns: u64) {
        if let Some(window) = &mut self.window {
            window.end_ns = now_ns.clamp(window.begin_ns, window.end_ns);
        }
    }

    /// Returns the length of the measured time in seconds.
    pub fn seconds(&self) -> f64 {
        let length = |window: Window| (window.end_ns - window.begin_ns) as f64 / SECOND_NS as f64;
        self.window.map_or(0.0, length)
    }

    fn measures(&self, at_ns: u64) -> bool {
        self.window
            .is_some_and(|window| (window.begin_ns..window.end_ns).contains(&at_ns))
    }

    /// Records a delivery of a message intended for `intended_ns`. The delay of a message of the
    /// measured time is recorded, however late the delivery is, so that a stall at the end counts.
    #[inline]
    pub fn delivered(&mut self, intended_ns: u64, now_ns: u64) {
        if let Some(window) = self.window {
            if intended_ns >= window.begin_ns && intended_ns < window.end_ns {
                self.current.record(intended_ns, now_ns);
            }
            if now_ns < window.end_ns {
                self.current_deliveries += 1;
            }
        }
    }

    /// Records that a message has come to its last subscriber.
    pub fn delivered_to_last(&mut self, intended_ns: u64, now_ns: u64) {
        if self.measures(intended_ns) {
            self.last.record(intended_ns, now_ns);
        }
    }

    /// Records that a message was queued for its socket.
    pub fn published(&mut self, intended_ns: u64, now_ns: u64) {
        if self.measures(intended_ns) {
            self.current_published += 1;
            self.send_delay.record(intended_ns, now_ns);
        }
    }

    /// Records a read of `bytes` bytes.
    #[inline]
    pub fn read(&mut self, bytes: usize, now_ns: u64) {
        if self.window.is_some_and(|window| now_ns < window.end_ns) {
            self.counts.reads += 1;
            self.counts.bytes += bytes as u64;
        }
    }

    /// Records a reply to a push sent at `sent_ns`.
    pub fn replied(&mut self, sent_ns: u64, now_ns: u64) {
        if self.measures(sent_ns) {
            self.reply.record(sent_ns, now_ns);
        }
    }

    /// Records the answer to a heartbeat sent at `sent_ns`.
    pub fn beat(&mut self, sent_ns: u64, now_ns: u64) {
        if self.measures(sent_ns) {
            self.heartbeat.record(sent_ns, now_ns);
        }
    }

    /// Returns the end of the current interval. `None` if nothing is measured.
    pub fn interval_end_ns(&self) -> Option<u64> {
        self.window?;
        Some(self.interval_begin_ns + self.interval_ns)
    }

    /// Ends the current interval. Deliveries after the measured time are in no interval, but their
    /// delays are in the whole distribution.
    pub fn end_interval(&mut self, now_ns: u64, around: Surroundings) {
        let Some(window) = self.window else {
            return;
        };
        let end_ns = now_ns.min(window.end_ns);
        if end_ns > self.interval_begin_ns {
            let latency = |quantile| {
                (!self.current.0.is_empty()).then(|| self.current.0.value_at_quantile(quantile))
            };
            self.intervals.push(Interval {
                at_seconds: (end_ns - window.begin_ns) as f64 / SECOND_NS as f64,
                seconds: (end_ns - self.interval_begin_ns) as f64 / SECOND_NS as f64,
                published: self.current_published,
                deliveries: self.current_deliveries,
                joined: around.joined,
                p50_us: latency(0.5),
                p99_us: latency(0.99),
                max_us: latency(1.0),
                server_cores: around.server_cores,
                server_rss_bytes: around.server_rss_bytes,
                load_cores: around.load_cores,
            });
        }
        self.interval_begin_ns = now_ns;
        self.sum_up();
    }

    fn sum_up(&mut self) {
        self.counts.deliveries += std::mem::take(&mut self.current_deliveries);
        self.counts.published += std::mem::take(&mut self.current_published);
        self.current.drain_into(&mut self.deliveries);
    }

    /// Returns the last interval that has ended.
    pub fn latest(&self) -> Option<&Interval> {
        self.intervals.last()
    }

    /// Ends the recording and returns all records.
    pub fn finish(&mut self) -> Measured {
        self.sum_up();
        Measured {
            seconds: self.seconds(),
            counts: self.counts,
            delivery: self.deliveries.latency(),
            last: self.last.latency(),
            send_delay: self.send_delay.latency(),
            reply: self.reply.latency(),
            heartbeat: self.heartbeat.latency(),
            intervals: std::mem::take(&mut self.intervals),
        }
    }
}

/// The records of a meter.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// Length of the measured time in seconds.
    pub seconds: f64,
    /// Counts of the measured time.
    pub counts: MeterCounts,
    /// From a message's intended time to each of its deliveries.
    pub delivery: Option<Latency>,
    /// From a message's intended time to its last delivery.
    pub last: Option<Latency>,
    /// From a message's intended time to its sending.
    pub send_delay: Option<Latency>,
    /// From a push to its reply.
    pub reply: Option<Latency>,
    /// From a heartbeat to its answer.
    pub heartbeat: Option<Latency>,
    /// The intervals of the measured time, in order.
    pub intervals: Vec<Interval>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn message_counts_by_its_intended_time_however_late_it_comes() {
        let mut meter = Meter::default();
        meter.begin(SECOND_NS, SECOND_NS);
        meter.delivered(SECOND_NS - 1, SECOND_NS + 5); // intended in the warm-up
        meter.delivered(2 * SECOND_NS - 1, 5 * SECOND_NS - 1); // intended at the end, 3 s late
        meter.delivered(2 * SECOND_NS, 5 * SECOND_NS); // intended after the end
        let measured = meter.finish();
        let latency = measured.delivery.unwrap();
        assert_eq!(latency.count, 1);
        assert!(
            (2_997_000..=3_003_000).contains(&latency.max_us),
            "{}",
            latency.max_us
        );
        assert_eq!(
            measured.counts.deliveries, 1,
            "only the first came within the time"
        );
    }

    #[test]
    fn intervals_add_up_to_the_whole() {
        let mut meter = Meter::default();
        meter.begin(0, SECOND_NS);
        for at in 0..1_000 {
            let now = at * SECOND_NS / 1_000;
            if meter.interval_end_ns().is_some_and(|end| now >= end) {
                meter.end_interval(now, Surroundings::default());
            }
            meter.published(now, now);
            meter.delivered(now, now + 1_000_000);
        }
        meter.end_interval(2 * SECOND_NS, Surroundings::default());
        let measured = meter.finish();
        assert_eq!(measured.intervals.len(), 4);
        let sum = |of: fn(&Interval) -> u64| measured.intervals.iter().map(of).sum::<u64>();
        assert_eq!(sum(|interval| interval.published), 1_000);
        assert_eq!(
            sum(|interval| interval.deliveries),
            measured.counts.deliveries
        );
        assert_eq!(measured.delivery.unwrap().count, 1_000);
        let seconds: f64 = measured
            .intervals
            .iter()
            .map(|interval| interval.seconds)
            .sum();
        assert!((seconds - 1.0).abs() < 1e-9);
    }

    #[test]
    fn long_run_has_no_more_intervals_than_a_plot_can_show() {
        let mut meter = Meter::default();
        meter.begin(0, 3_600 * SECOND_NS);
        assert_eq!(meter.interval_end_ns(), Some(15 * SECOND_NS));
    }
}
