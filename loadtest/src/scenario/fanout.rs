//! Messages to lobbies, against the server alone or in turn with the floor.

use super::judge::{Judged, judge};
use super::parameters::Parameters;
use crate::arguments::{AtLeastOne, Common, FanoutArgs, Traffic};
use crate::floor::Writes;
use crate::load::lobby_plan::LobbyPlan;
use crate::report::median;
use crate::result::{Ended, Measurement, Ratio, RatioFigure, RunResult, Side};
use crate::run::interrupt::Interrupt;
use crate::run::prober::CONNECTIONS;
use crate::run::subject::Subject;
use crate::run::trial::Trial;
use crate::run::{CannotRun, Clients, Found, Run, Starts, failure, warning};

pub(super) fn run(fanout: FanoutArgs, interrupt: Interrupt) -> Result<RunResult, CannotRun> {
    let FanoutArgs {
        traffic,
        against_floor,
        rounds,
        common,
    } = fanout;
    let (traffic, clients) = read_measured(traffic, &common)?;
    if against_floor.is_some() {
        check_floor(&common)?;
    }
    let parameters = Parameters::default()
        .traffic(&traffic)
        .maybe(
            "against-floor",
            against_floor.map(|side| format!("{side:?}").to_lowercase()),
        )
        .with("rounds", rounds)
        .common(&common);
    let starts = match against_floor {
        Some(_) if common.server_cores.is_some() => Starts::Floor,
        _ => Starts::Nothing,
    };
    let run = Run::new(common, traffic.messages.clone(), clients, starts, interrupt)?;
    let floors = against_floor.map_or(&[][..], |side| side.writes());
    run.conclude("fanout", parameters, |run| {
        in_turn(run, &traffic, floors, rounds.0)
    })
}

/// Measures the server and the floors, one after the other, `rounds` times.
fn in_turn(
    run: &mut Run,
    traffic: &Traffic,
    floors: &[Writes],
    rounds: u32,
) -> Result<Found, CannotRun> {
    let several = rounds > 1 || !floors.is_empty();
    let mut found = Found::default();
    for round in 1..=rounds {
        let label = |what: &str| match several {
            true => format!("{what}, round {round}"),
            false => String::new(),
        };
        let judged = Subject::server(run, traffic.clients.0)
            .and_then(|subject| measure(run, subject, traffic, &label("server"), round));
        found.take_or_end(judged)?;
        for writes in floors {
            if found.ended == Ended::Complete {
                let name = label(&format!("floor ({writes})"));
                let judged = Subject::floor(run, *writes)
                    .and_then(|subject| measure(run, subject, traffic, &name, round));
                found.take_or_end(judged)?;
            }
        }
        if found.ended != Ended::Complete {
            break;
        }
    }
    found.ratios = ratios(&found.measurements);
    Ok(found)
}

/// Reads the clients of a measurement, and spreads the publishing over them.
pub(super) fn read_measured(
    traffic: Traffic,
    common: &Common,
) -> Result<(Traffic, Clients), CannotRun> {
    let of_prober = if traffic.prober { CONNECTIONS } else { 0 };
    let (traffic, clients) = read_clients(traffic, common, of_prober)?;
    if let (true, LobbyPlan::ByTopic { .. }) = (traffic.prober, &clients.lobbies) {
        return Err(CannotRun::Usage(
            "--prober joins one lobby, so --topic cannot have a column with it".to_owned(),
        ));
    }
    let smallest = clients.lobbies.smallest(traffic.clients.0);
    let traffic = traffic.spread(smallest);
    check_publishers(&traffic, &clients)?;
    Ok((traffic, clients))
}

/// Reads the clients of `traffic` and `further` ones. Returns the traffic with the number of
/// lobbies that they make.
pub(super) fn read_clients(
    mut traffic: Traffic,
    common: &Common,
    further: u32,
) -> Result<(Traffic, Clients), CannotRun> {
    let size = (traffic.clients.0, traffic.topics.0);
    let clients = Clients::read(common, size, further)?;
    traffic.topics = AtLeastOne(clients.lobbies.count());
    Ok((traffic, clients))
}

/// Checks that every lobby has enough clients for its publishers.
pub(super) fn check_publishers(traffic: &Traffic, of_run: &Clients) -> Result<(), CannotRun> {
    let clients = traffic.clients;
    let publishers = traffic.publishers();
    let smallest = of_run.lobbies.smallest(clients.0);
    if publishers > smallest {
        return Err(CannotRun::Usage(format!(
            "--publishers {publishers} in lobbies of {smallest}: publishers are clients of their lobby"
        )));
    }
    check_places(clients.0, publishers)
}

/// Checks the number of places in the ledger: one per client for each publisher of a lobby.
pub(super) fn check_places(clients: u32, publishers: u32) -> Result<(), CannotRun> {
    const PLACES_MAX: u64 = 100_000_000;
    let places = u64::from(clients) * u64::from(publishers);
    match places > PLACES_MAX {
        true => Err(CannotRun::Usage(format!(
            "{clients} clients times {publishers} that publish in a lobby are {places} pairs to keep count of; \
             {PLACES_MAX} are the most"
        ))),
        false => Ok(()),
    }
}

