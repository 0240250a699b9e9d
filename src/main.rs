//! The lobbyd binary: arguments, settings, log, bind, serve, exit code.

use std::future::poll_fn;
use std::io::{self, IsTerminal, Write};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::task::Poll;

use clap::Parser;
use lobbyd::config::{Arguments, CannotListen, Exit, Settings, Unresolvable};
use lobbyd::rooms::{declare, tutorial};
use lobbyd::server::{Server, Summary, raise_descriptor_limit};
use lobbyd::{Router, UserSocket};
use thiserror::Error;
use tokio::signal::unix::{Signal, SignalKind, signal};
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
    let settings = Settings::try_from(arguments)?;
    start_log(settings.log_level);
    let open_files = raise_descriptor_limit();
    tracing::debug!(open_files, "limit of open files: one for each connection");
    let address = settings.listen;
    let server = Server::new(router())
        .shards(settings.shards.get())
        .bind(address)
        .map_err(|error| CannotListen { address, error })?;
    announce(server.local_addr(), &settings);
    let summary = server.run(asked_to_end()).map_err(Failure::NoThreads)?;
    Ok(match summary {
        Summary { cut_off: 0 } => Exit::Clean,
        Summary { cut_off } => {
            tracing::warn!(
                cut_off,
                "connections were cut off: their clients did not take the Close in time"
            );
            Exit::CutOff
        }
    })
}

/// Ready at the first Ctrl-C or SIGTERM.
async fn asked_to_end() {
    let signals = [SignalKind::interrupt(), SignalKind::terminate()].map(signal);
    let mut signals: Vec<Signal> = signals.into_iter().flatten().collect();
    if signals.len() < 2 {
        tracing::error!(
            "cannot listen to all signals; the others end lobbyd without closing connections"
        );
    }
    poll_fn(|cx| {
        let came = |signal: &mut Signal| signal.poll_recv(cx).is_ready();
        if signals.iter_mut().any(came) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
    .await;
    tracing::info!("asked to end; closing connections");
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
