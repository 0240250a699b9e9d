//! Flags of all scenarios: the server, the messages, the lengths of time, the files of the result.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::Args;

use super::objective::{NAMES, Slo};
use crate::load::wire::phoenix::Version;
use crate::observe::host::{Cores, CoresError};

/// Flags of every scenario.
#[derive(Clone, Debug, Args)]
pub struct Common {
    /// The server's WebSocket, with the /websocket that phoenix.js appends by itself
    #[arg(long, value_name = "URL", default_value = Common::URL, help_heading = SERVER)]
    pub url: String,

    /// The version of the protocol: 2.0.0 (or 2) or 1.0.0 (or 1)
    #[arg(long, value_name = "VERSION", default_value_t = Version::V2, help_heading = SERVER)]
    pub vsn: Version,

    /// A parameter of the socket, as in --param token=abc or token=@FILE; may be repeated
    ///
    /// With @FILE the first client takes the first line of the file, the second client the second
    /// line, and so on. A file with fewer lines than clients is an error. A value that begins with
    /// @ is written with @@.
    #[arg(long, value_name = "NAME=VALUE|@FILE", value_parser = param, help_heading = SERVER)]
    pub param: Vec<Param>,

    /// A header of the upgrade request, as in --header 'Origin: http://localhost'; may be repeated
    ///
    /// A Host takes the place of that of the URL. Headers of the handshake itself are refused.
    #[arg(long, value_name = "NAME: VALUE", value_parser = header, help_heading = SERVER)]
    pub header: Vec<String>,

    /// The token that phoenix.js 1.8 sends as authToken, in Sec-WebSocket-Protocol
    ///
    /// @FILE has a line for each client, as for --param.
    #[arg(long, value_name = "TOKEN|@FILE", value_parser = source, help_heading = SERVER)]
    pub auth_token: Option<Source>,

    /// A CSV file with a row for each client, and the names of the columns in its first row
    ///
    /// {name} is then replaced by the client's value in --param, --header, --auth-token, --topic,
    /// --join-payload and --payload. Values are percent-encoded in parameters, and escaped in JSON.
    /// Clients whose rows make the same --topic are a lobby. A name that no column has is an error,
    /// and so is a file with fewer rows than clients.
    #[arg(long, value_name = "FILE.csv", verbatim_doc_comment, help_heading = SERVER)]
    pub clients_file: Option<PathBuf>,

    /// Let clients behind the last row or line begin again with the first
    #[arg(long, help_heading = SERVER)]
    pub reuse_rows: bool,

    /// Start the server with this command, and stop it at the end
    ///
    /// The run begins when the server's port answers. The CPU and memory of the command and of all
    /// processes that it starts are read.
    #[arg(long, value_name = "COMMAND", conflicts_with = "pid", help_heading = SERVER)]
    pub spawn: Option<String>,

    /// Read CPU and memory of the server with this process id
    #[arg(long, value_name = "PID", help_heading = SERVER)]
    pub pid: Option<u32>,

    /// Bind a spawned server to these cores, as in 0 or 0-2,5
    ///
    /// Without this flag a spawned server gets all cores but the last, which is the load's, if
    /// there are at least two cores. --server-cores all binds nothing.
    #[arg(long, value_name = "CORES", help_heading = SERVER)]
    pub server_cores: Option<Bind>,

    /// Bind the load to these cores
    #[arg(long, value_name = "CORES", help_heading = SERVER)]
    pub load_cores: Option<Bind>,

    /// The topic that clients join; {lobby} is the lobby's number, from 0
    #[arg(long, value_name = "TOPIC", default_value = "room:lobby", help_heading = WORDS)]
    pub topic: String,

    /// The payload of joins; {lobby} is the lobby's number, from 0
    #[arg(long, value_name = "JSON", default_value = "{}", help_heading = WORDS)]
    pub join_payload: String,

