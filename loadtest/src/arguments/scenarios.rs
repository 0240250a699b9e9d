//! What single scenarios take.

use std::net::SocketAddr;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::load::{AtLeastOne, Common, Messages, length, rate, time};
use crate::floor::Writes;

/// Who talks, to how many, and at which pace.
#[derive(Clone, Debug, Args)]
pub struct Traffic {
    /// Clients in all
    #[arg(long, short, value_name = "N", default_value_t = AtLeastOne(1000))]
    pub clients: AtLeastOne,

    /// Lobbies that the clients are spread over; more than one need {lobby} in --topic
    #[arg(long, value_name = "N", default_value_t = AtLeastOne(1))]
    pub topics: AtLeastOne,

    /// Clients that publish, in each lobby; they stand evenly among the others
    #[arg(long, value_name = "N", default_value_t = AtLeastOne(1))]
    pub publishers: AtLeastOne,

    /// Messages a second in all, evenly spaced (open loop)
    ///
    /// Nothing slows this down: a message is due when its time has come, whether the server
    /// has kept up or not, and its delay counts from that intended time. So a server that
    /// stalls for a second shows a second in the delays of all that was due meanwhile; a
    /// tool that waits for answers before it sends the next message would hide it.
    #[arg(long, value_name = "R", value_parser = rate, conflicts_with = "window", allow_negative_numbers = true)]
    pub rate: Option<f64>,

    /// Messages in flight in each lobby (closed loop) [default: 16, without --rate]
    ///
    /// When a publisher has its message back, one of the publishers sends the next. This finds
    /// the ceiling of the throughput. Delays are those at the ceiling, and the server sets the
    /// pace: use --rate to learn what users feel. With --no-echo a message is in flight until it
    /// has come to everybody.
    #[arg(long, value_name = "W")]
    pub window: Option<AtLeastOne>,

    /// Take delays in a process of its own too, with a few clients in the first lobby
    ///
    /// A load generator that is busy digesting the load sees deliveries later than they came.
    /// The prober does not: its delays are the server's.
    #[arg(long)]
    pub prober: bool,

    /// The server does not send a publisher its own messages
    #[arg(long)]
    pub no_echo: bool,

    /// What is said, and for how long.
    #[command(flatten)]
    pub messages: Messages,
}

/// `fanout`
#[derive(Clone, Debug, Args)]
pub struct FanoutArgs {
    /// Who talks.
    #[command(flatten)]
    pub traffic: Traffic,

    /// Measure the floor in the same run, and tell the server's figures as multiples of it
    ///
    /// The floor is the cheapest fan-out there can be on this machine: no parsing, canned
    /// answers, one write per subscriber for all that a turn has brought (batch), or one for
    /// each message (single). It is a yardstick, not a limit.
    #[arg(long, value_name = "WRITES", num_args = 0..=1, default_missing_value = "batch", require_equals = true)]
    pub against_floor: Option<FloorSide>,

    /// How often to measure each side, in turn [default: 1]
    #[arg(long, value_name = "N", default_value_t = AtLeastOne(1), hide_default_value = true)]
    pub rounds: AtLeastOne,

    /// What all scenarios take.
    #[command(flatten)]
    pub common: Common,
}

/// Which floors to measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FloorSide {
    /// One write per subscriber and turn
    Batch,
    /// One write per subscriber and message
    Single,
    /// Both, one behind the other
    Both,
}

impl FloorSide {
    /// Those that are meant.
    pub fn writes(self) -> &'static [Writes] {
        match self {
            FloorSide::Batch => &[Writes::Batch],
            FloorSide::Single => &[Writes::Single],
            FloorSide::Both => &[Writes::Batch, Writes::Single],
        }
    }
}

/// `joins`
#[derive(Clone, Debug, Args)]
pub struct JoinsArgs {
    /// Clients in all
    ///
    /// They come all at once, as after a restart, and their times count from the begin of that
    /// storm, so those that have to wait for their turn cannot hide. --connect-rate has them come
    /// at a rate, and their times count from when each was to come.
    #[arg(long, short, value_name = "N", default_value_t = AtLeastOne(1000))]
    pub clients: AtLeastOne,

    /// Lobbies that the clients are spread over
    #[arg(long, value_name = "N", default_value_t = AtLeastOne(1))]
    pub topics: AtLeastOne,

    /// What all scenarios take.
    #[command(flatten)]
    pub common: Common,
}

