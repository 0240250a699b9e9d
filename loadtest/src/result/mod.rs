//! The result of a run, the one form that the text, the JSON, the page and `compare` share.
//!
//! Scenarios fill a result. The comments are the descriptions in `schema.json`.

mod counts;
mod latency;
mod ratio;
mod restart;
mod usage;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use counts::{Connections, Count, Deliveries, Replies, Throughput};
pub use latency::{Bin, Latency};
pub use ratio::RatioFigure;
pub use restart::{LobbyDelays, Moment, Restart, SIGTERM, Shares};
pub use usage::{LoadUsage, Machine, Saturated, ServerUsage};

/// The version of this form. It grows when a field is removed or changes its meaning. It stays the
/// same when an optional field is added.
pub const SCHEMA_VERSION: u32 = 1;

/// The result of one run of lobbyd-loadtest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RunResult {
    /// The version of this form: 1.
    pub schema_version: u32,
    /// The version of lobbyd-loadtest that ran.
    pub tool_version: String,
    /// The subcommand.
    pub scenario: String,
    /// The command line, so that the run can be repeated.
    pub command_line: Vec<String>,
    /// The start of the run, in UTC as in RFC 3339.
    pub started_at: String,
    /// The seed of the run's random choices.
    pub seed: u64,
    /// The parameters of the run, as names and values in words, in the order of reading.
    pub parameters: Vec<Parameter>,
    /// The machine that the load came from.
    pub machine: Machine,
    /// The end of the run.
    pub ended: Ended,
    /// Failures, and facts that may mislead, worst first.
    pub problems: Vec<Problem>,
    /// The objectives given by --slo, with their outcomes.
    /// In a ramp, those of the lowest step that broke, or of the first step if none broke.
    pub objectives: Vec<Objective>,
    /// The measurements, in order: one for a plain run, one for each step of a ramp.
    /// A run against the floor has one for each side and round.
    pub measurements: Vec<Measurement>,
    /// The server's figures as multiples of the floor's in the same run.
    pub ratios: Vec<Ratio>,
    /// The outcome of a ramp.
    pub ramp: Option<Ramp>,
    /// The outcome of a restart for its clients.
    #[serde(default)]
    pub restart: Option<Restart>,
    /// True if all was delivered, every objective held and the run was complete.
    /// For a ramp: if its first step held.
    pub held: bool,
}

/// A parameter of the run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Parameter {
    /// The name of the flag, without its dashes.
    pub name: String,
    /// The value as a person would write it.
    pub value: String,
}

/// The end of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// The run was complete.
    #[default]
    Complete,
    /// A signal interrupted the run; the figures until then are present.
    Interrupted,
    /// The server went away; the figures until then are present.
    ServerLost,
    /// The run could not start.
    NotStarted,
}

/// A fact that a reader of the figures must know.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Problem {
    /// The severity of the problem.
    pub severity: Severity,
    /// The problem in a sentence, with advice on what to do.
    pub text: String,
    /// The label of the measurement that the problem is about, if its run has labels. The text
    /// begins with the label, a colon and a blank.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measurement: Option<String>,
}

impl Problem {
    /// Returns the problem as one of the measurement with this label.
    pub fn about(self, label: &str) -> Problem {
        Problem {
            text: format!("{label}: {}", self.text),
            measurement: Some(label.to_owned()),
            ..self
        }
    }
}

/// The severity of a problem.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The run has failed by this problem.
    Failure,
    /// The figures may mean something else than they seem to.
    Warning,
}

/// An objective of the run, and whether it held.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Objective {
    /// The objective as typed: "p99=20ms".
    pub objective: String,
    /// The observed value, as a person would write it: "12.3 ms". If there was no figure to judge
    /// by, the value is "nothing was observed".
    pub observed: String,
    /// True if the objective held.
    pub held: bool,
}

impl Objective {
    /// The `observed` of an objective that is broken for want of a figure.
    pub const NOTHING_OBSERVED: &str = "nothing was observed";

    /// True if there was a figure to judge by.
    pub fn was_observed(&self) -> bool {
        self.observed != Objective::NOTHING_OBSERVED
    }
}

/// The server that was measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// The server under test.
    Server,
    /// The floor, with one write per subscriber and turn.
    FloorBatch,
    /// The floor, with one write per subscriber and message.
    FloorSingle,
}

