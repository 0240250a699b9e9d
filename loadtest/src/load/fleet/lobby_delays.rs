//! The delays of the first lobby and those of all others, recorded apart.
//!
//! Only messages that were due in the recorded stretch of time count.

use crate::load::meter::Recorder;
use crate::result::LobbyDelays;

/// Two distributions of delays, while they are recorded.
#[derive(Debug)]
pub struct LobbyRecorders {
    begin_ns: u64,
    end_ns: u64,
    first: Recorder,
    others: Recorder,
}

impl LobbyRecorders {
    /// Starts to record messages that are due from `begin_ns` on.
    pub fn from(begin_ns: u64) -> LobbyRecorders {
        LobbyRecorders {
            begin_ns,
            end_ns: u64::MAX,
            first: Recorder::default(),
            others: Recorder::default(),
        }
    }

    /// Ends the recorded stretch. Messages due before `end_ns` count, however late they arrive.
    pub fn end(&mut self, end_ns: u64) {
        self.end_ns = self.end_ns.min(end_ns);
    }

    #[inline]
    pub(super) fn delivered(&mut self, lobby: u32, intended_ns: u64, now_ns: u64) {
        if (self.begin_ns..self.end_ns).contains(&intended_ns) {
            let recorder = match lobby {
                0 => &mut self.first,
                _ => &mut self.others,
            };
            recorder.record(intended_ns, now_ns);
        }
    }

    /// Returns the recorded delays.
    pub fn delays(&self) -> LobbyDelays {
        LobbyDelays {
            large: self.first.latency(),
            small: self.others.latency(),
        }
    }
}