    /// Connections opened in a second [default: no limit]
    #[arg(long, value_name = "N", value_parser = rate, help_heading = RUN)]
    pub connect_rate: Option<f64>,

    /// Most connections that may be opening or joining at once [default: 128; in joins all]
    #[arg(long, value_name = "N", help_heading = RUN)]
    pub connecting_max: Option<AtLeastOne>,

    /// Longest time from the connect of a connection to the reply to its join
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = length, help_heading = RUN)]
    pub connect_timeout: Duration,

    /// Time from one heartbeat of a connection to its next
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = length, help_heading = RUN)]
    pub heartbeat: Duration,

    /// Seed of random choices, to repeat a run [default: random, and shown in the result]
    #[arg(long, value_name = "N", help_heading = RUN)]
    pub seed: Option<u64>,

    /// An objective that must hold, as in --slo p99=20ms; may be repeated
    #[arg(long, value_name = "NAME=LIMIT", help_heading = RESULT, long_help = slo_help())]
    pub slo: Vec<Slo>,

    /// Write the result as JSON (loadtest/schema.json describes it)
    #[arg(long, value_name = "FILE.json", help_heading = RESULT)]
    pub json: Option<PathBuf>,

    /// Write the result as an HTML page with plots
    #[arg(long, value_name = "FILE.html", help_heading = RESULT)]
    pub report: Option<PathBuf>,

    /// Show no progress, only the result
    #[arg(long, short, help_heading = RESULT)]
    pub quiet: bool,
}

impl Common {
    /// The URL of the server if no flag gives another.
    pub const URL: &str = "ws://127.0.0.1:4000/socket/websocket";
}

const SERVER: &str = "The server";
const WORDS: &str = "What is said";
const RUN: &str = "The run";
const RESULT: &str = "The result";

fn slo_help() -> String {
    format!("An objective that must hold, as in --slo p99=20ms; may be repeated\n\nNames: {NAMES}")
}

/// Flags of every scenario in which messages flow.
#[derive(Clone, Debug, Args)]
pub struct Messages {
    /// The event of pushes; the server must broadcast each one's text to the topic, under any event
    #[arg(long, value_name = "EVENT", default_value = "new_msg", help_heading = WORDS)]
    pub event: String,

    /// The payload of pushes; {body} is replaced by the message's number, its time, and filler
    #[arg(long, value_name = "JSON", default_value = r#"{"body":"{body}"}"#, help_heading = WORDS)]
    pub payload: String,

    /// Bytes that replace {body}, at least 38
    #[arg(long, value_name = "N", default_value_t = AtLeastOne(64), help_heading = WORDS)]
    pub bytes: AtLeastOne,

    /// How long to measure
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = length, help_heading = RUN)]
    pub duration: Duration,

    /// How long to run before the measured time; these deliveries are checked, but not measured
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = time, help_heading = RUN)]
    pub warmup: Duration,

    /// How long to wait for a delivery before it counts as missing
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = time, help_heading = RUN)]
    pub settle: Duration,
}

impl Default for Messages {
    /// The values that the flags have if none is given.
    fn default() -> Messages {
        #[derive(clap::Parser)]
        struct Alone {
            #[command(flatten)]
            messages: Messages,
        }
        let none: [&str; 0] = [];
        <Alone as clap::Parser>::parse_from(none).messages
    }
}

/// A count of at least one. Its digits may be parted by underscores, as in 10_000, or commas.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AtLeastOne(pub u32);

impl FromStr for AtLeastOne {
    type Err = String;

    fn from_str(text: &str) -> Result<AtLeastOne, String> {
        match digits(text).parse() {
            Ok(0) | Err(_) => Err("a number of at least 1 is expected".to_owned()),
            Ok(count) => Ok(AtLeastOne(count)),
        }
    }
}

/// Returns a number without the underscores and commas that part its digits.
fn digits(text: &str) -> String {
    text.replace(['_', ','], "")
}