/// `idle`
#[derive(Clone, Debug, Args)]
pub struct IdleArgs {
    /// Clients in all
    #[arg(long, short, value_name = "N", default_value_t = AtLeastOne(10_000))]
    pub clients: AtLeastOne,

    /// Lobbies that the clients are spread over
    #[arg(long, value_name = "N", default_value_t = AtLeastOne(1))]
    pub topics: AtLeastOne,

    /// How long they stay before the memory is read again
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = length)]
    pub duration: Duration,

    /// Pushes that each client sends, and waits to be answered, before the memory is read again
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    pub pushes_each: u32,

    /// The event of those pushes; the server must answer it, with ok or an error
    #[arg(long, value_name = "EVENT", default_value = "ping")]
    pub ping_event: String,

    /// What all scenarios take.
    #[command(flatten)]
    pub common: Common,
}

/// `churn`
#[derive(Clone, Debug, Args)]
pub struct ChurnArgs {
    /// Who talks: --clients are those that stay.
    #[command(flatten)]
    pub traffic: Traffic,

    /// Clients that come and go, at most at once
    #[arg(long, value_name = "N", default_value_t = AtLeastOne(200))]
    pub churners: AtLeastOne,

    /// Clients that come in a second
    #[arg(long, value_name = "R", default_value = "50", value_parser = rate)]
    pub churn_rate: f64,

    /// How long each stays once it has talked, on average
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = time)]
    pub stay: Duration,

    /// What all scenarios take.
    #[command(flatten)]
    pub common: Common,
}

/// `slow`
#[derive(Clone, Debug, Args)]
pub struct SlowArgs {
    /// Who talks: --clients are all, the slow ones included.
    #[command(flatten)]
    pub traffic: Traffic,

    /// How many of the clients stop reading when the measuring begins
    #[arg(long, value_name = "N", default_value_t = AtLeastOne(200))]
    pub slow: AtLeastOne,

    /// How long they read nothing [default: to the end of the measured time]
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub stop_for: Option<Duration>,

    /// What all scenarios take.
    #[command(flatten)]
    pub common: Common,
}

/// `ramp`
#[derive(Clone, Debug, Args)]
pub struct RampArgs {
    /// Who talks.
    #[command(flatten)]
    pub traffic: Traffic,

    /// What is raised from step to step
    #[arg(long, value_name = "WHAT", default_value = "rate")]
    pub raise: Raised,

    /// The first step [default: 50 messages a second, or 100 clients]
    #[arg(long, value_name = "N", value_parser = rate)]
    pub from: Option<f64>,

    /// The last step that is tried
    #[arg(long, value_name = "N", default_value = "1000000", value_parser = rate)]
    pub to: f64,

    /// Each step is this many times the one before
    #[arg(long, value_name = "F", default_value = "1.5", value_parser = factor, conflicts_with = "add")]
    pub times: f64,

    /// Each step is this much more than the one before
    #[arg(long, value_name = "N", value_parser = rate)]
    pub add: Option<f64>,

    /// What all scenarios take.
    #[command(flatten)]
    pub common: Common,
}

/// What a ramp raises.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Raised {
    /// Messages a second in all
    Rate,
    /// Clients in all
    Clients,
}

fn factor(text: &str) -> Result<f64, String> {
    let factor = text
        .parse()
        .ok()
        .filter(|factor: &f64| factor.is_finite() && *factor > 1.0);
    factor.ok_or_else(|| "a number of more than 1 is expected".to_owned())
}

/// `floor`
#[derive(Clone, Debug, Args)]
pub struct FloorArgs {
    /// Who talks.
    #[command(flatten)]
    pub traffic: Traffic,

    /// How it writes
    #[arg(long, value_name = "WRITES", default_value = "batch")]
    pub writes: FloorSide,

    /// Only serve it, until Ctrl-C, for another program to be measured against
    #[arg(long)]
    pub serve: bool,

    /// End with the program that has started it
    #[arg(long, requires = "serve", hide = true)]
    pub with_parent: bool,

    /// Where to serve it
    #[arg(
        long,
        value_name = "ADDR:PORT",
        default_value = "127.0.0.1:0",
        requires = "serve"
    )]
    pub listen: SocketAddr,

    /// What all scenarios take. --url, --spawn and --pid are refused.
    #[command(flatten)]
    pub common: Common,
}
