//! The command line as typed. The comments of the fields are the help a user reads.

use std::path::PathBuf;

use clap::{CommandFactory, FromArgMatches, Parser};

use super::address::ListenAddress;
use super::effective::Flag;
use super::form::Word;
use super::given::Given;
use super::log_values::LogFormat;
use super::log_values::LogLevel;
use super::settings::SHARDS_MAX;
use super::token_arguments::TokenCommand;

/// A WebSocket broker that speaks the Phoenix Channels protocol
///
/// Clients connect with phoenix.js, unchanged, to ws://HOST:PORT/socket and join the
/// chat room room:lobby; what one of them pushes there reaches all its members. Open
/// http://HOST:PORT/ in a browser for a chat that does so. GET /healthz answers "ok".
///
/// Everything has a default: lobbyd alone is a running server that only this machine
/// can reach. Rooms, limits and everything else stand in a file, given by --config.
#[derive(Clone, Debug, PartialEq, Eq, Parser)]
#[command(version, verbatim_doc_comment, after_help = AFTER_SHORT_HELP, after_long_help = EXAMPLES)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Arguments {
    /// The command to run instead of serving; None serves.
    #[command(subcommand)]
    pub command: Option<Subcommand>,
    /// The flags of a server.
    #[command(flatten)]
    pub flags: Flags,
}

/// The flags of a server, which override environment and file.
#[derive(Clone, Debug, Default, PartialEq, Eq, clap::Args)]
pub struct Flags {
    /// The configuration file [default: none]
    ///
    /// `lobbyd config default` prints a complete one. Every setting may also be given by
    /// environment, as LOBBYD_LOG_LEVEL for log.level; the file by LOBBYD_CONFIG.
    #[arg(long, verbatim_doc_comment, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// Where to listen: an IP address or a host name, and a port [default: 127.0.0.1:4000]
    ///
    /// 0.0.0.0 is every network of this machine (in IPv6 ::, in brackets). Port 0 chooses a
    /// free one, which the start-up line then shows. There is no TLS; put a proxy in
    /// front that has it.
    #[arg(long, verbatim_doc_comment, value_name = "ADDR:PORT")]
    pub listen: Option<ListenAddress>,

    /// Where operators find /metrics, /healthz and /readyz [default: none]
    #[arg(long, value_name = "ADDR:PORT")]
    pub admin_listen: Option<ListenAddress>,

    /// How many threads serve connections [default: one for each CPU core]
    ///
    /// Each connection belongs to one of them. More than there are cores gains nothing.
    #[arg(long, value_name = "N", value_parser = shards)]
    pub shards: Option<u16>,

    /// Minimum log level, on stderr [default: info]
    ///
    /// RUST_LOG overrides it, with one level or with levels for single modules, as in
    /// RUST_LOG=warn,lobbyd::server=debug.
    #[arg(long, value_name = "LEVEL", value_enum)]
    pub log_level: Option<LogLevel>,

    /// How the log is written [default: text]
    #[arg(long, value_name = "FORMAT", value_enum)]
    pub log_format: Option<LogFormat>,
}

/// A command that lobbyd runs instead of serving.
#[derive(Clone, Debug, PartialEq, Eq, clap::Subcommand)]
pub enum Subcommand {
    /// Checks or shows the configuration, without serving
    #[command(subcommand, arg_required_else_help = false)]
    Config(ConfigCommand),
    /// Explains a token, or makes one
    #[command(subcommand, arg_required_else_help = false)]
    Token(TokenCommand),
}

/// A command that checks or shows a configuration.
#[derive(Clone, Debug, PartialEq, Eq, clap::Subcommand)]
pub enum ConfigCommand {
    /// Says whether this file is right, and what is wrong with it. Binds and looks up no address
    Check {
        /// The configuration file
        file: PathBuf,
    },
    /// Prints the values that lobbyd would run with, and where each comes from
    Show(Flags),
    /// Prints a complete file: every setting, its meaning and its default
    Default,
}

impl Arguments {
    /// Parses the command line of this process. The long help ends with `exit_codes`, which only
    /// the program knows.
    ///
    /// # Errors
    /// The text to print instead: the help, the version, or why the command line is wrong.
    pub fn of_process(exit_codes: &str) -> Result<Arguments, clap::Error> {
        let long_help = format!("{EXAMPLES}\n\n{exit_codes}");
        let command = Arguments::command().after_long_help(long_help);
        Arguments::from_arg_matches(&command.try_get_matches()?)
    }
}