impl std::fmt::Display for AtLeastOne {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// A list of cores to bind a process to; `None`, typed "all", binds it to none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bind(pub Option<Cores>);

impl FromStr for Bind {
    type Err = CoresError;

    fn from_str(text: &str) -> Result<Bind, CoresError> {
        match text {
            "all" => Ok(Bind(None)),
            list => list.parse().map(Some).map(Bind),
        }
    }
}

/// A name and its value, as in `--param`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Param {
    /// The name of the parameter.
    pub name: String,
    /// The value, or the file that has one for each client.
    pub source: Source,
}

fn param(text: &str) -> Result<Param, String> {
    let (name, value) = text
        .split_once('=')
        .ok_or("expected NAME=VALUE, as in token=abc")?;
    Ok(Param {
        name: name.to_owned(),
        source: source(value)?,
    })
}

/// A value that was typed, or a file with a line for each client.
#[derive(Clone, PartialEq, Eq)]
pub enum Source {
    /// The value.
    Text(String),
    /// The file.
    Lines(PathBuf),
}

fn source(text: &str) -> Result<Source, String> {
    match text.strip_prefix('@') {
        Some(value) if value.starts_with('@') => Ok(Source::Text(value.to_owned())),
        Some("") => Err("a file is expected behind @; @@ is an @ itself".to_owned()),
        Some(file) => Ok(Source::Lines(file.into())),
        None => Ok(Source::Text(text.to_owned())),
    }
}

impl Source {
    /// Returns the value as it is typed.
    pub fn typed(&self) -> String {
        match self {
            Source::Text(value) if value.starts_with('@') => format!("@{value}"),
            Source::Text(value) => value.clone(),
            Source::Lines(file) => format!("@{}", file.display()),
        }
    }
}

impl std::fmt::Debug for Source {
    /// A value may be a secret, so only a file is shown.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Source::Text(_) => f.write_str("…"),
            Source::Lines(file) => write!(f, "@{}", file.display()),
        }
    }
}

/// Headers by which the load test upgrades a connection and reads the answer, in lower case.
const OF_THE_HANDSHAKE: [&str; 8] = [
    "connection",
    "upgrade",
    "sec-websocket-key",
    "sec-websocket-version",
    "sec-websocket-extensions",
    "sec-websocket-accept",
    "content-length",
    "transfer-encoding",
];

fn header(text: &str) -> Result<String, String> {
    let name = text.split_once(':').map(|(name, _)| name);
    let reserved = name.map(str::to_ascii_lowercase).unwrap_or_default();
    if OF_THE_HANDSHAKE.contains(&reserved.as_str()) {
        return Err("the load test sends this header itself, as its handshake needs it".to_owned());
    }
    let fits = |byte: u8| byte.is_ascii_graphic() && !b"{}".contains(&byte);
    let is_name = |name: &str| !name.is_empty() && name.bytes().all(fits);
    match name {
        Some(name) if is_name(name) && !text.contains(['\r', '\n']) => Ok(text.to_owned()),
        _ => Err("expected 'Name: value', as in 'Origin: http://localhost'".to_owned()),
    }
}

/// Parses a time longer than zero.
pub(super) fn length(text: &str) -> Result<Duration, String> {
    time(text).and_then(|time| match time.is_zero() {
        true => Err("a time of more than 0 is expected".to_owned()),
        false => Ok(time),
    })
}

pub(super) fn time(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text)
        .map_err(|error| format!("{error}; expected a time as in 10s, 1m30s or 500ms"))
}

/// Parses a rate in events per second, from 0.01 to 100,000,000. These bounds keep the time between
/// two events from being zero or endless.
pub(super) fn rate(text: &str) -> Result<f64, String> {
    let rate = digits(text)
        .parse()
        .ok()
        .filter(|rate| (0.01..=100e6).contains(rate));
    rate.ok_or_else(|| "a number from 0.01 to 100,000,000 is expected".to_owned())
}
