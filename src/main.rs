//! The lobbyd binary: arguments, settings, log, bind, serve, exit code.

mod inherited;
mod orders;
mod service;

use std::io::{self, IsTerminal, Write};
use std::net::SocketAddr;
use std::process::ExitCode;

use clap::Parser;
use inherited::{Inherited, Unusable};
use lobbyd::config::{Arguments, CannotListen, Exit, Settings, Unresolvable};
use lobbyd::rooms::{declare, tutorial};
use lobbyd::server::{Bound, Server, Summary, raise_descriptor_limit};
use lobbyd::{Router, UserSocket};
use orders::{asked_again, asked_to_end};
use service::Service;
use thiserror::Error;
use tracing::level_filters::LevelFilter;

/// An idle connection costs less memory with it than with the system's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(wrong) => return refuse(&wrong),
    };
    match serve(arguments) {
        Ok(exit) => exit.into(),
        Err(failure) => {
            let _ = writeln!(io::stderr(), "lobbyd: {failure}");
            Exit::CannotStart.into()
        }
    }
}

/// Help and version go to stdout as they are, wrong use to stderr as one line.
fn refuse(wrong: &clap::Error) -> ExitCode {
    if !wrong.use_stderr() {
        let _ = wrong.print();
        return Exit::Clean.into();
    }
    let text = wrong.to_string();
    let parts = ["error: ", "  tip: ", "  ["];
    let told = |line: &&str| parts.iter().any(|part| line.starts_with(part));
    let told: Vec<&str> = text.lines().filter(told).map(str::trim_start).collect();
    let line = told.join("; ").replacen("error: ", "", 1);
    let _ = writeln!(io::stderr(), "lobbyd: {line} (--help tells more)");
    Exit::Usage.into()
}

/// Runs until it is asked to end.
fn serve(arguments: Arguments) -> Result<Exit, Failure> {
    // First, while there is but one thread: it takes variables out of the environment.
    let inherited = Inherited::from_environment()?;
    let settings = Settings::try_from(arguments)?;
    start_log(settings.log_level);
    let open_files = raise_descriptor_limit();
    tracing::debug!(open_files, "limit of open files: one for each connection");
    let server = Server::new(router()).shards(settings.shards.get());
    let how = inherited
        .public
        .as_ref()
        .map(|_| ", on a socket that was handed over");
    let server = listen(server, inherited, settings.listen)?;
    announce(server.local_addr(), &settings, how.unwrap_or_default());
    let (service, endpoint) = (Service::from_environment(), server.endpoint());
    let end = asked_to_end(&service, &endpoint);
    let cut = asked_again(&service, &endpoint);
    Ok(
        match server.run_until(end, cut).map_err(Failure::NoThreads)? {
            Summary { cut_off: 0 } => {
                tracing::info!("ended; every client was told to come back");
                Exit::Clean
            }
            Summary { cut_off } => {
                tracing::warn!(
                    cut_off,
                    "ended; connections were cut off before their clients took the Close"
                );
                Exit::CutOff
            }
        },
    )
}

/// At the socket that was handed over, if there is one; else at `address`.
fn listen(server: Server, inherited: Inherited, address: SocketAddr) -> Result<Bound, Failure> {
    if inherited.admin.is_some() {
        tracing::warn!("the socket named \"admin\" is not used");
    }
    let Some(listener) = inherited.public else {
        let bound = server.bind(address);
        return Ok(bound.map_err(|error| CannotListen { address, error })?);
    };
    let bound = server.listen_on(listener).map_err(Unusable::NoListener)?;
    tracing::info!(address = %bound.local_addr(), not_bound = %address, "listening on a socket that was handed over");
    Ok(bound)
}

/// What lobbyd serves when it is not used as a library.
fn router() -> Router {
    Router::new().socket("/socket", declare(UserSocket::new(), tutorial()))
}

/// Why nothing was started.
#[derive(Debug, Error)]
enum Failure {
    #[error(transparent)]
    Unresolvable(#[from] Unresolvable),
    #[error(transparent)]
    CannotListen(#[from] CannotListen),
    #[error(transparent)]
    Unusable(#[from] Unusable),
    #[error("cannot start the threads that serve: {0}")]
    NoThreads(io::Error),
}

/// To stderr, in colour if that is a terminal.
fn start_log(level: LevelFilter) {
    let log = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(io::stderr);
    log.with_ansi(io::stderr().is_terminal()).init();
}

/// The one line of stdout, which tells a script the port that was chosen for it. Nobody reading it is no failure.
fn announce(address: SocketAddr, settings: &Settings, how: &str) {
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
        "lobbyd {version} listens on {url} with {shards} shard{plural}{how}"
    );
}
