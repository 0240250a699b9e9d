//! More and more load, until an objective breaks.

use std::cmp::Ordering;

use super::fanout::{check_publishers, read_clients};
use super::judge::{Judged, judge, silent_heartbeats};
use super::parameters::Parameters;
use crate::arguments::{AtLeastOne, Raised, RampArgs, Traffic};
use crate::clock::now_ns;
use crate::load::lobby_plan::LobbyPlan;
use crate::result::{self, Deliveries, Ended, Measurement, Objective, RunResult};
use crate::run::interrupt::Interrupt;
use crate::run::subject::Subject;
use crate::run::trial::{Trial, nanoseconds};
use crate::run::{CannotRun, Clients, Found, Run, Starts};

pub(super) fn run(mut ramp: RampArgs, interrupt: Interrupt) -> Result<RunResult, CannotRun> {
    let clients = read(&mut ramp)?;
    check(&ramp, &clients)?;
    let parameters = parameters(&ramp);
    let (traffic, raise) = (&ramp.traffic, &ramp.raise);
    let (common, messages) = (ramp.common.clone(), traffic.messages.clone());
    let run = Run::new(common, messages, clients, Starts::Nothing, interrupt)?;
    run.conclude("ramp", parameters, |run| {
        let mut found = climb(run, &ramp)?;
        found.ramp = Some(found.summit(*raise));
        // A ramp looks for the step that breaks, so its failures are no failures of the run.
        let first_held = found.measurements.first().is_some_and(|first| first.held);
        if first_held && found.ended == Ended::Complete {
            let warns = |problem: &result::Problem| problem.severity == result::Severity::Warning;
            found.problems.retain(warns);
        }
        Ok(found)
    })
}

/// Reads the clients, those of the largest step too, and spreads a ramp of the rate over them.
fn read(ramp: &mut RampArgs) -> Result<Clients, CannotRun> {
    let mut traffic = ramp.traffic.clone();
    let further = match ramp.raise {
        Raised::Rate => 0,
        Raised::Clients => {
            traffic.clients = AtLeastOne((ramp.first() as u32).max(1));
            (ramp.to as u32).saturating_sub(traffic.clients.0)
        }
    };
    let (traffic, clients) = read_clients(traffic, &ramp.common, further)?;
    match (ramp.raise, &clients.lobbies) {
        (Raised::Rate, lobbies) => {
            ramp.traffic = traffic.spread(lobbies.smallest(ramp.traffic.clients.0));
        }
        (Raised::Clients, LobbyPlan::Even(_)) => {}
        (Raised::Clients, LobbyPlan::ByTopic { .. }) => {
            return Err(CannotRun::Usage(
                "a ramp of clients fills lobbies that are there: --topic cannot have a column"
                    .to_owned(),
            ));
        }
    }
    Ok(clients)
}

fn check(ramp: &RampArgs, clients: &Clients) -> Result<(), CannotRun> {
    let usage = |text: &str| Err(CannotRun::Usage(text.to_owned()));
    if ramp.common.slo.is_empty() {
        return usage("a ramp needs an objective that can break: --slo p99=50ms, say");
    }
    match ramp.raise {
        Raised::Rate if ramp.traffic.rate.is_some() || ramp.traffic.window.is_some() => usage(
            "a ramp of the rate sets it itself: --from and --to instead of --rate or --window",
        ),
        _ if ramp.first() > ramp.to => usage("--from is more than --to"),
        _ => {
            let first = match ramp.raise {
                Raised::Rate => ramp.traffic.clients,
                Raised::Clients => AtLeastOne(ramp.first() as u32),
            };
            let traffic = Traffic {
                clients: first,
                ..ramp.traffic.clone()
            };
            check_publishers(&traffic, clients)
        }
    }
}

