//! Flags of the single scenarios.

use std::net::SocketAddr;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::load::{AtLeastOne, Common, Messages, length, rate, time};
use crate::floor::Writes;

/// The clients, the publishers and the pace of the messages.
#[derive(Clone, Debug, Args)]
pub struct Traffic {
    /// Number of clients in all lobbies
    #[arg(long, short, value_name = "N", default_value_t = AtLeastOne(1000))]
    pub clients: AtLeastOne,

    /// LobbyPlan that the clients are spread over; more than one lobby needs {lobby} in --topic
    #[arg(long, value_name = "N", default_value_t = AtLeastOne(1))]
    pub topics: AtLeastOne,

    /// Clients that publish in each lobby, spread evenly over its members [default: 1]
    ///
    /// A server may limit the messages of one client; lobbyd takes 1,000 a second by default. So in
    /// a closed loop of fanout and floor, and in a ramp of the rate, 64 clients publish by default,
    /// spread over the lobbies.
    #[arg(long, value_name = "N")]
    pub publishers: Option<AtLeastOne>,

    /// Messages a second in all, evenly spaced (open loop)
    ///
    /// The rate does not follow the server: a message is due at its time, whether the server has
    /// kept up or not. Its delay counts from that intended time. So a server that stalls for a
    /// second shows a second in the delays of all messages due meanwhile. A tool that waits for
    /// answers before it sends the next message would hide the stall.
    #[arg(long, value_name = "R", value_parser = rate, conflicts_with = "window", allow_negative_numbers = true)]
    pub rate: Option<f64>,

    /// Messages in flight in each lobby (closed loop) [default: 16, without --rate]
    ///
    /// When a publisher has its message back, one of the publishers sends the next. This finds the
    /// highest throughput. The server sets the pace, and delays are those at full load: use --rate
    /// to learn the delays that users feel. With --no-echo a message is in flight until
    /// it has come to all members.
    #[arg(long, value_name = "W")]
    pub window: Option<AtLeastOne>,

    /// Measure delays in a separate process too, with a few clients in the first lobby
    ///
    /// A busy load generator sees deliveries later than they arrive. The prober is not busy: its
    /// delays are the server's.
    #[arg(long)]
    pub prober: bool,

    /// The server does not send a publisher its own messages
    #[arg(long)]
    pub no_echo: bool,

    /// The messages, and how long they flow.
    #[command(flatten)]
    pub messages: Messages,
}

impl Traffic {
    /// Most clients that publish in all lobbies, where that is left to the scenario.
    const SPREAD: u32 = 64;

    /// Returns the number of clients that publish in each lobby.
    pub fn publishers(&self) -> u32 {
        self.publishers.map_or(1, |publishers| publishers.0)
    }

    /// Spreads the publishing over clients, if no number of them and no rate was given. `smallest`
    /// is the number of clients in the smallest lobby.
    #[must_use]
    pub fn spread(mut self, smallest: u32) -> Traffic {
        let topics = self.topics.0;
        if self.publishers.is_none() && self.rate.is_none() {
            let each = Traffic::SPREAD.div_ceil(topics).min(smallest.max(1));
            self.publishers = Some(AtLeastOne(each));
        }
        self
    }
}

/// Flags of `fanout`.
#[derive(Clone, Debug, Args)]
pub struct FanoutArgs {
    /// The clients, the publishers and the pace.
    #[command(flatten)]
    pub traffic: Traffic,

    /// Measure the floor in the same run, and show the server's figures as multiples of the floor's
    ///
    /// The floor is the cheapest possible fan-out on this machine: no parsing, and canned answers.
    /// Batch is one write per subscriber for all messages of a turn, single one write per message.
    /// The floor is there to compare with: a server may well be cheaper.
    #[arg(long, value_name = "WRITES", num_args = 0..=1, default_missing_value = "batch", require_equals = true)]
    pub against_floor: Option<FloorSide>,

    /// How many times to measure each side; the sides take turns [default: 1]
    #[arg(long, value_name = "N", default_value_t = AtLeastOne(1), hide_default_value = true)]
    pub rounds: AtLeastOne,

    /// Flags of every scenario.
    #[command(flatten)]
    pub common: Common,
}

/// The floors to measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FloorSide {
    /// One write per subscriber and turn
    Batch,
    /// One write per subscriber and message
    Single,
    /// Both, one after the other
    Both,
}

impl FloorSide {
    /// Returns the ways of writing that were chosen.
    pub fn writes(self) -> &'static [Writes] {
        match self {
            FloorSide::Batch => &[Writes::Batch],
            FloorSide::Single => &[Writes::Single],
            FloorSide::Both => &[Writes::Batch, Writes::Single],
        }
    }
}

/// Flags of `joins`.
#[derive(Clone, Debug, Args)]
pub struct JoinsArgs {
    /// Number of clients
    ///
    /// All clients come at once, as after a restart, and their times count from the start of that
    /// storm. So the time in which a client waits for its turn to connect is counted. With
    /// --connect-rate clients come at a rate, and each client's time counts from its planned start.
    #[arg(long, short, value_name = "N", default_value_t = AtLeastOne(1000))]
    pub clients: AtLeastOne,

