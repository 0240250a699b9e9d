//! The configuration as data, in the library's own structs, so that each default is defined once.

use ipnet::IpNet;

use super::address::ListenAddress;
use super::auth::auth_values::AuthConfig;
use super::auth::loaded_tokens::LoadedTokens;
use super::form::SocketPath;
use super::lists::Origins;
use super::log_values::{LogFormat, LogLevel};
use super::room::RoomConfig;
use crate::rooms::tutorial;
use crate::server::ServerLimits;

/// All values that can be set. [`Default`] has the values that run without any file.
#[derive(Clone, Debug)]
pub struct Config {
    /// The address where clients connect.
    pub listen: ListenAddress,
    /// The address of the pages for operators. None: these pages have no address of their own.
    pub admin_listen: Option<ListenAddress>,
    /// The number of shards. None: one for each core.
    pub shards: Option<u16>,
    /// Whether the chat page is served.
    pub static_files: bool,
    /// The networks of proxies whose word on a client's address is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Whether the trusted proxies begin each connection with a PROXY header.
    pub proxy_protocol: bool,
    /// The path where the socket is mounted.
    pub socket_path: SocketPath,
    /// The web pages that may connect.
    pub origins: Origins,
    /// The least important level that is logged.
    pub log_level: LogLevel,
    /// The form in which the log is written.
    pub log_format: LogFormat,
    /// The number of rooms that have metrics of their own.
    pub rooms_top: usize,
    /// The limits of the server and of its one mount, and the times of the server.
    pub limits: ServerLimits,
    /// Who signs tokens, where they arrive, and what their end does.
    pub auth: AuthConfig,
    /// What `auth` came to, with the secrets and keys that were read. None without it.
    pub tokens: Option<LoadedTokens>,
    /// The number of background threads. None: one for each core, at most 4.
    pub background_threads: Option<u16>,
    /// By how much they stand back.
    pub background_nice: u16,
    /// The rooms; a topic belongs to the first room that matches it.
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
            auth: AuthConfig::default(),
            tokens: None,
            background_threads: None,
            background_nice: 10,
            rooms: tutorial().into_iter().map(RoomConfig::from).collect(),
        }
    }
}
