//! The command line as typed. The comments of the fields are the help that a user reads.

mod load;
mod objective;
mod restart_args;
mod scenarios;

use std::path::PathBuf;

use clap::{Parser, Subcommand};

pub use load::{AtLeastOne, Bind, Common, Messages, Param, Source};
pub use restart_args::RestartArgs;
pub use scenarios::{
    ChurnArgs, FanoutArgs, FloorArgs, FloorSide, IdleArgs, JoinsArgs, Raised, RampArgs, SlowArgs,
    Traffic,
};

/// Load for servers of the Phoenix Channels protocol: proves delivery, shows capacity and delay
///
/// It drives lobbyd, Phoenix or any other server of the protocol over real sockets. Every
/// delivery is checked by the sequence number in its payload, and every delay is recorded.
#[derive(Clone, Debug, Parser)]
#[command(version, verbatim_doc_comment, after_help = AFTER_HELP, max_term_width = 100)]
pub struct Arguments {
    /// The scenario to run, or the work with results of earlier runs.
    #[command(subcommand)]
    pub command: Command,
}

/// The scenarios, and the comparison of their results.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Messages to lobbies: throughput, delay of every delivery, time to the last subscriber
    Fanout(FanoutArgs),
    /// A storm of connects and joins: how long until each client is in its lobby
    Joins(JoinsArgs),
    /// Connections that do nothing: the server's memory for each
    Idle(IdleArgs),
    /// Clients that join, publish once and leave, with or without a Close frame, while others stay
    Churn(ChurnArgs),
    /// Clients that stop reading: the delays of the others, and the ends of the slow clients
    Slow(SlowArgs),
    /// The server restarted under load: all clients reconnect on phoenix.js's own schedule
    Restart(RestartArgs),
    /// More and more load, until an objective breaks: the last step that held all objectives
    Ramp(RampArgs),
    /// The floor: the cheapest possible fan-out on this machine, measured or only served
    Floor(FloorArgs),
    /// Results of earlier runs side by side
    Compare(CompareArgs),
    /// The process that --prober starts
    #[command(hide = true)]
    Probe(ProbeArgs),
}

/// `probe`: flags of the process that --prober starts.
#[derive(Clone, Debug, clap::Args)]
pub struct ProbeArgs {
    /// The marker in the tags of the run's messages
    #[arg(long)]
    pub marker: String,
    /// The row of the first client in files of values
    #[arg(long, default_value_t = 0)]
    pub first_row: u32,
    /// The server, and the topic to join.
    #[command(flatten)]
    pub common: Common,
}

/// `compare`: results of earlier runs side by side.
#[derive(Clone, Debug, clap::Args)]
pub struct CompareArgs {
    /// Results, as --json has written them; figures are shown as multiples of the first result's
    #[arg(required = true, num_args = 2.., value_name = "FILE.json")]
    pub files: Vec<PathBuf>,
    /// Write the comparison as an HTML page with plots
    #[arg(long, value_name = "FILE.html")]
    pub report: Option<PathBuf>,
}

const AFTER_HELP: &str = "\
Examples:
  lobbyd-loadtest fanout --clients 1000 --rate 100           100 messages a second to a thousand
  lobbyd-loadtest fanout --clients 1000 --window 16          as many as the server can, 16 in flight
  lobbyd-loadtest ramp --clients 1000 --slo p99=50ms         how many messages a second hold 50 ms
  lobbyd-loadtest idle --clients 10000 --pid $(pidof lobbyd) memory per connection
  lobbyd-loadtest restart --spawn 'lobbyd --config FILE'     until everybody is back after a restart;
                                                             the FILE lets clients into room:*
  lobbyd-loadtest fanout --window 16 --against-floor --spawn 'lobbyd --shards 1'

Each command's --help says more. Exit codes:
  0  everything was delivered and every objective held
  1  a delivery or an objective failed, connections were lost, or the run was cut short
  2  wrong arguments
  3  no connection could be had: wrong URL, nothing listens, join refused, limits too low";

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arguments: &[&str]) -> Result<Arguments, String> {
        let all = [&["lobbyd-loadtest"], arguments].concat();
        Arguments::try_parse_from(all).map_err(|error| error.to_string())
    }

    #[test]
    fn definition_of_the_command_line_is_sound() {
        use clap::CommandFactory;
        Arguments::command().debug_assert();
    }

    #[test]
    fn scenario_needs_no_flag() {
        for scenario in ["fanout", "joins", "idle", "churn", "slow", "floor"] {
            parse(&[scenario]).unwrap_or_else(|error| panic!("{scenario}: {error}"));
        }
        parse(&["ramp", "--slo", "p99=20ms"]).unwrap();
    }

    #[test]
    fn values_of_params_are_typed_or_of_a_file() {
        let typed = [
            "fanout", "--param", "a=x@y", "--param", "b=@@z", "--param", "c=@d.txt",
        ];
        let Command::Fanout(fanout) = parse(&typed).unwrap().command else {
            panic!("another command");
        };
        let sources: Vec<Source> = fanout
            .common
            .param
            .iter()
            .map(|p| p.source.clone())
            .collect();
        let text = |text: &str| Source::Text(text.to_owned());
        assert_eq!(
            sources,
            [text("x@y"), text("@z"), Source::Lines("d.txt".into())]
        );
        let again: Vec<String> = sources.iter().map(Source::typed).collect();
        assert_eq!(again, ["x@y", "@@z", "@d.txt"]);
    }

    #[test]
    fn wrong_arguments_say_what_is_right() {
        let table: [(&[&str], &str); 13] = [
            (
                &["fanout", "--rate", "10", "--window", "3"],
                "cannot be used with",
            ),
            (
                &["fanout", "--pid", "1", "--spawn", "x"],
                "cannot be used with",
            ),
            (&["fanout", "--param", "x"], "NAME=VALUE"),
            (&["fanout", "--param", "x=@"], "@@ is an @ itself"),
            (&["fanout", "--header", "{x}: y"], "Name: value"),
            (&["fanout", "--clients", "0"], "at least 1"),
            (&["fanout", "--duration", "10"], "10s"),
            (&["fanout", "--rate", "-1"], "from 0.01"),
            (&["fanout", "--header", "x"], "Name: value"),
            (&["fanout", "--header", "connection: x"], "sends this"),
            (
                &["fanout", "--header", "Sec-WebSocket-Key: x"],
                "sends this",
            ),
            (&["fanout", "--slo", "p98=1ms"], "no objective"),
            (&["compare", "a.json"], "2 values required"),
        ];
        for (arguments, part) in table {
            let error = parse(arguments).unwrap_err();
            assert!(error.contains(part), "{arguments:?}: {error}");
        }
    }
}
