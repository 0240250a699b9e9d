//! The exit codes of the program, and the line that it prints when it cannot listen.

use std::io;
use std::net::SocketAddr;
use std::process::ExitCode;

use thiserror::Error;

/// The exit codes of the lobbyd binary. They are part of its interface: scripts and service
/// managers read them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// 0: lobbyd was asked to end, and every client got the Close that has it reconnect.
    Clean,
    /// 1: lobbyd was asked to end, and some connections were cut off. Their clients did not take
    /// the Close in time, or a second signal came.
    CutOff,
    /// 1 as well, of `lobbyd token explain`: the token is refused.
    Refused,
    /// 2: wrong arguments, or a wrong configuration.
    Usage,
    /// 3: nothing was served. A host has no address, an address could not be listened on, threads
    /// could not be started, or the sockets that were handed over cannot be used.
    CannotStart,
}

impl Exit {
    const ALL: [Exit; 4] = [Exit::Clean, Exit::CutOff, Exit::Usage, Exit::CannotStart];

    /// Returns the number that a shell sees.
    pub fn code(self) -> u8 {
        match self {
            Exit::Clean => 0,
            Exit::CutOff | Exit::Refused => 1,
            Exit::Usage => 2,
            Exit::CannotStart => 3,
        }
    }

    fn meaning(self) -> &'static str {
        match self {
            Exit::Clean => {
                "clean shutdown; every client was asked to reconnect; token explain: taken"
            }
            Exit::CutOff => {
                "shutdown, but some clients did not take their Close in time; token explain: refused"
            }
            Exit::Refused => "the token is refused",
            Exit::Usage => "wrong arguments or configuration",
            Exit::CannotStart => {
                "could not start: port in use, no such address or host, no permission, no listener handed over"
            }
        }
    }

    /// Returns the table of exit codes for `--help`.
    pub fn help() -> String {
        let lines = Exit::ALL.map(|exit| format!("\n  {}  {}", exit.code(), exit.meaning()));
        format!("Exit codes:{}", lines.concat())
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit.code())
    }
}

/// The error that an address cannot be listened on, with a hint at what to try instead if there is
/// one.
#[derive(Debug, Error)]
#[error("cannot listen on {address}: {}", self.reason())]
pub struct CannotListen {
    /// The address that could not be listened on.
    pub address: SocketAddr,
    /// The flag that sets the address.
    pub flag: &'static str,
    /// The error of the system.
    pub error: io::Error,
}

impl CannotListen {
    fn reason(&self) -> String {
        let ip = match self.address {
            SocketAddr::V4(address) => address.ip().to_string(),
            SocketAddr::V6(address) => format!("[{}]", address.ip()),
        };
        let flag = self.flag;
        match self.error.kind() {
            io::ErrorKind::AddrInUse => {
                format!(
                    "the port is already in use (another lobbyd? try {flag} {ip}:0 for any free port)"
                )
            }
            io::ErrorKind::AddrNotAvailable => {
                "this machine has no such address (try 127.0.0.1, or 0.0.0.0 for all it has)"
                    .to_owned()
            }
            io::ErrorKind::PermissionDenied => {
                let port = 4000 + self.address.port() % 1024;
                format!("not permitted (ports below 1024 are reserved; try {flag} {ip}:{port})")
            }
            _ => self.error.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn address_that_cannot_be_listened_on_gets_one_line_with_a_hint() {
        let line = |address: &str, kind: io::ErrorKind| {
            CannotListen {
                address: address.parse().unwrap(),
                flag: "--listen",
                error: kind.into(),
            }
            .to_string()
        };
        let in_use = "cannot listen on 127.0.0.1:4000: the port is already in use \
            (another lobbyd? try --listen 127.0.0.1:0 for any free port)";
        assert_eq!(line("127.0.0.1:4000", io::ErrorKind::AddrInUse), in_use);
        assert!(line("[::1]:80", io::ErrorKind::PermissionDenied).contains("--listen [::1]:4080"));
        assert!(line("10.9.8.7:80", io::ErrorKind::AddrNotAvailable).contains("no such address"));
        assert!(line("10.9.8.7:80", io::ErrorKind::OutOfMemory).contains("out of memory"));
    }

    #[test]
    fn exit_codes_are_all_in_the_help() {
        let help = Exit::help();
        for (index, exit) in Exit::ALL.into_iter().enumerate() {
            assert_eq!(usize::from(exit.code()), index);
            assert!(help.contains(&format!("\n  {index}  {}", exit.meaning())));
        }
    }
}
