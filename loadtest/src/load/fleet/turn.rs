//! The event loop: due work, then writes, then events from the sockets, and again.

use std::io;

use super::Fleet;
use super::pacer::Pacer;
use super::timer::TIMER;
use crate::clock::{MILLISECOND_NS, now_ns};

/// Longest sleep of the loop. Signals and the line of progress cause no event, so they are checked
/// after each sleep.
const SLEEP_NS: u64 = 100 * MILLISECOND_NS;
/// Most messages published in one turn, so that a load generator that is late still reads.
const PUBLISHED_A_TURN_MAX: usize = 4_096;

impl Fleet {
    /// Runs one turn of the loop, which sleeps at most until `until_ns`.
    ///
    /// # Errors
    /// If the event queue fails, which no server can cause.
    pub fn turn(&mut self, until_ns: u64) -> io::Result<()> {
        let now = now_ns();
        self.return_due(now);
        self.open_due(now)?;
        self.publish_due(now);
        self.beat_due(now);
        self.abandon_late(now);
        self.end_interval_due(now);
        self.flush();
        self.wait(now, until_ns)?;
        self.take_polled();
        self.read_on();
        Ok(())
    }

    fn wait(&mut self, now: u64, until_ns: u64) -> io::Result<()> {
        let busy = !self.unread.is_empty() || self.connect_queue.can_open_at(now);
        let wake_ns = if busy {
            now
        } else {
            self.next_due_ns(now).min(until_ns)
        };
        let timeout = if wake_ns <= now {
            Some(std::time::Duration::ZERO)
        } else {
            self.timer.arm(wake_ns)?;
            None
        };
        match self.poll.poll(&mut self.polled, timeout) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {
                self.polled.clear();
                Ok(())
            }
            polled => polled,
        }
    }

    fn next_due_ns(&self, now: u64) -> u64 {
        let heartbeat = self.heartbeats.peek().map(|beat| beat.0.due_ns);
        let times = [
            Some(now + SLEEP_NS),
            self.pacer.next_due_ns(),
            self.connect_queue.next_due_ns(),
            heartbeat,
            self.meter.interval_end_ns(),
            self.wake_ns,
            self.returning()
                .and_then(|returning| returning.next_due_ns()),
        ];
        times.into_iter().flatten().min().unwrap_or(now)
    }

    fn take_polled(&mut self) {
        let polled = std::mem::replace(&mut self.polled, mio::Events::with_capacity(0));
        for event in &polled {
            if event.token() == TIMER {
                continue; // the timer is armed again for the next time to wait for
            }
            let number = event.token().0 as u32;
            if event.is_writable() {
                self.writable(number);
            }
            if event.is_read_closed() || event.is_error() {
                // The system reports the end once, maybe together with bytes that are read first.
                self.hung_up(number);
            }
            if event.is_readable() || event.is_read_closed() || event.is_error() {
                self.read(number);
            }
        }
        self.polled = polled;
    }

    /// Reads again the connections on which more bytes may be there.
    fn read_on(&mut self) {
        for _ in 0..self.unread.len() {
            if let Some(number) = self.unread.pop_front() {
                self.read(number);
            }
        }
    }

    /// Ends the publishing. Overdue messages intended before `end_ns` are still published, up to
    /// one turn's maximum. The rest counts as unsent.
    pub fn end_pace(&mut self, end_ns: u64) {
        self.publish_due(end_ns.saturating_sub(1));
        let unsent = self.pacer.backlog(end_ns);
        self.ledger.not_sent(unsent);
        self.pacer = Pacer::silent();
    }

    fn publish_due(&mut self, now: u64) {
        let mut done = std::mem::take(&mut self.done);
        for stream in done.drain(..) {
            self.pacer.done(stream);
        }
        self.done = done;
        for _ in 0..PUBLISHED_A_TURN_MAX {
            let Some((stream, intended_ns)) = self.pacer.due(now) else {
                return;
            };
            self.publish(stream, intended_ns);
        }
    }

    /// Gives up overdue messages, because a closed loop would wait for a lost one forever.
    fn abandon_late(&mut self, now: u64) {
        if now >= self.abandon_due_ns {
            self.abandon_due_ns = now + SLEEP_NS;
            let before_ns = now.saturating_sub(self.settings.settle_ns);
            self.ledger.abandon(before_ns, &mut self.done);
        }
    }

    fn end_interval_due(&mut self, now: u64) {
        if self.meter.interval_end_ns().is_some_and(|end| now >= end) {
            self.end_interval(now);
        }
    }

    /// Ends the meter's current interval, with the system's figures of this moment.
    pub fn end_interval(&mut self, now: u64) {
        let around = self.watch.look(self.totals.joined_now);
        self.meter.end_interval(now, around);
    }
}