/// Checks the version of the protocol, because the floor speaks only one.
pub(super) fn check_floor(common: &Common) -> Result<(), CannotRun> {
    match common.vsn {
        crate::load::wire::phoenix::Version::V2 => Ok(()),
        crate::load::wire::phoenix::Version::V1 => Err(CannotRun::Usage(
            "the floor speaks --vsn 2.0.0 only".to_owned(),
        )),
    }
}

/// Makes one measurement against one server.
pub(super) fn measure(
    run: &mut Run,
    subject: Subject,
    traffic: &Traffic,
    label: &str,
    round: u32,
) -> Result<Judged, CannotRun> {
    let mut trial = Trial::new(run, subject, traffic.clients.0)?;
    trial.open_lobbies(traffic.publishers(), 0..0);
    let clients = trial.enlist(0..traffic.clients.0, traffic.clients.0, !traffic.no_echo);
    match traffic.prober {
        true => trial.gather_with_prober(&clients)?,
        false => trial.gather(&clients)?,
    }
    trial.talk(traffic, traffic.rate, |_, _| None)?;
    trial.settle(|_| true)?;
    trial.end_probing()?;
    let mut judged = judge(&mut trial, label, round, traffic.rate.is_some());
    if trial.fleet.ledger.echoes() > 0 {
        let text = "publishers got their own messages, which --no-echo says they do not; those are in no figure";
        judged.problems.push(warning(text.to_owned()));
    }
    trial.close()?;
    Ok(judged)
}

impl Found {
    /// Adds the outcome of one measurement of several. The objectives kept are those of the
    /// server's last round, or of the first round that broke.
    pub(super) fn take(&mut self, judged: Judged) {
        let Judged {
            measurement,
            problems,
            objectives,
            ended,
        } = judged;
        let broken = self.objectives.iter().any(|objective| !objective.held);
        if measurement.side == Side::Server && !broken {
            self.objectives = objectives;
        }
        self.measurements.push(measurement);
        self.problems.extend(problems);
        self.ended = ended;
    }
}

impl Found {
    /// Adds a measurement. If it has no connection, the run ends, and earlier measurements are
    /// kept.
    pub(super) fn take_or_end(
        &mut self,
        judged: Result<Judged, CannotRun>,
    ) -> Result<(), CannotRun> {
        match judged {
            Ok(judged) => self.take(judged),
            Err(CannotRun::NoConnection(text)) if !self.measurements.is_empty() => {
                self.problems.push(failure(text));
                self.ended = Ended::ServerLost;
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

type Observe = fn(&Measurement) -> Option<f64>;

/// The figures that are shown as multiples of the floor's.
const FIGURES: [(RatioFigure, Observe); 8] = [
    (RatioFigure::CpuPerDelivery, |of| {
        of.server.as_ref()?.us_per_delivery
    }),
    (RatioFigure::DeliveriesPerSecond, |of| {
        Some(of.throughput.deliveries_per_second)
    }),
    (RatioFigure::P50, |of| {
        Some(of.delivery_latency.as_ref()?.p50_us as f64)
    }),
    (RatioFigure::P99, |of| {
        Some(of.delivery_latency.as_ref()?.p99_us as f64)
    }),
    (RatioFigure::ProberP50, |of| {
        Some(of.prober_latency.as_ref()?.p50_us as f64)
    }),
    (RatioFigure::ProberP99, |of| {
        Some(of.prober_latency.as_ref()?.p99_us as f64)
    }),
    (RatioFigure::LastSubscriberP99, |of| {
        Some(of.last_subscriber.as_ref()?.p99_us as f64)
    }),
    (RatioFigure::DeliveriesPerRead, |of| {
        of.load.deliveries_per_read
    }),
];

/// Returns the ratios of each server figure to that of each floor in the same round.
fn ratios(measurements: &[Measurement]) -> Vec<Ratio> {
    let mut ratios = Vec::new();
    for floor in [Side::FloorBatch, Side::FloorSingle] {
        for (figure, observe) in FIGURES {
            let of_round = |measurement: &Measurement| {
                let round = measurement.round;
                let server = measurements
                    .iter()
                    .find(|other| other.side == Side::Server && other.round == round)?;
                let (above, below) = (observe(server)?, observe(measurement)?);
                (below > 0.0).then(|| above / below)
            };
            let of_floor = measurements
                .iter()
                .filter(|measurement| measurement.side == floor);
            let mut all: Vec<f64> = of_floor.filter_map(of_round).collect();
            all.sort_by(f64::total_cmp);
            if let (Some(median), Some(min), Some(max)) = (median(&all), all.first(), all.last()) {
                ratios.push(Ratio {
                    figure,
                    floor,
                    median,
                    min: *min,
                    max: *max,
                    rounds: all.len() as u32,
                });
            }
        }
    }
    ratios
}
