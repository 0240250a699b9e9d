//! The result of a run, the one form that the text, the JSON, the page and `compare` share.
//!
//! Scenarios fill it, nothing here measures. The comments are the descriptions in `schema.json`.

mod counts;
mod latency;
mod restart;
mod usage;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use counts::{Connections, Count, Deliveries, Replies, Throughput};
pub use latency::{Bin, Latency};
pub use restart::{LobbyDelays, Moment, Restart, Shares};
pub use usage::{LoadUsage, Machine, Saturated, ServerUsage};

/// The version of this form. It grows when a field is removed or changes its meaning.
/// New optional fields leave it.
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
    /// When it began, in UTC as RFC 3339 has it.
    pub started_at: String,
    /// Where its random choices started from.
    pub seed: u64,
    /// What was asked for, as name and value in words, in the order in which a person reads them.
    pub parameters: Vec<Parameter>,
    /// The machine the load came from.
    pub machine: Machine,
    /// How it ended.
    pub ended: Ended,
    /// What is wrong or may mislead, worst first.
    pub problems: Vec<Problem>,
    /// The objectives given by --slo, with their outcomes.
    /// In a ramp, those of the step that broke or of the last step.
    pub objectives: Vec<Objective>,
    /// The measurements, in order: one for a plain run, one for each step of a ramp.
    /// One for each side and round when a floor is measured beside the server.
    pub measurements: Vec<Measurement>,
    /// The server's figures as multiples of the floor's in the same run.
    pub ratios: Vec<Ratio>,
    /// What a ramp found.
    pub ramp: Option<Ramp>,
    /// The outcome of a restart for its clients.
    #[serde(default)]
    pub restart: Option<Restart>,
    /// True if all was delivered, every objective held and the run was complete.
    /// For a ramp: if its first step held.
    pub held: bool,
}

/// One thing that was asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Parameter {
    /// As the flag is called, without its dashes.
    pub name: String,
    /// As a person would write it.
    pub value: String,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// It ran to its end.
    #[default]
    Complete,
    /// Somebody interrupted it; what was measured until then is there.
    Interrupted,
    /// The server went away; what was measured until then is there.
    ServerLost,
    /// It could not get under way.
    NotStarted,
}

/// Something a reader of the figures must know.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Problem {
    /// How bad it is.
    pub severity: Severity,
    /// What it is, in a sentence, with what can be done about it.
    pub text: String,
}

/// How bad a problem is.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The run has failed by it.
    Failure,
    /// The figures mean something else than they seem to.
    Warning,
}

/// A limit that was asked for, and whether it held.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Objective {
    /// As it was given: "p99=20ms".
    pub objective: String,
    /// What was observed, as a person would write it: "12.3 ms".
    pub observed: String,
    /// Whether it held.
    pub held: bool,
}

/// Which server was measured.
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

/// What was measured in one stretch of time, against one server, with one load.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Measurement {
    /// Label within its run: "step 3: 400 msg/s", "floor (batch), round 2". Empty if it is alone.
    pub label: String,
    /// Which server.
    pub side: Side,
    /// Which round of a paired run, from 1.
    pub round: u32,
    /// Which step of a ramp, with the value that was raised.
    pub step: Option<f64>,
    /// Whether every delivery came and every objective held here.
    pub held: bool,
    /// How long was measured, warm-up left out, in seconds.
    pub seconds: f64,
    /// Connecting, joining, and what became of the connections.
    pub connections: Connections,
    /// What was delivered, from the first message to the last, warm-up included.
    pub deliveries: Deliveries,
    /// Answers to pushes.
    pub replies: Replies,
    /// How much went through while it was measured.
    pub throughput: Throughput,
    /// From the intended time of a message to its arrival at a subscriber, counted per delivery.
    pub delivery_latency: Option<Latency>,
    /// The same, seen by a separate process with a few connections in the first lobby's middle.
    #[serde(default)]
    pub prober_latency: Option<Latency>,
    /// From the intended time of a message to its arrival at the last subscriber.
    /// Each message counts once.
    pub last_subscriber: Option<Latency>,
    /// From the intended time of a message to its being made and put before its socket.
    /// It is the delay of the load generator itself. Time in which the server reads nothing is not
    /// in it.
    pub send_delay: Option<Latency>,
    /// From a push to its reply.
    pub reply_latency: Option<Latency>,
    /// From a heartbeat to its answer.
    pub heartbeat_latency: Option<Latency>,
    /// The server's use of CPU and memory, if its process is known.
    pub server: Option<ServerUsage>,
    /// The load generator's own.
    pub load: LoadUsage,
    /// Which side was at its limit.
    pub saturated: Saturated,
    /// What happened over time, in order.
    pub intervals: Vec<Interval>,
    /// Further figures of the scenario, in the order in which a person reads them.
    pub figures: Vec<Figure>,
}

/// A stretch of the measured time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Interval {
    /// Its end, in seconds from the begin of the measured time.
    pub at_seconds: f64,
    /// Its length in seconds.
    pub seconds: f64,
    /// Messages that were published in it.
    pub published: u64,
    /// Deliveries that came in it.
    pub deliveries: u64,
    /// Joined connections at its end.
    pub joined: u64,
    /// Of the deliveries that came in it: median latency in microseconds, if any came.
    pub p50_us: Option<u64>,
    /// 99th percentile of the same.
    pub p99_us: Option<u64>,
    /// Largest of the same.
    pub max_us: Option<u64>,
    /// Server CPU in this interval: 1.0 is one core.
    pub server_cores: Option<f64>,
    /// Resident memory of the server at its end, in bytes.
    pub server_rss_bytes: Option<u64>,
    /// CPU of the load generator in this interval: 1.0 is one core.
    pub load_cores: f64,
}

/// A figure that only one scenario has.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Figure {
    /// What it is, with no unit.
    pub name: String,
    /// Its value.
    pub value: f64,
    /// Its unit: "bytes", "us", "per second", or empty for a count.
    pub unit: String,
}

/// A figure of the server as a multiple of the floor's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ratio {
    /// Which figure.
    pub figure: String,
    /// Which floor it is a multiple of.
    pub floor: Side,
    /// Median over the rounds.
    pub median: f64,
    /// Smallest of the rounds.
    pub min: f64,
    /// Largest of the rounds.
    pub max: f64,
    /// How many rounds.
    pub rounds: u32,
}

/// What a ramp found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ramp {
    /// What was raised: "rate" or "clients".
    pub raised: String,
    /// The last step at which every objective held, if one did.
    pub last_held: Option<f64>,
    /// The step that broke, if one did.
    pub broke_at: Option<f64>,
    /// Why: which objectives, with what was observed.
    pub because: Vec<String>,
}