fn parameters(ramp: &RampArgs) -> Vec<result::Parameter> {
    let step = match ramp.add {
        Some(add) => format!("plus {add}"),
        None => format!("times {}", ramp.times),
    };
    Parameters::default()
        .with("raise", format!("{:?}", ramp.raise).to_lowercase())
        .with("from", ramp.first())
        .with("to", ramp.to)
        .with("step", step)
        .lobbies(&ramp.traffic)
        .maybe("rate", ramp.traffic.rate)
        .common(&ramp.common)
}

impl RampArgs {
    fn first(&self) -> f64 {
        self.from.unwrap_or(match self.raise {
            Raised::Rate => 50.0,
            Raised::Clients => 100.0,
        })
    }

    /// Returns the step after `value`, as a whole number, because half a client does not exist and
    /// half a message a second is of no use. `None` beyond the largest step.
    fn behind(&self, value: f64) -> Option<f64> {
        let raised = self.add.map_or(value * self.times, |add| value + add);
        let raised = raised.round().max(value + 1.0);
        (raised <= self.to).then_some(raised)
    }
}

/// Factor between the last step that held and the first that broke at which the search ends.
const CLOSE_ENOUGH: f64 = 1.1;
/// Most waits of --settle for deliveries that an overload has left behind.
const DRAINS_MAX: usize = 12;
/// Breaks after which a step counts as broken: a busy machine breaks any step now and then.
const BREAKS_BELIEVED: u32 = 2;

/// Raises the load until a step breaks, then searches between that step and the last that held. A
/// step keeps the connections of the step before. A ramp of clients can only add connections, so it
/// ends where it breaks.
fn climb(run: &mut Run, ramp: &RampArgs) -> Result<Found, CannotRun> {
    let RampArgs { traffic, raise, .. } = ramp;
    let size = match raise {
        Raised::Rate => traffic.clients.0,
        Raised::Clients => ramp.first() as u32,
    };
    let subject = Subject::server(run, size)?;
    let mut trial = Trial::new(run, subject, size)?;
    trial.open_lobbies(traffic.publishers(), 0..0);
    let mut climb = Climb {
        trial,
        ramp,
        size,
        before: Deliveries::default(),
        found: Found::default(),
    };
    let (mut held, mut broke) = (None, None);
    let mut next = Some(ramp.first());
    while let Some(value) = next {
        match climb.believe(value)? {
            true => held = Some(value),
            false => broke = Some(value),
        }
        next = match (held, broke) {
            _ if climb.found.ended != Ended::Complete => None,
            (_, None) => ramp.behind(value),
            (Some(held), Some(broke)) if *raise == Raised::Rate && broke > held * CLOSE_ENOUGH => {
                let middle = ((held + broke) / 2.0).round();
                (held < middle && middle < broke).then_some(middle)
            }
            _ => None,
        };
    }
    let Climb {
        trial, mut found, ..
    } = climb;
    trial.close()?;
    let by_step = |one: &Measurement, other: &Measurement| one.step.partial_cmp(&other.step);
    found
        .measurements
        .sort_by(|one, other| by_step(one, other).unwrap_or(Ordering::Equal));
    Ok(found)
}

/// A ramp in progress.
struct Climb<'a, 'r> {
    trial: Trial<'a>,
    ramp: &'r RampArgs,
    /// Number of connections of the first step.
    size: u32,
    /// The deliveries before the present step.
    before: Deliveries,
    found: Found,
}

impl Climb<'_, '_> {
    /// Returns whether a step holds. The measurement of the last try is kept.
    fn believe(&mut self, value: f64) -> Result<bool, CannotRun> {
        let unit = match self.ramp.raise {
            Raised::Rate => "msg/s",
            Raised::Clients => "clients",
        };
        let label = format!("{value} {unit}");
        let (mut held, mut broke) = (0, 0);
        loop {
            let judged = self.step(&label, value)?;
            let complete = judged.ended == Ended::Complete;
            match judged.measurement.held {
                true => held += 1,
                false => broke += 1,
            }
            // A step that holds at once counts as held; a step that broke must hold twice.
            let decided = !complete || broke >= BREAKS_BELIEVED || held > broke;
            let word = match (complete, judged.measurement.held) {
                (false, _) => "cut short",
                (true, true) => "held",
                (true, false) => "broke",
            };
            let again = if decided { "" } else { ", once more" };
            self.trial
                .run
                .progress
                .note(&format!("{label}: {word}{again}"));
            if decided {
                let holds = broke < BREAKS_BELIEVED && complete;
                self.keep(judged, holds);
                return Ok(holds);
            }
        }
    }

