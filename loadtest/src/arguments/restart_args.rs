//! Flags of the `restart` scenario.

use std::time::Duration;

use clap::Args;

use super::load::{AtLeastOne, Common, Messages, length, rate};

/// `restart`: the server restarted under load, and all clients reconnect
///
/// Needs --spawn. Clients join one large lobby and many small lobbies, and messages flow for
/// --warmup and --duration. Then the server gets SIGTERM, and when it has ended, the same command
/// is started again. Every client reconnects exactly when phoenix.js 1.8 would: after 10, 50, 100,
/// 150, 200, 250, 500, 1000, 2000 ms and then each 5 s, without jitter. A refused join is sent
/// again after 1, 2, 5 and then each 10 s. A join without an answer is given up after 10 s.
/// Clients that are back publish meanwhile, and for another --warmup once all are back.
///
/// The run holds if everybody is back within --back-within, no running server refused a client,
/// and each delivery came to all clients that were in their lobby. A client is not owed messages
/// published while it was not connected. It is owed messages whose publisher had them back before
/// the signal.
#[derive(Clone, Debug, Args)]
#[command(verbatim_doc_comment)]
pub struct RestartArgs {
    /// Clients in the large lobby, whose topic is --topic
    #[arg(long, value_name = "N", default_value_t = AtLeastOne(10_000))]
    pub lobby: AtLeastOne,

    /// Small lobbies in addition to the large lobby
    #[arg(long, value_name = "N", default_value_t = AtLeastOne(1_000))]
    pub lobbies: AtLeastOne,

    /// Clients in each small lobby, one of which publishes
    #[arg(long, value_name = "N", default_value_t = AtLeastOne(1))]
    pub members: AtLeastOne,

    /// The topic of the small lobbies; {lobby} is the lobby's number, from 1
    #[arg(long, value_name = "TOPIC", default_value = "room:{lobby}")]
    pub lobby_topic: String,

    /// Clients that publish in the large lobby, in turn, spread evenly over its members
    #[arg(long, value_name = "N", default_value_t = AtLeastOne(10))]
    pub publishers: AtLeastOne,

    /// Messages a second in all small lobbies together, from the publishers that are joined
    #[arg(long, value_name = "R", default_value = "100", value_parser = rate, allow_negative_numbers = true)]
    pub rate: f64,

    /// Messages a second in the large lobby
    #[arg(long, value_name = "R", default_value = "1", value_parser = rate, allow_negative_numbers = true)]
    pub lobby_rate: f64,

    /// Hold the listening socket, and hand it to both servers, as systemd does (LISTEN_FDS)
    ///
    /// The address then listens at every moment, and a connection that is refused or reset counts
    /// as refused. The command of --spawn must be one that a shell can run with exec.
    #[arg(long)]
    pub inherit: bool,

    /// Longest time from the signal until everybody is back
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = length)]
    pub back_within: Duration,

    /// Longest time from the signal until the server has ended; then it is killed
    #[arg(long, value_name = "TIME", default_value = "45s", value_parser = length)]
    pub end_within: Duration,

    /// The server does not send a publisher its own messages
    #[arg(long)]
    pub no_echo: bool,

    /// The messages, and how long they flow before the restart.
    #[command(flatten)]
    pub messages: Messages,

    /// Flags of every scenario.
    #[command(flatten)]
    pub common: Common,
}
