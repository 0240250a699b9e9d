//! Listeners that the starter of lobbyd hands over, by systemd's socket activation.
//!
//! A listener that is always there refuses nobody over a restart.

use std::env;
use std::io;
use std::net::TcpListener;

use listenfd::ListenFd;
use socket2::SockRef;
use thiserror::Error;

/// What was handed over.
#[derive(Debug, Default)]
pub struct InheritedSockets {
    /// For clients, in place of binding an address.
    pub public: Option<TcpListener>,
    /// The one named `admin`.
    pub admin: Option<TcpListener>,
}

/// Why what was handed over is of no use. Binding an address instead would hide that the two
/// disagree.
#[derive(Debug, Error)]
pub enum Unusable {
    /// The variable cannot be read.
    #[error("cannot use what was handed over: LISTEN_FDS={0:?} is no number of sockets")]
    Count(String),
    /// It is something else.
    #[error("cannot use what was handed over: {0}; a TCP socket that listens was expected")]
    NoListener(io::Error),
    /// There are too many.
    #[error(
        "cannot use what was handed over: more than one socket is named {0:?}; expected one for clients, and at most \
         one more, named \"admin\" (LISTEN_FDNAMES)"
    )]
    TooMany(String),
}

impl InheritedSockets {
    /// Takes them over, by `LISTEN_FDS`, `LISTEN_PID` and `LISTEN_FDNAMES`, and removes the first
    /// two. To be called before there are threads.
    pub fn from_environment() -> Result<InheritedSockets, Unusable> {
        if let Ok(count) = env::var("LISTEN_FDS")
            && count.parse::<u16>().is_err()
        {
            return Err(Unusable::Count(count));
        }
        let names = env::var("LISTEN_FDNAMES").unwrap_or_default();
        let mut names = names.split(':');
        let mut handed_over = ListenFd::from_env();
        let mut inherited = InheritedSockets::default();
        for index in 0..handed_over.len() {
            let name = names.next().unwrap_or_default();
            let place = match name {
                "admin" => &mut inherited.admin,
                _ => &mut inherited.public,
            };
            let listener = handed_over
                .take_tcp_listener(index)
                .and_then(|socket| socket.map(listening).transpose())
                .map_err(Unusable::NoListener)?;
            if std::mem::replace(place, listener).is_some() {
                return Err(Unusable::TooMany(name.to_owned()));
            }
        }
        Ok(inherited)
    }
}

/// The same, if it listens: a socket that does not would be accepted from in vain, for ever.
fn listening(socket: TcpListener) -> io::Result<TcpListener> {
    match SockRef::from(&socket).is_listener()? {
        true => Ok(socket),
        false => Err(io::Error::other("the socket does not listen")),
    }
}
