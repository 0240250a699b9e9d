//! The lobbyd binary: arguments, configuration, log, bind, serve, exit code.

mod log;
mod reload;

use std::future::poll_fn;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::task::Poll;

use clap::Parser;
use lobbyd::channel::OriginError;
use lobbyd::config::{
    Arguments, CannotListen, Config, ConfigCommand, Exit, Flags, Given, Problems, Subcommand,
    Unresolvable, complete, effective,
};
use lobbyd::server::{Server, Summary, raise_descriptor_limit};
use thiserror::Error;
use tokio::signal::unix::{Signal, SignalKind, signal};

use log::Log;
use reload::Reload;

/// An idle connection costs less memory with it than with the system's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(wrong) => return refuse(&wrong),
    };
    let done = match arguments.command {
        None => serve(&arguments.flags),
        Some(Subcommand::Config(command)) => configure(command),
    };
    match done {
        Ok(exit) => exit.into(),
        // Places of a file begin their lines, as editors understand them.
        Err(Failure::Misconfigured(problems)) => {
            let _ = writeln!(io::stderr(), "{problems}");
            Exit::Usage.into()
        }
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

/// `lobbyd config …`: what it prints is the answer. Nobody reading it is no failure.
fn configure(command: ConfigCommand) -> Result<Exit, Failure> {
    let text = match command {
        ConfigCommand::Default => complete(),
        ConfigCommand::Show(flags) => effective(&flags.given().read()?),
        ConfigCommand::Check { file } => {
            let read = Given::here(Some(file), Vec::new()).read()?;
            read.config.router()?;
            format!("{read}\n")
        }
    };
    let _ = io::stdout().write_all(text.as_bytes());
    Ok(Exit::Clean)
}

/// Runs until it is asked to end.
fn serve(flags: &Flags) -> Result<Exit, Failure> {
    let given = flags.given();
    let config = given.read()?.config;
    let log = Log::start(config.log_level, config.log_format);
    let open_files = raise_descriptor_limit();
    tracing::debug!(open_files, "limit of open files: one for each connection");
    let address = config.listen.resolve()?;
    let server = Server::new(config.router()?)
        .shards(config.shards().get())
        .limits(config.server_limits())
        .http_limits(config.http_limits())
        .bind(address)
        .map_err(|error| CannotListen { address, error })?;
    let reload = Reload::new(given, config.clone(), server.endpoint(), log);
    announce(server.local_addr(), &config);
    let summary = server
        .run(reload.until(asked_to_end()))
        .map_err(Failure::NoThreads)?;
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

/// Why nothing was started.
#[derive(Debug, Error)]
enum Failure {
    #[error(transparent)]
    Misconfigured(#[from] Problems),
    #[error(transparent)]
    Origin(#[from] OriginError),
    #[error(transparent)]
    Unresolvable(#[from] Unresolvable),
    #[error(transparent)]
    CannotListen(#[from] CannotListen),
    #[error("cannot start the threads that serve: {0}")]
    NoThreads(io::Error),
}

/// The one line of stdout, which tells a script the port that was chosen for it. Nobody reading it is no failure.
fn announce(address: SocketAddr, config: &Config) {
    let version = env!("CARGO_PKG_VERSION");
    let shards = config.shards();
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
