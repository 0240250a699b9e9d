//! The configuration as data, over the library's own structs, so that a default stands once.

use ipnet::IpNet;

use super::address::ListenAddress;
use super::form::SocketPath;
use super::lists::Origins;
use super::log_values::{LogFormat, LogLevel};
use super::room::RoomConfig;
use crate::rooms::tutorial;
use crate::server::ServerLimits;

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
    /// The limits, those of the one mount among them, and the times of the server.
    pub limits: ServerLimits,
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
            limits: ServerLimits::default(),
            rooms: tutorial().into_iter().map(RoomConfig::from).collect(),
        }
    }
}
