//! The lobbyd binary: arguments, settings, log, bind, serve, exit code.

use std::io::{self, IsTerminal, Write};
use std::net::SocketAddr;
use std::process::ExitCode;

use clap::Parser;
use lobbyd::config::{Arguments, CannotListen, Exit, Settings, Unresolvable};
use lobbyd::rooms::RoomChannel;
use lobbyd::server::{self, Ended, Server};
use lobbyd::{Router, UserSocket};
use thiserror::Error;
use tracing::level_filters::LevelFilter;

/// An idle connection costs less memory with it than with the system's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match serve(arguments) {
        Ok(exit) => exit.into(),
        Err(failure) => {
            let _ = writeln!(io::stderr(), "lobbyd: {failure}");
            failure.exit().into()
        }
    }
}

/// Runs until it is asked to end.
fn serve(arguments: Arguments) -> Result<Exit, Failure> {
    let settings = Settings::try_from(arguments)?;
    start_log(settings.log_level);
    let address = settings.listen;
    let server = Server::new(router())
        .shards(settings.shards)
        .bind(address)
        .map_err(|error| CannotListen { address, error })?;
    announce(server.local_addr(), &settings);
    Ok(match server.run(server::shutdown_signal()) {
        Ended { cut_off: 0 } => Exit::Clean,
        Ended { .. } => Exit::CutOff,
    })
}

/// What lobbyd serves when it is not used as a library.
fn router() -> Router {
    Router::new().socket("/socket", UserSocket::new().channel("room:*", RoomChannel))
}

/// Why nothing was started.
#[derive(Debug, Error)]
#[error(transparent)]
enum Failure {
    Unresolvable(#[from] Unresolvable),
    CannotListen(#[from] CannotListen),
}

impl Failure {
    fn exit(&self) -> Exit {
        match self {
            Failure::Unresolvable(_) | Failure::CannotListen(_) => Exit::CannotListen,
        }
    }
}

/// To stderr, in colour if that is a terminal.
fn start_log(level: LevelFilter) {
    let log = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(io::stderr);
    log.with_ansi(io::stderr().is_terminal()).init();
}

/// The one line of stdout, which tells a script the port that was chosen for it. Nobody reading it is no failure.
fn announce(address: SocketAddr, settings: &Settings) {
    let version = env!("CARGO_PKG_VERSION");
    let shards = settings.shards;
    let url = match address.ip().is_unspecified() {
        true => format!(
            "http://localhost:{}/ and every address of this machine",
            address.port()
        ),
        false => format!("http://{address}/"),
    };
    let plural = if shards.get() == 1 { "" } else { "s" };
    let _ = writeln!(
        io::stdout(),
        "lobbyd {version} listens on {url} with {shards} shard{plural}"
    );
}
