//! The phases from the signal on: the server's end, its new start, each client's reconnect.

use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use crate::arguments::RestartArgs;
use crate::clock::{MILLISECOND_NS, SECOND_NS, now_ns};
use crate::load::fleet::{Cause, Event, LobbyRecorders, Reason};
use crate::result::{self, Connections, Count, LobbyDelays, Moment, Shares};
use crate::run::trial::{Trial, nanoseconds};

/// Time between two looks whether a server has ended.
const LOOK_NS: u64 = 5 * MILLISECOND_NS;

/// The events since the signal.
#[derive(Debug)]
pub(super) struct Phases {
    signal_ns: u64,
    kill_ns: u64,
    look_ns: u64,
    inherited: bool,
    clients: Vec<ClientTimes>,
    ends: BTreeMap<Reason, u64>,
    unanswered: BTreeMap<Reason, u64>,
    /// Number of clients that are back on the new server.
    back: usize,
    ended: Option<(u64, ExitStatus)>,
    answered_ns: Option<u64>,
    /// True if the old server was killed.
    pub killed: bool,
    /// The reason why there is no new server, with its last lines of output.
    pub no_server: Option<String>,
}

/// The end and the return of one client.
#[derive(Clone, Copy, Debug, Default)]
struct ClientTimes {
    gone_ns: Option<u64>,
    back_ns: Option<u64>,
}

impl Phases {
    /// Sends the signal to the old server, and starts to record.
    pub fn begin(trial: &mut Trial<'_>, asked: &RestartArgs) -> Phases {
        trial.begin_measuring_without_end();
        trial.run.progress.phase("restarting");
        trial.fleet.events();
        trial.tell_server_to_end();
        let signal_ns = now_ns();
        Phases {
            signal_ns,
            kill_ns: signal_ns + nanoseconds(asked.end_within),
            look_ns: signal_ns,
            inherited: asked.inherit,
            clients: vec![ClientTimes::default(); trial.fleet.len()],
            ends: BTreeMap::new(),
            unanswered: BTreeMap::new(),
            back: 0,
            ended: None,
            answered_ns: None,
            killed: false,
            no_server: None,
        }
    }

    /// Returns the time of the next look at the servers.
    pub fn look_next_ns(&self) -> u64 {
        self.look_ns
    }

    /// True if all clients are back or stay away, or there is no server to come back to.
    pub fn is_over(&self, trial: &Trial<'_>) -> bool {
        let away = || trial.fleet.returning().map_or(0, |of| of.stay_away()) as usize;
        let all = self.clients.len();
        let settled = trial.fleet.opening() == 0 && self.ended.is_some();
        self.no_server.is_some() || settled && self.back + away() >= all
    }

    /// Records the events, and looks at the servers when that is due.
    pub fn turn(&mut self, trial: &mut Trial<'_>) {
        for event in trial.fleet.events() {
            self.take_event(trial, event);
        }
        let now = now_ns();
        if now >= self.look_ns {
            self.look_ns = now + LOOK_NS;
            self.look(trial, now);
        }
    }

    fn take_event(&mut self, trial: &mut Trial<'_>, event: Event) {
        match event {
            Event::Upgraded(_) if self.ended.is_some() && self.answered_ns.is_none() => {
                let now = now_ns();
                self.answered_ns = Some(now);
                trial.fleet.watch.sample(); // the shell may have become the server only now
                trial.fleet.lobby_delays = Some(LobbyRecorders::from(now));
            }
            Event::Joined(number) if self.ended.is_some() => {
                self.clients[number as usize].back_ns = trial.fleet.joined_ns(number);
                self.back += 1;
            }
            Event::Lost(number, why) => self.lost(trial, number, why),
            Event::Refused(_, why) => {
                let nobody_there = self.answered_ns.is_none() && !self.inherited;
                match nobody_there && !why.cause.is_answer() {
                    true => *self.unanswered.entry(why).or_default() += 1,
                    false => trial.fleet.count_refused(&why),
                }
            }
            _ => {}
        }
    }

