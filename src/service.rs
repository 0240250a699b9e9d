//! What a service manager is told (sd_notify): ready, how many are connected, reloading, stopping; and its watchdog is fed
//! as long as every shard turns.

use std::io;
use std::time::Duration;

use lobbyd::Endpoint;
use lobbyd::server::Status;
use sd_notify::NotifyState;

/// How often it is told how many are connected.
const STATUS_EVERY: Duration = Duration::from_secs(5);

/// The service manager, if there is one; else nothing is told to anybody.
pub struct Service<Tell = fn(&[NotifyState<'_>]) -> io::Result<()>> {
    tell: Tell,
    /// Silence that it takes for a failure.
    watchdog: Option<Duration>,
}

impl Service {
    /// The one named by `NOTIFY_SOCKET` and `WATCHDOG_USEC`.
    pub fn from_environment() -> Service {
        Service {
            tell: sd_notify::notify,
            watchdog: sd_notify::watchdog_enabled(),
        }
    }
}

impl<Tell: Fn(&[NotifyState<'_>]) -> io::Result<()>> Service<Tell> {
    /// Connections are accepted now.
    pub fn ready(&self) {
        if let Err(error) = (self.tell)(&[NotifyState::Ready]) {
            tracing::warn!(%error, "cannot tell the service manager that lobbyd is ready");
        }
    }

    #[cfg_attr(not(test), expect(dead_code, reason = "for what SIGHUP is to do"))]
    /// Runs `reload`, and tells that it is being done and that it is over.
    pub fn reloads(&self, reload: impl FnOnce()) {
        // systemd wants the moment too, to tell this reload from another.
        if let Ok(now) = NotifyState::monotonic_usec_now() {
            let _ = (self.tell)(&[NotifyState::Reloading, now]);
        }
        reload();
        let _ = (self.tell)(&[NotifyState::Ready]);
    }

    /// It was asked to end.
    pub fn stopping(&self) {
        let _ = (self.tell)(&[NotifyState::Stopping]);
    }

    /// Tells now and then how it stands. Never ends. Runs on the thread that accepts, so that one has to turn as well.
    pub async fn attend(&self, endpoint: &Endpoint) {
        let beat = self.watchdog.map_or(STATUS_EVERY, |time| time / 4);
        let mut since_status = STATUS_EVERY;
        loop {
            self.feed_watchdog(endpoint.status());
            if since_status >= STATUS_EVERY {
                since_status = Duration::ZERO;
                let status = described(endpoint.status());
                let _ = (self.tell)(&[NotifyState::Status(&status)]);
            }
            let pause = beat.min(STATUS_EVERY);
            tokio::time::sleep(pause).await;
            since_status += pause;
        }
    }

    /// Not if a shard hangs: its clients are served again only by a restart.
    fn feed_watchdog(&self, status: &Status) {
        if let Some(time) = self.watchdog
            && status.every_shard_turned_within(time / 2)
        {
            let _ = (self.tell)(&[NotifyState::Watchdog]);
        }
    }
}

/// For `systemctl status`.
fn described(status: &Status) -> String {
    let (connections, since) = (status.connections(), status.longest_since_turn());
    let plural = if connections == 1 { "" } else { "s" };
    match since < STATUS_EVERY {
        true => format!("{connections} connection{plural}"),
        false => format!("{connections} connection{plural}; a shard hangs since {since:.0?}"),
    }
}