impl Flags {
    /// Returns the sources of the configuration: these flags, the file, and this process's
    /// environment.
    pub fn given(&self) -> Given {
        let shown =
            |value: Option<String>, name, path| value.map(|value| Flag { name, path, value });
        let flags = [
            shown(
                self.listen.as_ref().map(ToString::to_string),
                "--listen",
                "server.listen",
            ),
            shown(
                self.admin_listen.as_ref().map(ToString::to_string),
                "--admin-listen",
                "server.admin_listen",
            ),
            shown(
                self.shards.map(|count| count.to_string()),
                "--shards",
                "server.shards",
            ),
            shown(self.log_level.map(name), "--log-level", "log.level"),
            shown(self.log_format.map(name), "--log-format", "log.format"),
        ];
        Given::here(self.config.clone(), flags.into_iter().flatten().collect())
    }
}

/// Returns the text of a choice, which is the same on the command line as in the file.
fn name(word: impl Word) -> String {
    Into::<&str>::into(word).to_owned()
}

fn shards(text: &str) -> Result<u16, String> {
    let count = text.parse().ok();
    count
        .filter(|count| (1..=SHARDS_MAX).contains(&u64::from(*count)))
        .ok_or_else(|| format!("a number from 1 to {SHARDS_MAX} is expected"))
}

const AFTER_SHORT_HELP: &str = "--help says more: examples, exit codes";

const EXAMPLES: &str = "\
Examples:
  lobbyd                                 this machine only: http://127.0.0.1:4000/
  lobbyd --listen 0.0.0.0:4000           every network of this machine
  lobbyd --listen localhost:0            any free port
  lobbyd --shards 2 --log-level debug    two threads, and each connection in the log
  lobbyd config default > lobbyd.toml    a file with everything that can be set
  lobbyd config check lobbyd.toml        check it
  lobbyd --config lobbyd.toml            run with it
  lobbyd token explain - < token.txt     say whether a token would be taken, and why

Ctrl-C or SIGTERM shuts it down: every client is asked to reconnect (close code 1012). A
second one ends it at once. With systemd's socket activation, the passed socket is used in
place of --listen. SIGHUP makes it read its file again; without a file it changes
nothing, but a terminal that closes ends what runs in it.";

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arguments: &[&str]) -> Result<Arguments, clap::Error> {
        Arguments::try_parse_from([&["lobbyd"], arguments].concat())
    }

    #[test]
    fn arguments_are_not_needed() {
        let nothing = Arguments {
            command: None,
            flags: Flags::default(),
        };
        assert_eq!(parse(&[]).unwrap(), nothing);
    }

    #[test]
    fn wrong_use_is_exit_code_2_and_help_is_0() {
        for wrong in [
            &["--listen", "4000"][..],
            &["--shards", "0"],
            &["--log-level", "loud"],
            &["--log-format", "xml"],
            &["config"],
            &["config", "check"],
            &["--shards", "1", "config", "default"],
            &["x"],
        ] {
            assert_eq!(parse(wrong).unwrap_err().exit_code(), 2, "{wrong:?}");
        }
        for asked in [
            &["--help"][..],
            &["-h"],
            &["--version"],
            &["config", "--help"],
            &["help"],
        ] {
            assert_eq!(parse(asked).unwrap_err().exit_code(), 0);
        }
    }

    #[test]
    fn wrong_count_of_shards_is_refused_with_the_right_range() {
        for wrong in ["0", "1025", "x", "-1", ""] {
            let error = parse(&[&format!("--shards={wrong}")])
                .unwrap_err()
                .to_string();
            assert!(error.contains("a number from 1 to 1024"), "{error}");
        }
        assert_eq!(
            parse(&["--shards", "1024"]).unwrap().flags.shards,
            Some(1024)
        );
    }

    #[test]
    fn flags_each_set_their_setting() {
        let typed = [
            "--listen=[::1]:1",
            "--admin-listen=h:2",
            "--shards=3",
            "--log-level=warn",
            "--log-format=json",
        ];
        let given = parse(&typed).unwrap().flags.given();
        let config = Given {
            environment: Vec::new(),
            ..given
        }
        .read()
        .unwrap()
        .config;
        assert_eq!(config.listen.to_string(), "[::1]:1");
        assert_eq!(config.admin_listen.unwrap().to_string(), "h:2");
        assert_eq!(
            (config.shards, config.log_level, config.log_format),
            (Some(3), LogLevel::Warn, LogFormat::Json)
        );
    }

    #[test]
    fn help_shows_defaults_and_examples() {
        let help = parse(&["--help"]).unwrap_err().to_string();
        for part in [
            "127.0.0.1:4000",
            "Examples:",
            "one for each CPU core",
            "healthz",
        ] {
            assert!(help.contains(part), "{part} in {help}");
        }
    }
}
