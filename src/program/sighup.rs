//! Reloading at SIGHUP: the configuration is read again, and takes effect as a whole or not at all.

use std::future::Future;
use std::io::{self, IsTerminal};
use std::pin::pin;

use lobbyd::Endpoint;
use lobbyd::channel::OriginError;
use lobbyd::config::{Changes, Config, Effective, Given, WithoutEffect, settle, without_effect};
use lobbyd::credentials::TooManyRevocations;
use tokio::runtime::Builder;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::issuers::revoke;
use super::log::Logger;
use super::service_manager::ServiceManager;
use super::signals::came;

/// The reload of a running server: the sources of its configuration, and all that a reload changes.
pub struct ReloadOnSighup {
    given: Given,
    running: Effective,
    endpoint: Endpoint,
    log: Logger,
    purpose: Purpose,
    hangup: Option<Signal>,
}

/// What a SIGHUP is for. Without a file its default, the end of the process at once, would drop
/// every client without a Close, for a `kill -HUP` that was meant as a reload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purpose {
    /// The configuration file is read again.
    Reload,
    /// Nothing: there is no file. Under nohup stdin is no terminal, so lobbyd goes on, as nohup
    /// promises.
    Nothing,
    /// The terminal in which somebody runs lobbyd without a file has closed. lobbyd ends as by
    /// Ctrl-C, because it would hold its port unseen otherwise.
    End,
}

impl Purpose {
    fn of(has_file: bool, is_in_a_terminal: bool) -> Purpose {
        match (has_file, is_in_a_terminal) {
            (true, _) => Purpose::Reload,
            (false, true) => Purpose::End,
            (false, false) => Purpose::Nothing,
        }
    }
}

impl ReloadOnSighup {
    /// Makes the reload of a server that runs `running`, which was read from `given`. From now on a
    /// SIGHUP waits for [`until`](ReloadOnSighup::until).
    pub fn new(
        given: Given,
        running: Effective,
        endpoint: Endpoint,
        log: Logger,
    ) -> ReloadOnSighup {
        let told = |error| {
            tracing::error!(%error, "cannot listen to SIGHUP; it would end lobbyd without a Close to any client");
        };
        let hangup = hangups().map_err(told).ok();
        let purpose = Purpose::of(given.file.is_some(), io::stdin().is_terminal());
        ReloadOnSighup {
            given,
            running,
            endpoint,
            log,
            purpose,
            hangup,
        }
    }

    /// Waits for `end`, and meanwhile does at every SIGHUP what it is for.
    pub async fn until(mut self, service: &ServiceManager, end: impl Future<Output = ()>) {
        let mut end = pin!(end);
        loop {
            tokio::select! {
                biased;
                () = came(&mut self.hangup) => {}
                () = &mut end => return,
            }
            match self.purpose {
                Purpose::Reload => service.reloads(|| self.again()),
                Purpose::Nothing => tracing::warn!(
                    hint = "name a file by --config or LOBBYD_CONFIG",
                    "SIGHUP came, and there is no configuration file to read again"
                ),
                Purpose::End => {
                    service.stopping();
                    return tracing::info!("asked to end, because the terminal has closed");
                }
            }
        }
    }

    /// Waits for `end`, and meanwhile logs for each SIGHUP that the configuration is not read
    /// again. To be waited for after [`until`](ReloadOnSighup::until).
    pub fn refuse_until<End: Future<Output = ()>>(
        &self,
        end: End,
    ) -> impl Future<Output = ()> + use<End> {
        let reads = self.hangup.is_some() && self.purpose == Purpose::Reload;
        async move {
            let mut hangup = reads.then(|| signal(SignalKind::hangup()).ok()).flatten();
            let mut end = pin!(end);
            loop {
                tokio::select! {
                    biased;
                    () = came(&mut hangup) => {
                        tracing::warn!("lobbyd ends; the configuration is not read again");
                    }
                    () = &mut end => return,
                }
            }
        }
    }

    fn again(&mut self) {
        let file = self
            .given
            .file
            .as_ref()
            .map(|file| file.display().to_string())
            .unwrap_or_default();
        let mut new = match self.given.read() {
            Ok(effective) => effective,
            Err(problems) => {
                for problem in problems.0 {
                    tracing::error!(reason = %problem.text, "the new configuration is wrong");
                }
                tracing::error!(file, "nothing was changed");
                self.endpoint.reload_failed();
                return;
            }
        };
        let changes = settle(&self.running.config, &mut new.config);
        if let Err(reason) = apply(&self.endpoint, &new.config) {
            tracing::error!(file, %reason, "nothing was changed");
            self.endpoint.reload_failed();
            return;
        }
        // Logged at whichever level shows more, so that a change to `error` is shown as well.
        let (old_level, level) = (self.running.config.log_level, new.config.log_level);
        self.log.set_level(old_level.max(level));
        tell(&changes, &without_effect(&self.running, &new));
        warn_of(&new);
        if level != old_level && self.log.is_from_environment() {
            tracing::warn!("log.level changes nothing: RUST_LOG overrides it");
        }
        tracing::info!(
            file,
            changed = changes.now.len(),
            "the configuration was read again"
        );
        self.log.set_level(level);
        self.running = new;
    }
}

/// Logs the settings that changed, the settings that take a restart, and the values of the file
/// that flags or the environment override.
fn tell(changes: &Changes, without_effect: &[WithoutEffect]) {
    for change in &changes.now {
        tracing::info!(
            setting = change.what,
            old = %change.old,
            new = %change.new,
            "changed"
        );
    }
    for change in &changes.at_restart {
        tracing::warn!(
            setting = change.what,
            old = %change.old,
            new = %change.new,
            "takes a restart to change"
        );
    }
    for WithoutEffect { change, by } in without_effect {
        tracing::warn!(
            setting = change.what,
            old = %change.old,
            new = %change.new,
            by,
            "the file's value has no effect: a flag or a variable overrides it"
        );
    }
}

/// Logs what the values of a configuration will do that is probably not meant. The values may be
/// those of the start, so the target is that of the configuration, and not of a reload.
pub fn warn_of(effective: &Effective) {
    for warning in &effective.warnings {
        tracing::warn!(target: "lobbyd::config", reason = %warning.text, "the configuration is used, but may hurt");
    }
}

/// Applies `config` to the running server, as a whole or not at all.
fn apply(endpoint: &Endpoint, config: &Config) -> Result<(), CannotReload> {
    let router = config.router()?;
    revoke(endpoint, config)?;
    endpoint.reload(lobbyd::Reload::new(router).limits(config.limits));
    Ok(())
}

/// The reason why a configuration that was read is not applied.
#[derive(Debug, thiserror::Error)]
enum CannotReload {
    #[error(transparent)]
    Origin(#[from] OriginError),
    #[error("auth.revoked_file: {0}")]
    Revocations(#[from] TooManyRevocations),
}

/// Listens for SIGHUP. To be called before the start-up line is printed, because a program that
/// reads that line may send a SIGHUP at once, and that would otherwise end the process. Tokio
/// registers a signal only inside some runtime. The signal can then be awaited in any other
/// runtime.
fn hangups() -> io::Result<Signal> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let _inside = runtime.enter();
    signal(SignalKind::hangup())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hangup_reads_the_file_or_ends_what_a_terminal_ran_or_does_nothing() {
        for is_in_a_terminal in [true, false] {
            assert_eq!(Purpose::of(true, is_in_a_terminal), Purpose::Reload);
        }
        assert_eq!(Purpose::of(false, true), Purpose::End);
        assert_eq!(Purpose::of(false, false), Purpose::Nothing);
    }
}
