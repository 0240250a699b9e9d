//! Clients that stop reading, among clients that read.
//!
//! The others must not be delayed. A slow client must get every message, or lose its connection
//! without a gap before that. How it ended is reported.

use std::collections::BTreeMap;
use std::time::Duration;

use super::fanout::{check_publishers, read_clients};
use super::judge::{figure, judge};
use super::parameters::Parameters;
use crate::arguments::{SlowArgs, Traffic};
use crate::clock::now_ns;
use crate::report::units;
use crate::result::{Measurement, Problem, RunResult, Throughput};
use crate::run::interrupt::Interrupt;
use crate::run::subject::Subject;
use crate::run::trial::{Phase, Trial, nanoseconds};
use crate::run::{CannotRun, Found, Run, Starts, failure, warning};

pub(super) fn run(mut asked: SlowArgs, interrupt: Interrupt) -> Result<RunResult, CannotRun> {
    let (traffic, clients) = read_clients(asked.traffic, &asked.common, 0)?;
    asked.traffic = traffic;
    let SlowArgs {
        traffic,
        slow,
        stop_for,
        common,
    } = &asked;
    check_publishers(traffic, &clients)?;
    let talkers = traffic.publishers() * traffic.topics.0;
    if slow.0 > traffic.clients.0 - talkers {
        return Err(CannotRun::Usage(format!(
            "--slow {slow} of --clients {}: the {talkers} publishers go on reading",
            traffic.clients
        )));
    }
    let parameters = Parameters::default().traffic(traffic).with("slow", slow);
    let stop_words = stop_for.map(|time| humantime::format_duration(time).to_string());
    let parameters = parameters
        .with(
            "stop-for",
            stop_words.unwrap_or_else(|| "the measured time".into()),
        )
        .common(common);
    let (common, messages) = (common.clone(), traffic.messages.clone());
    let run = Run::new(common, messages, clients, Starts::Nothing, interrupt)?;
    run.conclude("slow", parameters, |run| go(run, &asked))
}

fn go(run: &mut Run, asked: &SlowArgs) -> Result<Found, CannotRun> {
    let SlowArgs {
        traffic,
        slow,
        stop_for,
        ..
    } = asked;
    let subject = Subject::server(run, traffic.clients.0)?;
    let mut trial = Trial::new(run, subject, traffic.clients.0)?;
    trial.open_lobbies(traffic.publishers(), 0..0);
    let enlisted = trial.enlist(0..traffic.clients.0, traffic.clients.0, !traffic.no_echo);
    let silent = enlisted
        .iter()
        .rev()
        .filter(|number| !trial.fleet.publishes(**number));
    let slow_ones: Vec<u32> = silent.take(slow.0 as usize).copied().collect();
    let slow_ones = slow_ones.as_slice();
    slow_ones
        .iter()
        .for_each(|number| trial.fleet.make_narrow(*number));
    trial.gather(&enlisted)?;
    let unread = stop_while_talking(&mut trial, traffic, *stop_for, slow_ones)?;
    let rss_stopped = trial
        .fleet
        .watch
        .sample()
        .server
        .map(|server| server.rss_bytes);
    slow_ones
        .iter()
        .for_each(|number| trial.fleet.resume_reading(*number));
    trial.settle(|trial| {
        let all = &mut slow_ones.iter();
        all.all(|number| trial.fleet.has_caught_up_or_ended(*number))
    })?;
    let mut judged = judge(&mut trial, "", 1, traffic.rate.is_some());
    let fates = Fates::of(&trial, slow_ones);
    judged.measurement.figures = fates.figures(rss_stopped);
    if fates.gaps > 0 {
        judged.problems.push(failure(format!(
            "{} slow clients have gaps in what they got, and were not told: messages are lost silently", fates.gaps
        )));
    }
    judged
        .problems
        .extend(fits_into_the_kernel(&judged.measurement, unread));
    judged.hold(&mut trial);
    trial.close()?;
    Ok(judged.found())
}