    fn keep(&mut self, mut judged: Judged, holds: bool) {
        judged.measurement.held = holds;
        let lowest_broken = self
            .found
            .measurements
            .iter()
            .filter(|one| !one.held)
            .all(|one| one.step > judged.measurement.step);
        if !holds && lowest_broken || self.found.objectives.is_empty() {
            self.found.objectives.clone_from(&judged.objectives);
        }
        self.found.problems.extend(judged.problems);
        self.found.measurements.push(judged.measurement);
        self.found.ended = judged.ended;
    }

    fn step(&mut self, label: &str, value: f64) -> Result<Judged, CannotRun> {
        let RampArgs { traffic, raise, .. } = self.ramp;
        let (clients, rate) = match raise {
            Raised::Rate => (traffic.clients.0, Some(value)),
            Raised::Clients => (value as u32, traffic.rate),
        };
        let trial = &mut self.trial;
        let there = trial.fleet.len() as u32;
        if clients > there {
            trial.check_room(clients)?;
            let more = trial.enlist(there..clients, self.size, !traffic.no_echo);
            trial.gather(&more)?;
        }
        self.before = drained(trial)?;
        trial.talk(traffic, rate, |_, _| None)?;
        trial.settle(|_| true)?;
        // Judged by the deliveries of this step alone.
        let mut judged = judge(trial, label, 1, rate.is_some());
        let now = judged.measurement.deliveries.clone();
        judged.measurement.deliveries = now.since(&self.before);
        judged.measurement.step = Some(value);
        judged.problems = crate::run::problems(&judged.measurement, rate.is_some());
        let silent = silent_heartbeats(trial);
        let silent = silent.map(|problem| problem.about(label));
        judged.problems.extend(silent);
        judged.hold(trial);
        Ok(judged)
    }
}

/// Waits for deliveries that an overload has left behind, while some still come, so that they do
/// not count in the next step. Returns the sums of deliveries until then.
fn drained(trial: &mut Trial<'_>) -> Result<Deliveries, CannotRun> {
    trial.run.progress.phase("draining");
    let mut before = trial.fleet.ledger.deliveries();
    for _ in 0..DRAINS_MAX {
        let until_ns = now_ns() + nanoseconds(trial.run.messages.settle);
        trial.until(until_ns, |trial| trial.fleet.ledger.is_settled())?;
        let now = trial.fleet.ledger.deliveries();
        if trial.fleet.ledger.is_settled() || now.received == before.received {
            return Ok(now);
        }
        before = now;
    }
    Ok(before)
}

impl Found {
    fn summit(&self, raised: Raised) -> result::Ramp {
        let complete = self.ended == Ended::Complete;
        let broke = self.measurements.iter().find(|one| !one.held && complete);
        let held = self.measurements.iter().rev().find(|one| one.held);
        let broken = |objective: &&Objective| !objective.held;
        let mut because: Vec<String> = Vec::new();
        if broke.is_some() {
            let objectives = self.objectives.iter().filter(broken);
            because.extend(
                objectives.map(|objective| {
                    format!("{} (was {})", objective.objective, objective.observed)
                }),
            );
            let label = broke.map(|broke| broke.label.as_str());
            let failures = self.problems.iter().filter(|problem| {
                problem.severity == result::Severity::Failure
                    && problem.measurement.as_deref() == label
            });
            because.extend(failures.map(|problem| problem.text.clone()));
        }
        result::Ramp {
            raised: format!("{raised:?}").to_lowercase(),
            last_held: held.and_then(|measurement| measurement.step),
            broke_at: broke.and_then(|measurement| measurement.step),
            because,
        }
    }
}
