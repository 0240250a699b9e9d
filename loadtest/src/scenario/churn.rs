//! Clients that join, publish once and leave in one of four ways, while others stay.

use std::collections::VecDeque;

use super::fanout::{check_places, check_publishers, read_clients};
use super::judge::{figure, judge};
use super::parameters::Parameters;
use crate::arguments::ChurnArgs;
use crate::clock::now_ns;
use crate::load::fleet::{Departure, Event};
use crate::result::{Figure, Problem, RunResult};
use crate::run::interrupt::Interrupt;
use crate::run::subject::Subject;
use crate::run::trial::{Trial, nanoseconds};
use crate::run::{CannotRun, Found, Run, Starts, failure};

pub(super) fn run(mut churn: ChurnArgs, interrupt: Interrupt) -> Result<RunResult, CannotRun> {
    let (traffic, clients) = read_clients(churn.traffic, &churn.common, churn.churners.0)?;
    churn.traffic = traffic;
    let ChurnArgs {
        traffic,
        churners,
        churn_rate,
        stay,
        common,
    } = &churn;
    check_publishers(traffic, &clients)?;
    check_places(
        traffic.clients.0 + churners.0,
        traffic.publishers() + churners.0.div_ceil(traffic.topics.0),
    )?;
    let parameters = Parameters::default()
        .traffic(traffic)
        .with("churners", churners)
        .with("churn-rate", churn_rate);
    let parameters = parameters
        .with("stay", humantime::format_duration(*stay))
        .common(common);
    let (common, messages) = (common.clone(), traffic.messages.clone());
    let run = Run::new(common, messages, clients, Starts::Nothing, interrupt)?;
    run.conclude("churn", parameters, |run| go(run, &churn))
}

fn go(run: &mut Run, asked: &ChurnArgs) -> Result<Found, CannotRun> {
    let ChurnArgs {
        traffic,
        churners,
        churn_rate,
        stay,
        ..
    } = asked;
    let subject = Subject::server(run, traffic.clients.0 + churners.0)?;
    let mut trial = Trial::new(run, subject, traffic.clients.0 + churners.0)?;
    let steady = traffic.clients.0;
    let crowd = steady..steady + churners.0;
    trial.open_lobbies(traffic.publishers(), crowd.clone());
    let steady = trial.enlist(0..steady, steady, !traffic.no_echo);
    let crowd = trial.enlist_crowd(crowd);
    trial.gather(&steady)?;
    let mut crowd = Crowd::new(crowd, *churn_rate, *stay, trial.run.seed);
    trial.talk(traffic, traffic.rate, |trial, _| Some(crowd.turn(trial)))?;
    crowd.end(&mut trial)?;
    trial.settle(|_| true)?;
    let mut judged = judge(&mut trial, "", 1, traffic.rate.is_some());
    judged.measurement.figures = crowd.figures();
    judged.problems.extend(crowd.failure());
    judged.hold(&mut trial);
    trial.close()?;
    Ok(judged.found())
}

/// The clients that come and go.
#[derive(Debug)]
struct Crowd {
    away: VecDeque<u32>,
    /// Clients that have talked, and the time at which each goes.
    staying: Vec<(u64, u32)>,
    /// Clients that wait for their own message, and the time at which each gives up.
    talking: Vec<(u64, u32)>,
    period_ns: f64,
    stay_ns: f64,
    next_ns: u64,
    random: fastrand::Rng,
    counts: Counts,
}

#[derive(Debug, Default)]
struct Counts {
    came: u64,
    talked: u64,
    heard: u64,
    unheard: u64,
    left: u64,
    closed: u64,
    dropped: u64,
    reset: u64,
    late: u64,
}

impl Crowd {
    fn new(members: Vec<u32>, rate: f64, stay: std::time::Duration, seed: u64) -> Crowd {
        Crowd {
            away: members.into(),
            staying: Vec::new(),
            talking: Vec::new(),
            period_ns: 1e9 / rate,
            stay_ns: stay.as_secs_f64() * 1e9,
            next_ns: now_ns(),
            random: fastrand::Rng::with_seed(seed ^ 0x0c70_73d5),
            counts: Counts::default(),
        }
    }