/// The figures of one stretch of time, against one server, with one load.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Measurement {
    /// Label within its run: "400 msg/s", "floor (batch), round 2". Empty if it is alone.
    pub label: String,
    /// The server that was measured.
    pub side: Side,
    /// The round of a run with several rounds, from 1.
    pub round: u32,
    /// The value of a ramp's step, in messages a second or clients.
    pub step: Option<f64>,
    /// True if every delivery came and every objective held in this measurement.
    pub held: bool,
    /// Length of the measured time in seconds, without the warm-up.
    pub seconds: f64,
    /// Counts and times of connecting and joining.
    pub connections: Connections,
    /// Counts of deliveries, from the first message to the last, warm-up included.
    pub deliveries: Deliveries,
    /// Answers to pushes.
    pub replies: Replies,
    /// Messages, deliveries and bytes of the measured time.
    pub throughput: Throughput,
    /// From the intended time of a message to its arrival at a subscriber, counted per delivery.
    pub delivery_latency: Option<Latency>,
    /// Delivery latency seen by a separate process with a few connections in the first lobby.
    #[serde(default)]
    pub prober_latency: Option<Latency>,
    /// From the intended time of a message to its arrival at the last subscriber.
    /// Each message counts once.
    pub last_subscriber: Option<Latency>,
    /// From the intended time of a message to its entry into the queue of its socket.
    /// This is the delay of the load generator itself. Time in which the server reads nothing is
    /// not in it.
    pub send_delay: Option<Latency>,
    /// From a push to its reply.
    pub reply_latency: Option<Latency>,
    /// From a heartbeat to its answer.
    pub heartbeat_latency: Option<Latency>,
    /// The server's use of CPU and memory, if its process is known.
    pub server: Option<ServerUsage>,
    /// The load generator's own use of CPU.
    pub load: LoadUsage,
    /// The side that was at its limit.
    pub saturated: Saturated,
    /// Figures over time, in order.
    pub intervals: Vec<Interval>,
    /// Further figures of the scenario, in the order of reading.
    pub figures: Vec<Figure>,
}

/// An interval of the measured time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Interval {
    /// The end of the interval, in seconds from the start of the measured time.
    pub at_seconds: f64,
    /// The length of the interval in seconds.
    pub seconds: f64,
    /// Messages published in the interval.
    pub published: u64,
    /// Deliveries received in the interval.
    pub deliveries: u64,
    /// Joined connections at the end of the interval.
    pub joined: u64,
    /// Median latency of the interval's deliveries in microseconds, if there were any.
    pub p50_us: Option<u64>,
    /// 99th percentile of the latency of the interval's deliveries in microseconds.
    pub p99_us: Option<u64>,
    /// Largest latency of the interval's deliveries in microseconds.
    pub max_us: Option<u64>,
    /// Server CPU in this interval: 1.0 is one core.
    pub server_cores: Option<f64>,
    /// Resident memory of the server at the end of the interval, in bytes.
    pub server_rss_bytes: Option<u64>,
    /// CPU of the load generator in this interval: 1.0 is one core.
    pub load_cores: f64,
}

/// A figure that only one scenario has.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Figure {
    /// The name of the figure, without its unit.
    pub name: String,
    /// The value of the figure.
    pub value: f64,
    /// The unit of the figure: "bytes", "us", "per second", or empty for a count.
    pub unit: String,
    /// True if the value is a figure of the whole server, divided by the number of connections.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub per_connection: bool,
}

/// A figure of the server as a multiple of the floor's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ratio {
    /// The figure.
    pub figure: RatioFigure,
    /// The floor whose figure is the divisor.
    pub floor: Side,
    /// Median over the rounds.
    pub median: f64,
    /// Smallest of the rounds.
    pub min: f64,
    /// Largest of the rounds.
    pub max: f64,
    /// The number of rounds.
    pub rounds: u32,
}

/// The outcome of a ramp.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ramp {
    /// The quantity that was raised: "rate" or "clients".
    pub raised: String,
    /// The last step at which every objective held, if one did.
    pub last_held: Option<f64>,
    /// The step that broke, if one did.
    pub broke_at: Option<f64>,
    /// The objectives that broke at that step, each with its observed value.
    pub because: Vec<String>,
}
