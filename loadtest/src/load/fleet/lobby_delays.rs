//! The delays of the first lobby and those of all others, recorded apart.
//!
//! Only messages count that were due in a stretch of time.

use crate::load::meter::Recorder;
use crate::result::LobbyDelays;

/// Two distributions being recorded.
#[derive(Debug)]
pub struct LobbyRecorders {
    begin_ns: u64,
    end_ns: u64,
    first: Recorder,
    others: Recorder,
}

impl LobbyRecorders {
    /// Of messages that are due from `begin_ns` on.
    pub fn from(begin_ns: u64) -> LobbyRecorders {
        LobbyRecorders {
            begin_ns,
            end_ns: u64::MAX,
            first: Recorder::default(),
            others: Recorder::default(),
        }
    }

    /// Messages that are due later do not count. Those due before do, whenever they come.
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

    /// What was recorded.
    pub fn delays(&self) -> LobbyDelays {
        LobbyDelays {
            large: self.first.latency(),
            small: self.others.latency(),
        }
    }
}
