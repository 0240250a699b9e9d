//! The lobbyd binary: arguments, configuration, log, bind, serve, exit code.

mod program;

use std::io::{self, Write};
use std::net::TcpListener;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use clap::Args;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use lobbyd::channel::OriginError;
use lobbyd::config::{
    Arguments, Config, ConfigCommand, Flags, Given, ListenAddress, Problems, Subcommand,
    TokenCommand, Unresolvable, complete, effective,
};
use lobbyd::credentials::TooManyRevocations;
use lobbyd::server::{Bound, LogEnd, LogWriter, Server, raise_descriptor_limit};
use program::{
    CannotListen, Exit, InheritedSockets, Logger, ReloadOnSighup, ServiceManager, Signals,
    TokenError, Unusable, WrongFilter, announce_issuers, asked_again, asked_to_end, explain_token,
    revoke, sign_token, warn_of,
};
use thiserror::Error;

/// The allocator. An idle connection costs less memory with mimalloc than with the system's
/// allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // Nothing that is written from here on waits for a reader, and neither does the end, for longer
    // than a second.
    let _log = LogEnd::default();
    let arguments = match Arguments::of_process(&Exit::help()) {
        Ok(arguments) => arguments,
        Err(wrong) => return refuse(&wrong),
    };
    let done = match arguments.command {
        None => serve(&arguments.flags),
        Some(Subcommand::Config(command)) => configure(command),
        Some(Subcommand::Token(command)) => look_at_token(&command),
    };
    match done {
        Ok(exit) => exit.into(),
        // The line of a problem begins with its place: `FILE:LINE`, which editors understand, a
        // flag or a variable. So `lobbyd:` does not stand in front.
        Err(
            CannotServe::Misconfigured(problems)
            | CannotServe::Token(TokenError::Misconfigured(problems)),
        ) => {
            LogWriter::stderr().line(problems);
            Exit::Usage.into()
        }
        Err(CannotServe::Token(wrong)) => {
            LogWriter::stderr().line(format_args!("lobbyd: {wrong}"));
            Exit::Usage.into()
        }
        Err(CannotServe::Filter(wrong)) => {
            LogWriter::stderr().line(format_args!("lobbyd: {wrong}"));
            Exit::Usage.into()
        }
        Err(failure) => {
            LogWriter::stderr().line(format_args!("lobbyd: {failure}"));
            Exit::CannotStart.into()
        }
    }
}

/// Prints help and version to stdout as they are, and wrong use to stderr as one line.
fn refuse(wrong: &clap::Error) -> ExitCode {
    if !wrong.use_stderr() {
        let _ = wrong.print();
        return Exit::Clean.into();
    }
    let text = without_token(wrong);
    let (first, rest) = text.split_once("\n\n").unwrap_or((&text, ""));
    // clap takes a flag of another command for a value that begins with dashes.
    let is_tip = |line: &&str| line.starts_with("  tip: ") && !line.contains("as a value");
    let tips = rest.lines().filter(is_tip);
    let told: Vec<&str> = first.lines().chain(tips).map(str::trim).collect();
    let line = told.join("; ").replacen("error: ", "", 1);
    let line = line.replace(":; ", ": ");
    let tip = match wrong.kind() {
        ErrorKind::ArgumentConflict if first.contains("subcommand") => {
            "; tip: flags stand behind the subcommand, as in 'config show --config FILE'"
        }
        ErrorKind::UnknownArgument if is_flag_of_a_server(wrong) => {
            "; tip: flags of a server are for 'lobbyd' alone and for 'config show'"
        }
        _ => "",
    };
    LogWriter::stderr().line(format_args!("lobbyd: {line}{tip} (--help shows more)"));
    Exit::Usage.into()
}

/// Returns the text of wrong use. A token that stands in place of a command is not in it.
fn without_token(wrong: &clap::Error) -> String {
    let text = wrong.to_string();
    let kinds = [ContextKind::InvalidSubcommand, ContextKind::InvalidArg];
    let values = kinds.into_iter().filter_map(|kind| wrong.get(kind));
    let typed = values.filter_map(|value| match value {
        ContextValue::String(typed) if typed.matches('.').count() >= 2 => Some(typed),
        _ => None,
    });
    typed.fold(text, |text, typed| {
        let shown = format!("…({} bytes)", typed.len());
        text.replace(typed.as_str(), &shown)
    })
}

/// True if the argument that is wrong there is a flag of a server.
fn is_flag_of_a_server(wrong: &clap::Error) -> bool {
    let Some(ContextValue::String(argument)) = wrong.get(ContextKind::InvalidArg) else {
        return false;
    };
    let name = argument.trim_start_matches('-');
    let command = Flags::augment_args(clap::Command::new("lobbyd"));
    command
        .get_arguments()
        .any(|flag| flag.get_long() == Some(name))
}

/// Runs `lobbyd config …` and prints its answer. A closed stdout is no failure.
fn configure(command: ConfigCommand) -> Result<Exit, CannotServe> {
    let text = match command {
        ConfigCommand::Default => complete(),
        ConfigCommand::Show(flags) => effective(&flags.given().read()?),
        ConfigCommand::Check { file } => {
            let read = Given::here(Some(file), Vec::new()).read()?;
            read.config.router()?;
            // Beside the answer, which a script may read: a warning is no failure.
            for warning in &read.warnings {
                let _ = writeln!(io::stderr(), "{}", warning.text);
            }
            format!("{read}\n")
        }
    };
    let _ = io::stdout().write_all(text.as_bytes());
    Ok(Exit::Clean)
}