    fn lost(&mut self, trial: &mut Trial<'_>, number: u32, why: Reason) {
        let client = &mut self.clients[number as usize];
        if client.back_ns.take().is_some() {
            self.back -= 1;
            return trial.fleet.count_lost(&why);
        }
        client.gone_ns.get_or_insert(now_ns());
        *self.ends.entry(why).or_default() += 1;
    }

    fn look(&mut self, trial: &mut Trial<'_>, now: u64) {
        if self.ended.is_none() {
            self.look_for_the_end(trial, now);
        } else if self.no_server.is_none() && trial.server_has_ended() {
            let said = trial.last_words().unwrap_or_default();
            self.no_server = Some(format!(
                "the server that was started again has ended. It said:\n{said}"
            ));
        }
    }

    fn look_for_the_end(&mut self, trial: &mut Trial<'_>, now: u64) {
        if let Some(status) = trial.how_server_ended() {
            self.ended = Some((now, status));
            if let Err(error) = trial.start_server_again() {
                self.no_server = Some(error.to_string());
            }
        } else if now >= self.kill_ns && !self.killed {
            self.killed = true;
            trial.kill_server();
        }
    }

    /// Returns the exit status of the old server, if it has ended.
    pub fn status(&self) -> Option<ExitStatus> {
        self.ended.map(|(_, status)| status)
    }

    /// Returns the ends of connections to the old server that are not the close code 1012 of a
    /// restart, which the server owes every client.
    pub fn rough_ends(&self) -> Vec<Count> {
        let mut rough = self.ends.clone();
        rough.retain(|why, _| why.cause != Cause::Closed(1012));
        Count::sorted(&rough)
    }

    /// Ends the time in which clients were to be back.
    pub fn end(&self, trial: &mut Trial<'_>) {
        trial.end_returning();
        if let Some(recorders) = &mut trial.fleet.lobby_delays {
            recorders.end(now_ns());
        }
    }

    /// Returns the outcome of the restart.
    pub fn tell(
        &self,
        trial: &mut Trial<'_>,
        before: LobbyDelays,
        connections: &Connections,
    ) -> result::Restart {
        let seconds = |at_ns: u64| at_ns.saturating_sub(self.signal_ns) as f64 / SECOND_NS as f64;
        let times = |of: fn(&ClientTimes) -> Option<u64>| {
            let mut times: Vec<f64> = self.clients.iter().filter_map(of).map(seconds).collect();
            times.sort_by(f64::total_cmp);
            times
        };
        let (gone, back) = (
            times(|client| client.gone_ns),
            times(|client| client.back_ns),
        );
        let returning = trial.fleet.returning();
        let mut tries: Vec<u32> = returning.map_or(Vec::new(), |of| {
            (0..self.clients.len() as u32)
                .map(|number| of.tries(number))
                .collect()
        });
        tries.sort_unstable();
        let recorders = trial.fleet.lobby_delays.as_ref();
        result::Restart {
            clients: connections.wanted,
            back: back.len() as u64,
            stay_away: returning.map_or(0, |of| of.stay_away()),
            inherited: self.inherited,
            ends: Count::sorted(&self.ends),
            unanswered: Count::sorted(&self.unanswered),
            tries: tries.iter().map(|tries| u64::from(*tries)).sum(),
            tries_p50: tries.get(tries.len() / 2).copied().unwrap_or(0),
            tries_max: tries.last().copied().unwrap_or(0),
            late_upgrades: returning.map_or(0, |of| of.late_upgrades),
            tries_late: returning.and_then(|of| of.lateness.latency()),
            ended_seconds: self.ended.as_ref().map(|(at_ns, _)| seconds(*at_ns)),
            ended_how: self
                .ended
                .as_ref()
                .map_or(String::new(), |(_, status)| status.to_string()),
            ended_by_signal: self.ended.and_then(|(_, status)| status.signal()),
            answered_seconds: self.answered_ns.map(seconds),
            back_seconds: Shares::of(&back, self.clients.len() as u64),
            before,
            during: recorders.map_or_else(LobbyDelays::default, LobbyRecorders::delays),
            gone: Moment::course(&gone),
            returned: Moment::course(&back),
        }
    }
}
