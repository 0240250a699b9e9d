//! `ramp`: more and more load, until an objective breaks.

use super::parameters::Parameters;
use super::{Judged, judge};
use crate::arguments::{Raised, Ramp, Traffic};
use crate::interrupt::Interrupt;
use crate::result::{self, Deliveries, Ended, Objective, RunResult};
use crate::run::{CannotRun, Found, Run, Starts};
use crate::stand::Stand;
use crate::trial::Trial;

pub(super) fn run(ramp: Ramp, interrupt: Interrupt) -> Result<RunResult, CannotRun> {
    check(&ramp)?;
    let parameters = parameters(&ramp);
    let Ramp {
        traffic,
        raise,
        common,
        ..
    } = &ramp;
    let most = match raise {
        Raised::Rate => traffic.clients.0,
        Raised::Clients => ramp.first() as u32,
    };
    let size = (most, traffic.topics.0);
    let run = Run::new(common.clone(), size, Starts::Nothing, interrupt)?;
    run.conclude("ramp", parameters, |run| {
        let mut found = climb(run, &ramp)?;
        found.ramp = Some(found.summit(*raise));
        // What broke the last step is what was looked for, and no failure of the run.
        let first_held = found.measurements.first().is_some_and(|first| first.held);
        if first_held && found.ended == Ended::Complete {
            let warns = |problem: &result::Problem| problem.severity == result::Severity::Warning;
            found.problems.retain(warns);
        }
        Ok(found)
    })
}

fn check(ramp: &Ramp) -> Result<(), CannotRun> {
    let usage = |text: &str| Err(CannotRun::Usage(text.to_owned()));
    if ramp.common.slo.is_empty() {
        return usage("a ramp needs an objective that can break: --slo p99=50ms, say");
    }
    match ramp.raise {
        Raised::Rate if ramp.traffic.rate.is_some() || ramp.traffic.window.is_some() => usage(
            "a ramp of the rate sets it itself: --from and --to instead of --rate or --window",
        ),
        _ if ramp.first() > ramp.to => usage("--from is more than --to"),
        _ => super::fanout::check_publishers(&Traffic {
            clients: match ramp.raise {
                Raised::Rate => ramp.traffic.clients,
                Raised::Clients => crate::arguments::Count(ramp.first() as u32),
            },
            ..ramp.traffic.clone()
        }),
    }
}

fn parameters(ramp: &Ramp) -> Vec<result::Parameter> {
    let Ramp {
        traffic,
        raise,
        to,
        times,
        add,
        common,
        ..
    } = ramp;
    let step = add.map_or(format!("times {times}"), |add| format!("plus {add}"));
    Parameters::default()
        .with("raise", format!("{raise:?}").to_lowercase())
        .with("from", ramp.first())
        .with("to", to)
        .with("step", step)
        .traffic(traffic)
        .common(common)
}

impl Ramp {
    fn first(&self) -> f64 {
        self.from.unwrap_or(match self.raise {
            Raised::Rate => 10.0,
            Raised::Clients => 100.0,
        })
    }

    /// The steps, each whole: half a client there is not, and half a message a second nobody asks for.
    fn steps(&self) -> impl Iterator<Item = f64> {
        let (times, add, to) = (self.times, self.add, self.to);
        let next = move |value: &f64| {
            let raised = add
                .map_or(value * times, |add| value + add)
                .round()
                .max(value + 1.0);
            (raised <= to).then_some(raised)
        };
        std::iter::successors(Some(self.first()), next)
    }
}

/// Climbs until something breaks. All steps have the same connections; a ramp of clients adds to them.
fn climb(run: &mut Run, ramp: &Ramp) -> Result<Found, CannotRun> {
    let mut found = Found::default();
    let Ramp { traffic, raise, .. } = ramp;
    let stand = Stand::server(run)?;
    let begin = match raise {
        Raised::Rate => traffic.clients.0,
        Raised::Clients => ramp.first() as u32,
    };
    let mut trial = Trial::new(run, stand, begin)?;
    trial.open_lobbies(traffic.topics.0, traffic.publishers.0, |_| 0);
    let mut before = Deliveries::default();
    for (index, value) in ramp.steps().enumerate() {
        let clients = match raise {
            Raised::Rate => traffic.clients.0,
            Raised::Clients => value as u32,
        };
        let there = trial.fleet.len() as u32;
        if clients > there {
            trial.check_room(clients)?;
            let more = trial.enlist(there..clients, begin, !traffic.no_echo);
            trial.gather(&more)?;
        }
        let rate = match raise {
            Raised::Rate => Some(value),
            Raised::Clients => traffic.rate,
        };
        trial.talk(traffic, rate, |_, _| None)?;
        trial.settle(|_| true)?;
        let unit = if *raise == Raised::Rate {
            "msg/s"
        } else {
            "clients"
        };
        let label = format!("step {}: {value} {unit}", index + 1);
        let mut judged = step(&mut trial, &label, value, rate.is_some(), &mut before);
        judged.measurement.step = Some(value);
        let go_on = judged.measurement.held && judged.ended == Ended::Complete;
        trial.run.progress.note(&format!(
            "{label}: {}",
            if go_on { "held" } else { "broke" }
        ));
        found.objectives.clone_from(&judged.objectives);
        found.take(judged);
        if !go_on {
            break;
        }
    }
    trial.close()?;
    Ok(found)
}

/// Judges one step by what came in it alone.
fn step(
    trial: &mut Trial<'_>,
    label: &str,
    value: f64,
    open_loop: bool,
    before: &mut Deliveries,
) -> Judged {
    let mut judged = judge(trial, label, 1, open_loop);
    let now = judged.measurement.deliveries.clone();
    judged.measurement.deliveries = now.since(before);
    judged.measurement.step = Some(value);
    judged.problems = crate::trial::problems(&judged.measurement, open_loop);
    judged.hold(trial);
    *before = now;
    judged
}

impl Found {
    fn summit(&self, raised: Raised) -> result::Ramp {
        let broke = self.measurements.last().filter(|last| !last.held);
        let held = self
            .measurements
            .iter()
            .rev()
            .find(|measurement| measurement.held);
        let broken = |objective: &&Objective| !objective.held;
        let mut because: Vec<String> = Vec::new();
        if broke.is_some() {
            let objectives = self.objectives.iter().filter(broken);
            because.extend(
                objectives.map(|objective| {
                    format!("{} (was {})", objective.objective, objective.observed)
                }),
            );
            let failures = self
                .problems
                .iter()
                .filter(|problem| problem.severity == result::Severity::Failure);
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