/// Runs `lobbyd token …` and prints its answer. A closed stdout is no failure.
fn look_at_token(command: &TokenCommand) -> Result<Exit, CannotServe> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let now_ms = since.map_or(0, |since| since.as_millis() as u64);
    let (text, exit) = match command {
        TokenCommand::Explain(flags) => explain_token(flags, now_ms)?,
        TokenCommand::Sign(flags) => {
            let signed = sign_token(flags, now_ms)?;
            if let Some(why) = signed.refused {
                let line =
                    format_args!("lobbyd: warning: this configuration refuses the token: {why}");
                LogWriter::stderr().line(line);
            }
            (format!("{}\n", signed.token), Exit::Clean)
        }
    };
    let _ = io::stdout().write_all(text.as_bytes());
    Ok(exit)
}

/// Runs the server until a signal asks it to end.
fn serve(flags: &Flags) -> Result<Exit, CannotServe> {
    // This call comes first, while there is only one thread, because it removes variables from the
    // environment.
    let inherited = InheritedSockets::from_environment()?;
    let given = flags.given();
    let read = given.read()?;
    let config = read.config.clone();
    let log = Logger::start(config.log_level, config.log_format)?;
    warn_of(&read);
    let open_files = raise_descriptor_limit();
    tracing::debug!(open_files, "limit of open files: one for each connection");
    let how = inherited
        .public
        .as_ref()
        .map(|_| ", on a socket that was handed over");
    let server = listen(&config, inherited)?;
    let endpoint = server.endpoint();
    announce_issuers(&config);
    revoke(&endpoint, &config)?;
    let reload = ReloadOnSighup::new(given, read, endpoint.clone(), log);
    let orders = Signals::listen().map_err(CannotServe::NoThreads)?;
    announce(&server, &config, how.unwrap_or_default());
    let service = ServiceManager::from_environment();
    let cut = reload.refuse_until(asked_again(&orders, &service, &endpoint));
    let end = reload.until(&service, asked_to_end(&orders, &service, &endpoint));
    let ended = server.run_until(end, cut).map_err(CannotServe::NoThreads)?;
    let cut_off = ended.cut_off;
    if cut_off == 0 {
        tracing::info!("ended; every client was asked to come back");
        return Ok(Exit::Clean);
    }
    tracing::warn!(
        cut_off,
        "ended; connections were cut off before their clients took the Close"
    );
    Ok(Exit::CutOff)
}

/// Returns the server that `config` describes. It listens on the sockets that were handed over, and
/// on addresses of `config` in place of missing sockets.
fn listen(config: &Config, inherited: InheritedSockets) -> Result<Bound, CannotServe> {
    let address = config.listen.resolve()?;
    let mut server = Server::new(config.router()?)
        .shards(config.shards().get())
        .limits(config.limits)
        .proxies(config.proxies())
        .rooms_top(config.rooms_top);
    let not_bound = (config.admin_listen.as_ref()).filter(|_| inherited.admin.is_some());
    if let Some(threads) = config.background_threads {
        server = server.background_threads(threads.into());
    }
    server = server
        .background_nice(u8::try_from(config.background_nice).unwrap_or(u8::MAX))
        .jwks_wait_ms(config.auth.jwks_wait_ms);
    if let Some(admin) = inherited.admin.map(Ok).or_else(|| bind_admin(config)) {
        server = server.admin_on(admin?);
    }
    let bound = match inherited.public {
        None => {
            let flag = "--listen";
            let cannot = |error| CannotListen {
                address,
                flag,
                error,
            };
            server.bind(address).map_err(cannot)?
        }
        Some(listener) => {
            let bound = server.listen_on(listener).map_err(Unusable::NoListener)?;
            tracing::info!(address = %bound.local_addr(), not_bound = %address, "listening on a socket that was handed over");
            bound
        }
    };
    if let Some(admin) = bound.admin_addr() {
        let not_bound = not_bound.map(tracing::field::display);
        tracing::info!(%admin, not_bound, "metrics, health and readiness are served to operators");
    }
    Ok(bound)
}

/// Binds and returns the listener for operators. `None` if the configuration has no address for
/// that listener.
fn bind_admin(config: &Config) -> Option<Result<TcpListener, CannotServe>> {
    let bind = |admin: &ListenAddress| {
        let (address, flag) = (admin.resolve()?, "--admin-listen");
        let bound = TcpListener::bind(address);
        bound.map_err(|error| {
            CannotListen {
                address,
                flag,
                error,
            }
            .into()
        })
    };
    config.admin_listen.as_ref().map(bind)
}

/// The reason why nothing was started.
#[derive(Debug, Error)]
enum CannotServe {
    #[error(transparent)]
    Misconfigured(#[from] Problems),
    #[error(transparent)]
    Filter(#[from] WrongFilter),
    #[error(transparent)]
    Origin(#[from] OriginError),
    #[error(transparent)]
    Unresolvable(#[from] Unresolvable),
    #[error(transparent)]
    CannotListen(#[from] CannotListen),
    #[error(transparent)]
    Unusable(#[from] Unusable),
    #[error(transparent)]
    Token(#[from] TokenError),
    #[error("auth.revoked_file: {0}")]
    TooManyRevocations(#[from] TooManyRevocations),
    #[error("cannot start the threads that serve: {0}")]
    NoThreads(io::Error),
}

/// Prints the start-up line, in which a script finds the port that was chosen for it. A closed
/// stdout is no failure.
fn announce(server: &Bound, config: &Config, how: &str) {
    let address = server.local_addr();
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
    LogWriter::stdout().line(format_args!(
        "lobbyd {version} listens on {url} with {shards} shard{plural}{how}"
    ));
}