    /// Handles what happened and what is due. Returns the time of the next call.
    fn turn(&mut self, trial: &mut Trial<'_>) -> u64 {
        let now = now_ns();
        self.act(trial, now);
        while self.next_ns <= now {
            self.next_ns += (self.period_ns as u64).max(1);
            match self
                .away
                .iter()
                .position(|number| trial.fleet.is_away(*number))
            {
                Some(at) => {
                    let number = self.away.remove(at).unwrap_or_default();
                    trial.fleet.open(number);
                    self.counts.came += 1;
                }
                None => self.counts.late += 1,
            }
        }
        self.depart_due(trial, now);
        let next_departure = self
            .staying
            .iter()
            .map(|(at, _)| *at)
            .min()
            .unwrap_or(u64::MAX);
        self.next_ns.min(next_departure)
    }

    fn act(&mut self, trial: &mut Trial<'_>, now: u64) {
        let patience_ns = nanoseconds(trial.run.messages.settle);
        for event in trial.fleet.events() {
            match event {
                Event::Joined(number) => {
                    trial.fleet.talk_once(number);
                    self.counts.talked += 1;
                    self.talking.push((now + patience_ns, number));
                }
                Event::Echoed(number) => {
                    self.counts.heard += 1;
                    self.talking.retain(|(_, other)| *other != number);
                    // The stays are exponential: most are short, some are long.
                    let stay_ns = -self.stay_ns * (1.0 - self.random.f64()).ln();
                    self.staying.push((now + stay_ns as u64, number));
                }
                Event::Refused(number, _) => self.away.push_back(number),
                Event::Lost(number, _) => {
                    self.talking.retain(|(_, other)| *other != number);
                    self.staying.retain(|(_, other)| *other != number);
                }
                Event::Replied(_) | Event::Upgraded(_) => {}
            }
        }
    }

    fn depart_due(&mut self, trial: &mut Trial<'_>, now: u64) {
        let (due, staying) = self.staying.iter().copied().partition(|(at, _)| *at <= now);
        self.staying = staying;
        let (given_up, talking): (Vec<_>, _) =
            self.talking.iter().copied().partition(|(at, _)| *at <= now);
        self.talking = talking;
        self.counts.unheard += given_up.len() as u64;
        let due: Vec<(u64, u32)> = due;
        for (_, number) in due.into_iter().chain(given_up) {
            self.depart(trial, number);
        }
    }

    fn depart(&mut self, trial: &mut Trial<'_>, number: u32) {
        let counts = &mut self.counts;
        let (how, count) = match self.random.u8(..4) {
            0 => (Departure::Leave, &mut counts.left),
            1 => (Departure::Close, &mut counts.closed),
            2 => (Departure::Drop, &mut counts.dropped),
            _ => (Departure::Reset, &mut counts.reset),
        };
        *count += 1;
        trial.fleet.depart(number, how);
        self.away.push_back(number);
    }

    /// Ends the churn: nobody comes any more, and clients leave once they have their own message.
    fn end(&mut self, trial: &mut Trial<'_>) -> Result<(), CannotRun> {
        trial.fleet.stop_opening();
        self.next_ns = u64::MAX;
        let until_ns = now_ns() + nanoseconds(trial.run.messages.settle);
        trial.until(until_ns, |trial| {
            self.turn(trial);
            trial.fleet.opening() == 0 && self.talking.is_empty()
        })?;
        for (_, number) in std::mem::take(&mut self.staying) {
            self.depart(trial, number);
        }
        Ok(())
    }

    /// Returns a failure if clients did not get back the message that they sent after their join.
    fn failure(&self) -> Option<Problem> {
        let (talked, unheard) = (self.counts.talked, self.counts.unheard);
        let text = format!(
            "{unheard} of {talked} clients that came did not get back what they said once they had joined"
        );
        (unheard > 0).then(|| failure(text))
    }

    fn figures(&self) -> Vec<Figure> {
        let of = &self.counts;
        let late = (of.late > 0).then_some(("not come: all --churners were there", of.late));
        let counts = [
            ("clients that came", of.came),
            ("talked once they had joined", of.talked),
            ("heard themselves", of.heard),
            ("left the channel and closed", of.left),
            ("closed without leaving", of.closed),
            ("dropped without a Close frame", of.dropped),
            ("reset the connection", of.reset),
        ];
        let counts = counts.into_iter().chain(late);
        counts
            .map(|(name, count)| figure(name, count as f64, ""))
            .collect()
    }
}
