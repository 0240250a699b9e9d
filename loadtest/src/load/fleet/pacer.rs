//! The pace of publishing: at a rate (open loop), or as messages are completed (closed loop).
//!
//! A message is completed when its publisher has it back, it waits for no member, or is given up.

use std::collections::VecDeque;

/// The pace of a run.
#[derive(Debug)]
pub struct Pacer(Pace);

#[derive(Debug)]
enum Pace {
    Silent,
    /// Message number k is due k / rate after the start, however late earlier messages are.
    Rate {
        begin_ns: u64,
        period_ns: f64,
        due: u64,
        streams: Vec<u32>,
    },
    /// A message is due when an earlier message of its lobby is completed.
    Window {
        ready: VecDeque<u32>,
        /// For each stream, the first stream of its lobby and the lobby's number of streams.
        lobbies: Vec<(u32, u32)>,
        random: fastrand::Rng,
    },
}

impl Pacer {
    /// Returns a pacer that publishes nothing.
    pub fn silent() -> Pacer {
        Pacer(Pace::Silent)
    }

    /// Returns a pacer of `rate` messages a second from `begin_ns` on; the `streams` take turns.
    pub fn rate(begin_ns: u64, rate: f64, streams: Vec<u32>) -> Pacer {
        if streams.is_empty() || rate <= 0.0 {
            return Pacer::silent();
        }
        let period_ns = 1e9 / rate;
        Pacer(Pace::Rate {
            begin_ns,
            period_ns,
            due: 0,
            streams,
        })
    }

    /// Returns a pacer of `window` messages in flight in each lobby, each from a random publisher
    /// of the lobby. `lobbies` has the first stream of each lobby, and its number of streams.
    pub fn window(window: u32, lobbies: &[(u32, u32)], mut random: fastrand::Rng) -> Pacer {
        let mut of_stream = Vec::new();
        let mut ready = VecDeque::new();
        for (begin, streams) in lobbies.iter().copied().filter(|(_, streams)| *streams > 0) {
            of_stream.resize((begin + streams) as usize, (begin, streams));
            ready.extend((0..window).map(|_| begin + random.u32(..streams)));
        }
        Pacer(Pace::Window {
            ready,
            lobbies: of_stream,
            random,
        })
    }

    /// Returns a stream that is to publish now, and the intended time of its message.
    pub fn due(&mut self, now_ns: u64) -> Option<(u32, u64)> {
        match &mut self.0 {
            Pace::Silent => None,
            Pace::Rate {
                begin_ns,
                period_ns,
                due,
                streams,
            } => {
                let intended_ns = *begin_ns + (*due as f64 * *period_ns) as u64;
                if intended_ns > now_ns {
                    return None;
                }
                let stream = streams[(*due % streams.len() as u64) as usize];
                *due += 1;
                Some((stream, intended_ns))
            }
            Pace::Window { ready, .. } => ready.pop_front().map(|stream| (stream, now_ns)),
        }
    }

    /// Returns the number of messages that were due before `end_ns` and were not handed out.
    pub fn backlog(&self, end_ns: u64) -> u64 {
        match &self.0 {
            Pace::Rate {
                begin_ns,
                period_ns,
                due,
                ..
            } => {
                let all = end_ns.saturating_sub(*begin_ns) as f64 / period_ns;
                (all.ceil() as u64).saturating_sub(*due)
            }
            Pace::Silent | Pace::Window { .. } => 0,
        }
    }

    /// Returns the time of the next message, if a rate sets it.
    pub fn next_due_ns(&self) -> Option<u64> {
        match &self.0 {
            Pace::Rate {
                begin_ns,
                period_ns,
                due,
                ..
            } => Some(*begin_ns + (*due as f64 * *period_ns) as u64),
            Pace::Silent | Pace::Window { .. } => None,
        }
    }

    /// Reports that a message of `stream` is completed.
    pub fn done(&mut self, stream: u32) {
        if let Pace::Window {
            ready,
            lobbies,
            random,
        } = &mut self.0
            && let Some((begin, streams)) = lobbies.get(stream as usize)
        {
            ready.push_back(begin + random.u32(..*streams));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rate_is_kept_on_average_and_late_messages_are_made_up_for() {
        let mut pacer = Pacer::rate(1_000, 1e9 / 3.5, vec![4, 9]);
        assert_eq!(pacer.due(999), None);
        assert_eq!(pacer.due(1_000), Some((4, 1_000)));
        assert_eq!(pacer.next_due_ns(), Some(1_003));
        assert_eq!(pacer.due(1_002), None);
        let late: Vec<_> = std::iter::from_fn(|| pacer.due(1_011)).collect();
        assert_eq!(late, [(9, 1_003), (4, 1_007), (9, 1_010)]);
    }

    #[test]
    fn window_is_refilled_in_its_own_lobby_by_any_of_its_publishers() {
        let random = fastrand::Rng::with_seed(1);
        let mut pacer = Pacer::window(30, &[(0, 2), (2, 1)], random);
        let drain = |pacer: &mut Pacer| -> Vec<u32> {
            std::iter::from_fn(|| pacer.due(7))
                .map(|(stream, _)| stream)
                .collect()
        };
        let first = drain(&mut pacer);
        let of = |stream| first.iter().filter(|other| **other == stream).count();
        assert_eq!((of(0) + of(1), of(2)), (30, 30));
        assert!(of(0) > 5 && of(1) > 5);
        pacer.done(0);
        pacer.done(2);
        let again = drain(&mut pacer);
        assert!(again[0] < 2 && again[1] == 2 && again.len() == 2);
        assert_eq!(pacer.next_due_ns(), None);
    }
}