    /// LobbyPlan that the clients are spread over
    #[arg(long, value_name = "N", default_value_t = AtLeastOne(1))]
    pub topics: AtLeastOne,

    /// Flags of every scenario.
    #[command(flatten)]
    pub common: Common,
}

/// Flags of `idle`.
#[derive(Clone, Debug, Args)]
pub struct IdleArgs {
    /// Number of clients
    #[arg(long, short, value_name = "N", default_value_t = AtLeastOne(10_000))]
    pub clients: AtLeastOne,

    /// LobbyPlan that the clients are spread over
    #[arg(long, value_name = "N", default_value_t = AtLeastOne(1))]
    pub topics: AtLeastOne,

    /// How long the clients stay before the memory is read again
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = length)]
    pub duration: Duration,

    /// Pushes of each client, all answered, before the memory is read again
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    pub pushes_each: u32,

    /// The event of the pushes of --pushes-each; the server must answer with ok or an error
    #[arg(long, value_name = "EVENT", default_value = "ping")]
    pub ping_event: String,

    /// Flags of every scenario.
    #[command(flatten)]
    pub common: Common,
}

/// Flags of `churn`.
#[derive(Clone, Debug, Args)]
pub struct ChurnArgs {
    /// The clients, the publishers and the pace. --clients counts the clients that stay.
    #[command(flatten)]
    pub traffic: Traffic,

    /// Most clients at once that come and go
    #[arg(long, value_name = "N", default_value_t = AtLeastOne(200))]
    pub churners: AtLeastOne,

    /// Clients that come in a second and go again
    #[arg(long, value_name = "R", default_value = "50", value_parser = rate)]
    pub churn_rate: f64,

    /// How long each client that came stays after its own message, on average
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = time)]
    pub stay: Duration,

    /// Flags of every scenario.
    #[command(flatten)]
    pub common: Common,
}

/// Flags of `slow`.
#[derive(Clone, Debug, Args)]
pub struct SlowArgs {
    /// The clients, the publishers and the pace. --clients counts the slow clients too.
    #[command(flatten)]
    pub traffic: Traffic,

    /// How many of the clients stop reading when the measured time begins
    #[arg(long, value_name = "N", default_value_t = AtLeastOne(200))]
    pub slow: AtLeastOne,

    /// How long the slow clients read nothing [default: to the end of the measured time]
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub stop_for: Option<Duration>,

    /// Flags of every scenario.
    #[command(flatten)]
    pub common: Common,
}

/// Flags of `ramp`.
#[derive(Clone, Debug, Args)]
pub struct RampArgs {
    /// The clients, the publishers and the pace.
    #[command(flatten)]
    pub traffic: Traffic,

    /// The quantity that is raised from step to step
    #[arg(long, value_name = "WHAT", default_value = "rate")]
    pub raise: Raised,

    /// The first step [default: 50 messages a second, or 100 clients]
    #[arg(long, value_name = "N", value_parser = rate)]
    pub from: Option<f64>,

    /// The largest step that is tried
    #[arg(long, value_name = "N", default_value = "1000000", value_parser = rate)]
    pub to: f64,

    /// The factor from one step to the next
    #[arg(long, value_name = "F", default_value = "1.5", value_parser = factor, conflicts_with = "add")]
    pub times: f64,

    /// The amount added from one step to the next
    #[arg(long, value_name = "N", value_parser = rate)]
    pub add: Option<f64>,

    /// Flags of every scenario.
    #[command(flatten)]
    pub common: Common,
}

/// The quantity that a ramp raises.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Raised {
    /// Messages a second in all lobbies
    Rate,
    /// Clients in all lobbies
    Clients,
}

fn factor(text: &str) -> Result<f64, String> {
    let factor = text
        .parse()
        .ok()
        .filter(|factor: &f64| factor.is_finite() && *factor > 1.0);
    factor.ok_or_else(|| "a number of more than 1 is expected".to_owned())
}

/// Flags of `floor`.
#[derive(Clone, Debug, Args)]
pub struct FloorArgs {
    /// The clients, the publishers and the pace.
    #[command(flatten)]
    pub traffic: Traffic,

    /// How the floor writes
    #[arg(long, value_name = "WRITES", default_value = "batch")]
    pub writes: FloorSide,

    /// Only serve the floor, until Ctrl-C, as the target of another program
    #[arg(long)]
    pub serve: bool,

    /// End with the program that has started this one, and print nothing but the address
    #[arg(long, requires = "serve", hide = true)]
    pub with_parent: bool,

    /// The address to serve the floor at
    #[arg(
        long,
        value_name = "ADDR:PORT",
        default_value = "127.0.0.1:0",
        requires = "serve"
    )]
    pub listen: SocketAddr,

    /// Flags of every scenario. --url, --spawn and --pid are refused.
    #[command(flatten)]
    pub common: Common,
}
