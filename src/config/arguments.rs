//! The command line as typed. The comments of the fields are the help a user reads.

use std::fmt;
use std::net::Ipv6Addr;
use std::str::FromStr;

use clap::{Parser, ValueEnum};

use super::Exit;

/// A WebSocket broker that speaks the Phoenix Channels protocol
///
/// Clients connect with phoenix.js, unchanged, to ws://HOST:PORT/socket and join the
/// chat room room:lobby; what one of them pushes there reaches all its members. Open
/// http://HOST:PORT/ in a browser for a chat that does so. GET /healthz answers "ok".
///
/// Everything has a default: lobbyd alone is a running server that only this machine
/// can reach.
#[derive(Clone, Debug, PartialEq, Eq, Parser)]
#[command(version, verbatim_doc_comment, after_help = AFTER_SHORT_HELP, after_long_help = after_long_help())]
pub struct Arguments {
    /// Where to listen: an IP address or a host name, and a port
    ///
    /// 0.0.0.0 is every network of this machine (in IPv6 ::, in brackets). Port 0 chooses a
    /// free one, which the start-up line then tells. There is no TLS; put a proxy in
    /// front that has it.
    #[arg(long, verbatim_doc_comment, value_name = "ADDR:PORT", default_value_t = ListenAddress::default())]
    pub listen: ListenAddress,

    /// How many threads serve connections [default: one for each CPU core]
    ///
    /// Each connection belongs to one of them. More than there are cores gains nothing.
    #[arg(long, value_name = "N", value_parser = shards)]
    pub shards: Option<u16>,

    /// The least important kind of message to log, on stderr
    #[arg(long, value_name = "LEVEL", value_enum, default_value_t = LogLevel::Info)]
    pub log_level: LogLevel,
}

/// Most shards that can be asked for: far more than cores, yet a typing error starts no million threads.
const SHARDS_MAX: u16 = 1_024;

fn shards(text: &str) -> Result<u16, String> {
    let count = text.parse().ok();
    count
        .filter(|count| (1..=SHARDS_MAX).contains(count))
        .ok_or_else(|| format!("a number from 1 to {SHARDS_MAX} is expected"))
}

const AFTER_SHORT_HELP: &str = "--help says more: examples, exit codes";

fn after_long_help() -> String {
    format!("{EXAMPLES}\n\n{}", Exit::help())
}

const EXAMPLES: &str = "\
Examples:
  lobbyd                                 this machine only: http://127.0.0.1:4000/
  lobbyd --listen 0.0.0.0:4000           every network of this machine
  lobbyd --listen localhost:0            any free port
  lobbyd --shards 2 --log-level debug    two threads, and why sockets are refused

Ctrl-C or SIGTERM ends it: every client is told to come back (close code 1012), so a
restart heals by itself. A second one ends it at once. A socket that systemd hands over
is used in place of --listen.";

/// A host or address and a port, not looked up yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListenAddress {
    /// A name, an IPv4 address, or an IPv6 address without its brackets.
    pub host: String,
    /// 0 is any free port.
    pub port: u16,
}

impl Default for ListenAddress {
    /// Reached from this machine only, on the port that Phoenix uses.
    fn default() -> ListenAddress {
        ListenAddress {
            host: "127.0.0.1".to_owned(),
            port: 4000,
        }
    }
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ListenAddress { host, port } = self;
        match host.contains(':') {
            true => write!(f, "[{host}]:{port}"),
            false => write!(f, "{host}:{port}"),
        }
    }
}

const EXPECTED: &str = "expected ADDR:PORT, as in 127.0.0.1:4000 or localhost:4000";