/// Sends the traffic, and stops the reads of the slow clients during it, for `stop_for` or to the
/// end. Returns the number of messages per lobby published while they did not read.
fn stop_while_talking(
    trial: &mut Trial,
    traffic: &Traffic,
    stop_for: Option<Duration>,
    slow_ones: &[u32],
) -> Result<u64, CannotRun> {
    let mut stop = Stop::Coming;
    let mut published = (0, None);
    trial.talk(traffic, traffic.rate, |trial, phase| {
        match stop {
            Stop::Coming if phase == Phase::Measured => {
                slow_ones
                    .iter()
                    .for_each(|number| trial.fleet.stop_reading(*number));
                published.0 = trial.fleet.ledger.published();
                stop = match stop_for {
                    Some(time) => Stop::Until(now_ns() + nanoseconds(time)),
                    None => Stop::ToTheEnd,
                };
            }
            Stop::Until(due_ns) if now_ns() >= due_ns => {
                slow_ones
                    .iter()
                    .for_each(|number| trial.fleet.resume_reading(*number));
                published.1 = Some(trial.fleet.ledger.published());
                stop = Stop::Over;
            }
            _ => {}
        }
        match stop {
            Stop::Until(due_ns) => Some(due_ns),
            _ => None,
        }
    })?;
    let until = published
        .1
        .unwrap_or_else(|| trial.fleet.ledger.published());
    Ok((until - published.0) / u64::from(traffic.topics.0))
}

/// The state of the slow clients' stop.
#[derive(Clone, Copy, Debug)]
enum Stop {
    /// The stop begins with the measured time.
    Coming,
    /// The stop ends at this time, in nanoseconds.
    Until(u64),
    /// The stop ends with the measured time.
    ToTheEnd,
    /// The slow clients read again.
    Over,
}

/// Bytes of a connection that a system keeps between two sockets; Linux's default. The server does
/// not notice unread bytes below this.
const KERNEL_BYTES: f64 = 512.0 * 1024.0;

/// Returns a warning if each slow client left too few bytes unread for the server to notice.
fn fits_into_the_kernel(measurement: &Measurement, unread: u64) -> Option<Problem> {
    let Throughput {
        bytes, deliveries, ..
    } = measurement.throughput;
    let left = unread as f64 * bytes as f64 / (deliveries as f64).max(1.0);
    (left < KERNEL_BYTES).then(|| {
        warning(format!(
            "what each slow client left unread ({}) fits between the sockets: the server hardly noticed. Raise --rate, \
             --bytes, --duration or --stop-for",
            units::bytes(left)
        ))
    })
}

/// The numbers of slow clients by outcome.
#[derive(Debug, Default)]
struct Fates {
    caught_up: u64,
    behind: u64,
    gaps: u64,
    ended: BTreeMap<String, u64>,
}

impl Fates {
    fn of(trial: &Trial<'_>, slow_ones: &[u32]) -> Fates {
        let mut fates = Fates {
            ended: trial.fleet.ends_of_slow().clone(),
            ..Fates::default()
        };
        for number in slow_ones {
            if trial.fleet.ledger.has_gap(*number) {
                fates.gaps += 1;
            } else if !trial.fleet.is_joined(*number) {
                continue;
            } else if trial.fleet.ledger.missing(*number) == 0 {
                fates.caught_up += 1;
            } else {
                fates.behind += 1;
            }
        }
        fates
    }

    fn figures(&self, rss_stopped: Option<u64>) -> Vec<crate::result::Figure> {
        let clients = |what: &str, count: u64| {
            let name = format!("slow clients {what}");
            figure(&name, count as f64, "")
        };
        let mut figures = vec![clients(
            "that got everything they had missed",
            self.caught_up,
        )];
        let ended = self.ended.iter();
        figures.extend(ended.map(|(why, count)| clients(&format!("ended with {why}"), *count)));
        figures.push(clients("still behind when the waiting ended", self.behind));
        figures.push(clients("with a gap that nobody told them of", self.gaps));
        figures.extend(
            rss_stopped.map(|rss| figure("server RSS while they had stopped", rss as f64, "bytes")),
        );
        figures
    }
}
