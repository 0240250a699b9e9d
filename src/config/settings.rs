//! The settings as meant: every default filled in, every name looked up.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::num::NonZeroUsize;

use thiserror::Error;
use tracing::level_filters::LevelFilter;

use super::{Arguments, ListenAddress, LogLevel};

/// What lobbyd runs with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Where to listen.
    pub listen: SocketAddr,
    /// How many shards, a thread each.
    pub shards: NonZeroUsize,
    /// What is logged.
    pub log_level: LevelFilter,
}

/// The host of `--listen` has no address.
#[derive(Debug, Error)]
#[error("cannot listen on {address}: the host name has no address ({error})")]
pub struct Unresolvable {
    address: ListenAddress,
    error: io::Error,
}

impl TryFrom<Arguments> for Settings {
    type Error = Unresolvable;

    /// The one conversion from what was typed. Looks the host up, if it is a name.
    fn try_from(arguments: Arguments) -> Result<Settings, Unresolvable> {
        let listen = resolve(&arguments.listen).map_err(|error| Unresolvable {
            address: arguments.listen,
            error,
        })?;
        let shards = arguments
            .shards
            .and_then(|count| NonZeroUsize::new(count.into()));
        let log_level = match arguments.log_level {
            LogLevel::Error => LevelFilter::ERROR,
            LogLevel::Warn => LevelFilter::WARN,
            LogLevel::Info => LevelFilter::INFO,
            LogLevel::Debug => LevelFilter::DEBUG,
            LogLevel::Trace => LevelFilter::TRACE,
        };
        Ok(Settings {
            listen,
            shards: shards.unwrap_or_else(cores),
            log_level,
        })
    }
}

/// One address of the host, an IPv4 one if it has any: `localhost` is then `127.0.0.1` on every machine, which clients
/// that try both reach as well.
fn resolve(listen: &ListenAddress) -> io::Result<SocketAddr> {
    let found = (listen.host.as_str(), listen.port).to_socket_addrs()?;
    let none = || io::Error::new(io::ErrorKind::NotFound, "the lookup found nothing");
    found
        .min_by_key(|address| !address.is_ipv4())
        .ok_or_else(none)
}

/// The cores this process may use (so a container's limit counts); 1 where the system does not say.
fn cores() -> NonZeroUsize {
    std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(listen: &str, shards: Option<u16>) -> Result<Settings, Unresolvable> {
        let listen = listen.parse().unwrap();
        Settings::try_from(Arguments {
            listen,
            shards,
            log_level: LogLevel::Debug,
        })
    }

    #[test]
    fn names_are_looked_up_and_defaults_filled_in() {
        let settings = settings("localhost:4000", None).unwrap();
        assert!(settings.listen.ip().is_loopback());
        assert_eq!((settings.listen.port(), settings.shards), (4000, cores()));
        assert_eq!(settings.log_level, LevelFilter::DEBUG);
    }

    #[test]
    fn what_was_typed_is_kept() {
        let settings = settings("[::1]:0", Some(3)).unwrap();
        assert_eq!(settings.listen, "[::1]:0".parse().unwrap());
        assert_eq!(settings.shards.get(), 3);
    }

    #[test]
    fn a_name_without_address_is_an_error_that_names_it() {
        let error = settings("no such host:1", None).unwrap_err().to_string();
        assert!(
            error.starts_with("cannot listen on no such host:1: "),
            "{error}"
        );
    }
}
