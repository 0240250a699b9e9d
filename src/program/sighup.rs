//! Reloading at SIGHUP: the configuration is read again, and takes effect as a whole or not at all.

use std::future::Future;
use std::io;
use std::pin::pin;

use lobbyd::Endpoint;
use lobbyd::channel::OriginError;
use lobbyd::config::{Changes, Config, Effective, Given, WithoutEffect, settle, without_effect};
use tokio::runtime::Builder;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::log::Logger;
use super::service_manager::ServiceManager;
use super::signals::came;

/// The reload of a running server: the sources of its configuration, and all that a reload changes.
pub struct ReloadOnSighup {
    given: Given,
    running: Effective,
    endpoint: Endpoint,
    log: Logger,
    hangup: Option<Signal>,
}

impl ReloadOnSighup {
    /// Makes the reload of a server that runs `running`, which was read from `given`. From now on a
    /// SIGHUP waits for [`until`](ReloadOnSighup::until). Without a configuration file there is
    /// nothing to read again: a SIGHUP then ends the process, as is its default.
    pub fn new(
        given: Given,
        running: Effective,
        endpoint: Endpoint,
        log: Logger,
    ) -> ReloadOnSighup {
        let hangup = given.file.is_some().then(hangups).and_then(|hangups| {
            let told = |error| {
                tracing::error!(%error, "cannot listen to SIGHUP; the configuration stays as it is");
            };
            hangups.map_err(told).ok()
        });
        ReloadOnSighup {
            given,
            running,
            endpoint,
            log,
            hangup,
        }
    }

    /// Waits for `end`, and meanwhile reads the configuration again at every SIGHUP.
    pub async fn until(mut self, service: &ServiceManager, end: impl Future<Output = ()>) {
        let mut end = pin!(end);
        loop {
            tokio::select! {
                biased;
                () = came(&mut self.hangup) => service.reloads(|| self.again()),
                () = &mut end => return,
            }
        }
    }

    /// Waits for `end`, and meanwhile logs for each SIGHUP that the configuration is not read
    /// again. To be waited for after [`until`](ReloadOnSighup::until).
    pub fn refuse_until<End: Future<Output = ()>>(
        &self,
        end: End,
    ) -> impl Future<Output = ()> + use<End> {
        let listens = self.hangup.is_some();
        async move {
            let mut hangup = listens.then(|| signal(SignalKind::hangup()).ok()).flatten();
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
        for warning in new.config.warnings() {
            tracing::warn!("{warning}");
        }
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

/// Applies `config` to the running server, as a whole or not at all.
fn apply(endpoint: &Endpoint, config: &Config) -> Result<(), OriginError> {
    endpoint.reload(lobbyd::Reload::new(config.router()?).limits(config.limits));
    Ok(())
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
