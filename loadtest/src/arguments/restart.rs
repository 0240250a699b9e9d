//! What `restart` takes.

use std::time::Duration;

use clap::Args;

use super::load::{AtLeastOne, Common, Messages, length, rate};

/// `restart`: the server restarted under load, while everybody comes back
///
/// Needs --spawn. One large lobby and many small ones are brought up and talk for --warmup and
/// --duration. Then the server gets SIGTERM, and when it has ended, the same command is started
/// again. Every client tries to come back exactly when phoenix.js 1.8 would: after 10, 50, 100,
/// 150, 200, 250, 500, 1000, 2000 ms and then each 5 s, without jitter; a join that is refused
/// is sent again after 1, 2, 5 and then each 10 s, and is given up after 10 s without an answer.
/// Those that are back talk on meanwhile, and for another --warmup once all are.
///
/// It holds if everybody is back within --back-within, no server that was there refused anybody,
/// and each delivery came to those who were in their lobby. What is said between two lives of a
/// connection it is not owed; what its publisher had back before the signal it is.
#[derive(Clone, Debug, Args)]
#[command(verbatim_doc_comment)]
pub struct RestartArgs {
    /// Clients in the large lobby, whose topic is --topic
    #[arg(long, value_name = "N", default_value_t = AtLeastOne(10_000))]
    pub lobby: AtLeastOne,

    /// Small lobbies beside it
    #[arg(long, value_name = "N", default_value_t = AtLeastOne(1_000))]
    pub lobbies: AtLeastOne,

    /// Clients in each small lobby, one of whom publishes
    #[arg(long, value_name = "N", default_value_t = AtLeastOne(1))]
    pub members: AtLeastOne,

    /// The topic of the small lobbies; {lobby} is the lobby's number, from 1
    #[arg(long, value_name = "TOPIC", default_value = "room:{lobby}")]
    pub lobby_topic: String,

    /// Clients that publish in the large lobby, in turn; they stand evenly among the others
    #[arg(long, value_name = "N", default_value_t = AtLeastOne(10))]
    pub publishers: AtLeastOne,

    /// Messages a second in the small lobbies in all, from those that are there
    #[arg(long, value_name = "R", default_value = "100", value_parser = rate, allow_negative_numbers = true)]
    pub rate: f64,

    /// Messages a second in the large lobby
    #[arg(long, value_name = "R", default_value = "1", value_parser = rate, allow_negative_numbers = true)]
    pub lobby_rate: f64,

    /// Hold the listening socket, and hand it to both servers, as systemd does (LISTEN_FDS)
    ///
    /// Then there is no moment in which nothing listens, and a connection that is refused or
    /// reset counts as refused. The command of --spawn must be one that can stand behind exec.
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

    /// What is said, and for how long before the restart.
    #[command(flatten)]
    pub messages: Messages,

    /// What all scenarios take.
    #[command(flatten)]
    pub common: Common,
}
