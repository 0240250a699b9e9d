//! The configuration as data: the library's own structs, so that a default stands once, and what only the program has.

use ipnet::IpNet;

use super::address::ListenAddress;
use super::form::{Mode, SocketPath};
use super::lists::Origins;
use super::log_values::{LogFormat, LogLevel};
use super::room::{EventConfig, JoinRule, Relay, RoomConfig};
use crate::channel::SocketLimits;
use crate::channel::UserSocket;
use crate::server::{HttpLimits, Limit, ServerLimits};

/// Everything that can be set. [`Default`] is what runs without any file.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where clients connect.
    pub listen: ListenAddress,
    /// Where operators look; None: nowhere of its own.
    pub admin_listen: Option<ListenAddress>,
    /// None: one for each core.
    pub shards: Option<u16>,
    /// Whether the chat page is served.
    pub static_files: bool,
    /// Whose word on a client's address is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Whether those proxies begin each connection with a PROXY header.
    pub proxy_protocol: bool,
    /// Where the socket is mounted.
    pub socket_path: SocketPath,
    /// Which web pages may connect.
    pub origins: Origins,
    /// What is logged.
    pub log_level: LogLevel,
    /// In which form.
    pub log_format: LogFormat,
    /// How many rooms have metrics of their own.
    pub rooms_top: usize,
    /// The limits of the server. Which of them are observed, `modes` says.
    pub server: ServerLimits,
    /// The limits of a connection in HTTP.
    pub http: HttpLimits,
    /// The limits of a connection to the socket.
    pub socket: SocketLimits,
    /// Topics joined at once on a connection.
    pub channels_max: usize,
    /// Whether each limit bites, in the order of [`Limit::ALL`].
    pub modes: Vec<Mode>,
    /// The rooms; the first whose topic matches is taken.
    pub rooms: Vec<RoomConfig>,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            listen: ListenAddress::default(),
            admin_listen: None,
            shards: None,
            static_files: true,
            trusted_proxies: Vec::new(),
            proxy_protocol: false,
            socket_path: SocketPath("/socket".to_owned()),
            origins: Origins::OwnHost,
            log_level: LogLevel::Info,
            log_format: LogFormat::Text,
            rooms_top: 10,
            server: ServerLimits::default(),
            http: HttpLimits::default(),
            socket: SocketLimits::default(),
            channels_max: UserSocket::new().session.channels_max,
            modes: vec![Mode::Enforce; Limit::ALL.len()],
            rooms: tutorial(),
        }
    }
}

/// The room of Phoenix's tutorial: open to everybody, and the only one.
fn tutorial() -> Vec<RoomConfig> {
    let new_msg = EventConfig {
        name: "new_msg".to_owned(),
        relay: Relay::Fields(vec!["body".to_owned()]),
        ..EventConfig::default()
    };
    let lobby = RoomConfig {
        topic: "room:lobby".to_owned(),
        events: vec![new_msg],
        ..RoomConfig::default()
    };
    let others = RoomConfig {
        topic: "room:*".to_owned(),
        join: JoinRule::Deny,
        reason: Some("authorized".to_owned()),
        ..RoomConfig::default()
    };
    vec![lobby, others]
}
