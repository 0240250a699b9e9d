//! Listeners that the starter of lobbyd hands over, by systemd's socket activation.
//!
//! The starter keeps such a listener open over a restart of lobbyd, so no client is refused then.

use std::env;
use std::io;
use std::net::TcpListener;

use listenfd::ListenFd;
use socket2::SockRef;
use thiserror::Error;

use super::environment::value_of;

/// The listeners that were handed over.
#[derive(Debug, Default)]
pub struct InheritedSockets {
    /// The listener for clients, in place of one that lobbyd binds.
    pub public: Option<TcpListener>,
    /// The listener for operators, which has the name `admin`.
    pub admin: Option<TcpListener>,
}

/// The reason why the sockets that were handed over cannot be used. Binding an address instead
/// would hide that starter and lobbyd disagree.
#[derive(Debug, Error)]
pub enum Unusable {
    /// The variable `LISTEN_FDS` is no number.
    #[error("cannot use what was handed over: LISTEN_FDS={0:?} is no number of sockets")]
    Count(String),
    /// The variable `LISTEN_PID` is no number. Taken for another process's, it would have lobbyd
    /// bind an address instead.
    #[error("cannot use what was handed over: LISTEN_PID={0:?} is no number of a process")]
    Pid(String),
    /// A socket is not a TCP socket that listens.
    #[error("cannot use what was handed over: {0}; a TCP socket that listens was expected")]
    NoListener(io::Error),
    /// There is more than one socket for clients, or more than one for operators.
    #[error(
        "cannot use what was handed over: there is more than one socket for {0}; expected one for clients, and at most \
         one more, named \"admin\" (LISTEN_FDNAMES)"
    )]
    TooMany(&'static str),
}

impl InheritedSockets {
    /// Takes the sockets over, by `LISTEN_FDS`, `LISTEN_PID` and `LISTEN_FDNAMES`, and removes the
    /// first two variables. To be called before there are threads, because it changes the
    /// environment.
    pub fn from_environment() -> Result<InheritedSockets, Unusable> {
        if let Some(count) = value_of("LISTEN_FDS") {
            let count = count.to_string_lossy().into_owned();
            if count.parse::<u16>().is_err() {
                return Err(Unusable::Count(count));
            }
            let pid = env::var_os("LISTEN_PID").unwrap_or_default();
            if !pid.is_empty() && pid.to_str().is_none_or(|pid| pid.parse::<u32>().is_err()) {
                return Err(Unusable::Pid(pid.to_string_lossy().into_owned()));
            }
        }
        let names = value_of("LISTEN_FDNAMES").unwrap_or_default();
        let names = names.to_string_lossy();
        // The `\r` that ends a line of Windows belongs to no name: an admin listener is not to be
        // taken for that of clients.
        let mut names = names.strip_suffix('\r').unwrap_or(&names).split(':');
        let mut handed_over = ListenFd::from_env();
        let mut inherited = InheritedSockets::default();
        for index in 0..handed_over.len() {
            let name = names.next().unwrap_or_default();
            let (place, whose) = match name {
                "admin" => (&mut inherited.admin, "the admin listener"),
                _ => (&mut inherited.public, "clients"),
            };
            let listener = handed_over
                .take_tcp_listener(index)
                .and_then(|socket| socket.map(listening).transpose())
                .map_err(Unusable::NoListener)?;
            if std::mem::replace(place, listener).is_some() {
                return Err(Unusable::TooMany(whose));
            }
        }
        Ok(inherited)
    }
}

/// Returns `socket` if it listens. Accepting from any other socket would fail for ever.
fn listening(socket: TcpListener) -> io::Result<TcpListener> {
    match SockRef::from(&socket).is_listener()? {
        true => Ok(socket),
        false => Err(io::Error::other("the socket does not listen")),
    }
}