impl FromStr for ListenAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<ListenAddress, String> {
        if let Some((_, rest)) = text.split_once("://") {
            let address = rest.split('/').next().unwrap_or_default();
            return Err(format!("no scheme or path: {address}"));
        }
        if let Ok(port) = text.strip_prefix(':').unwrap_or(text).parse::<u16>() {
            return Err(format!("expected ADDR:PORT, as in 127.0.0.1:{port}"));
        }
        let (host, port) = text.rsplit_once(':').ok_or(EXPECTED)?;
        let port = port
            .parse()
            .map_err(|_| format!("{port:?} is no port (0 to 65535)"))?;
        let inner = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'));
        let host = inner.unwrap_or(host);
        if inner.is_none() && host.parse::<Ipv6Addr>().is_ok() {
            return Err(format!("an IPv6 address goes in brackets: [{host}]:{port}"));
        }
        if host.is_empty() || (inner.is_none() && host.contains(':')) {
            return Err(EXPECTED.to_owned());
        }
        Ok(ListenAddress {
            host: host.to_owned(),
            port,
        })
    }
}

/// How much is logged; each level includes those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogLevel {
    /// Only what an operator has to act on
    Error,
    /// And what may need a look
    Warn,
    /// And what happens to the server as a whole
    Info,
    /// And what happens to single connections, as refused sockets
    Debug,
    /// And everything else
    Trace,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arguments: &[&str]) -> Result<Arguments, clap::Error> {
        Arguments::try_parse_from([&["lobbyd"], arguments].concat())
    }

    #[test]
    fn no_argument_is_needed() {
        let listen = ListenAddress {
            host: "127.0.0.1".into(),
            port: 4000,
        };
        let expected = Arguments {
            listen,
            shards: None,
            log_level: LogLevel::Info,
        };
        assert_eq!(parse(&[]).unwrap(), expected);
    }

    #[test]
    fn an_address_is_a_host_and_a_port() {
        let table = [
            ("0.0.0.0:80", Ok(("0.0.0.0", 80))),
            ("localhost:0", Ok(("localhost", 0))),
            ("[::1]:4000", Ok(("::1", 4000))),
            ("4001", Err("expected ADDR:PORT, as in 127.0.0.1:4001")),
            (":4001", Err("expected ADDR:PORT, as in 127.0.0.1:4001")),
            ("", Err("expected ADDR:PORT")),
            (":http", Err("\"http\" is no port")),
            (
                "http://localhost:4000",
                Err("no scheme or path: localhost:4000"),
            ),
            (
                "ws://[::1]:4000/socket",
                Err("no scheme or path: [::1]:4000"),
            ),
            ("a:b:4000", Err("expected ADDR:PORT")),
            ("localhost", Err("expected ADDR:PORT")),
            ("localhost:http", Err("\"http\" is no port")),
            ("localhost:65536", Err("is no port")),
            ("::1:4000", Err("[::1]:4000")),
        ];
        for (text, expected) in table {
            match (text.parse::<ListenAddress>(), expected) {
                (Ok(address), Ok((host, port))) => {
                    assert_eq!((address.host.as_str(), address.port), (host, port));
                    assert_eq!(address.to_string(), text);
                }
                (Err(error), Err(part)) => assert!(error.contains(part), "{text}: {error}"),
                (parsed, _) => panic!("{text}: {parsed:?}"),
            }
        }
    }

    #[test]
    fn wrong_use_is_exit_code_2_and_help_is_0() {
        for wrong in [
            &["--listen", "4000"][..],
            &["--shards", "0"],
            &["--log-level", "loud"],
            &["x"],
        ] {
            assert_eq!(parse(wrong).unwrap_err().exit_code(), 2, "{wrong:?}");
        }
        for asked in ["--help", "-h", "--version"] {
            assert_eq!(parse(&[asked]).unwrap_err().exit_code(), 0);
        }
    }

    #[test]
    fn a_wrong_count_of_shards_is_told_which_are_right() {
        for wrong in ["0", "1025", "x", "-1", ""] {
            let error = parse(&[&format!("--shards={wrong}")])
                .unwrap_err()
                .to_string();
            assert!(error.contains("a number from 1 to 1024"), "{error}");
        }
        assert_eq!(parse(&["--shards", "1024"]).unwrap().shards, Some(1024));
    }

    #[test]
    fn help_tells_defaults_examples_and_exit_codes() {
        let help = parse(&["--help"]).unwrap_err().to_string();
        for part in [
            "127.0.0.1:4000",
            "Examples:",
            "Exit codes:",
            "one for each CPU core",
            "healthz",
        ] {
            assert!(help.contains(part), "{part} in {help}");
        }
    }
}
