//! Reports to systemd (sd_notify): ready, connections, reloading, stopping, and its watchdog.
//!
//! lobbyd feeds the watchdog as long as every shard has begun a turn within half of the watchdog's
//! time.

use std::io;
use std::time::Duration;

use lobbyd::Endpoint;
use lobbyd::server::Status;
use sd_notify::NotifyState;

use super::environment::value_of;

/// Time between two reports of the number of connections.
const STATUS_EVERY: Duration = Duration::from_secs(5);

/// The service manager, if there is one. Without a service manager nothing is reported.
pub struct ServiceManager<Tell = fn(&[NotifyState<'_>]) -> io::Result<()>> {
    tell: Tell,
    /// The longest time between two reports to the watchdog. After a longer time the service
    /// manager takes lobbyd for hung. None if it has no watchdog.
    watchdog: Option<Duration>,
}

impl ServiceManager {
    /// Returns the service manager that `NOTIFY_SOCKET` and `WATCHDOG_USEC` name.
    pub fn from_environment() -> ServiceManager {
        let time = value_of("WATCHDOG_USEC");
        let time = time.map(|time| time.to_string_lossy().into_owned());
        if let Some(time) = time.filter(|time| time.parse::<u64>().is_err()) {
            tracing::warn!(
                WATCHDOG_USEC = time,
                "the watchdog is not fed, because its time is no number of microseconds"
            );
        }
        ServiceManager {
            tell: match value_of("NOTIFY_SOCKET") {
                Some(_) => sd_notify::notify,
                None => |_| Ok(()),
            },
            watchdog: sd_notify::watchdog_enabled(),
        }
    }
}

impl<Tell: Fn(&[NotifyState<'_>]) -> io::Result<()>> ServiceManager<Tell> {
    /// Reports that connections are accepted now.
    pub fn ready(&self) {
        if let Err(error) = (self.tell)(&[NotifyState::Ready]) {
            tracing::warn!(%error, "cannot report to the service manager that lobbyd is ready");
        }
    }

    /// Runs `reload`, and reports its beginning and its end.
    pub fn reloads(&self, reload: impl FnOnce()) {
        // systemd needs the moment as well, because it distinguishes reloads by their moments.
        if let Ok(now) = NotifyState::monotonic_usec_now() {
            let _ = (self.tell)(&[NotifyState::Reloading, now]);
        }
        reload();
        let _ = (self.tell)(&[NotifyState::Ready]);
    }

    /// Reports that lobbyd was asked to end.
    pub fn stopping(&self) {
        let _ = (self.tell)(&[NotifyState::Stopping]);
    }

    /// Reports the status and feeds the watchdog at intervals. Never ends. Runs on the thread that
    /// accepts, so the watchdog is not fed if that thread hangs.
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

    /// Feeds the watchdog, unless a shard hangs: only a restart would serve the clients of that
    /// shard again.
    fn feed_watchdog(&self, status: &Status) {
        if let Some(time) = self.watchdog
            && status.every_shard_turned_within(time / 2)
        {
            let _ = (self.tell)(&[NotifyState::Watchdog]);
        }
    }
}

/// Returns the line for `systemctl status`.
fn described(status: &Status) -> String {
    let (connections, since) = (status.connections(), status.longest_since_turn());
    let plural = if connections == 1 { "" } else { "s" };
    match since < STATUS_EVERY {
        true => format!("{connections} connection{plural}"),
        false => format!("{connections} connection{plural}; a shard hangs since {since:.0?}"),
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::io::Write;
    use std::net::TcpStream;
    use std::sync::Mutex;
    use std::sync::mpsc;
    use std::time::Instant;

    use lobbyd::{Connect, Router, Server, UserSocket};

    use super::*;

    const WATCHDOG: Duration = Duration::from_secs(4);

    /// Runs `say` with a service manager that records all reports. Returns the reports.
    fn told(
        say: impl FnOnce(&ServiceManager<&dyn Fn(&[NotifyState<'_>]) -> io::Result<()>>),
    ) -> Vec<String> {
        let told = RefCell::new(Vec::new());
        let listen = |states: &[NotifyState<'_>]| {
            let lines = states.iter().map(ToString::to_string);
            told.borrow_mut().extend(lines);
            Ok(())
        };
        say(&ServiceManager {
            tell: &listen,
            watchdog: Some(WATCHDOG),
        });
        told.into_inner()
    }

    fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
        let start = Instant::now();
        while !condition() {
            assert!(start.elapsed() < 10 * WATCHDOG, "{what}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Returns an app whose connect callback blocks its shard until `released` gets a message.
    fn hanging_app(released: mpsc::Receiver<()>) -> Router {
        let released = Mutex::new(released);
        let socket = UserSocket::new().connect(move |_, _| {
            let _ = released.lock().unwrap().recv();
            Connect::ok()
        });
        Router::new().socket("/socket", socket)
    }

    #[test]
    fn watchdog_is_fed_only_while_every_shard_turns() {
        let (release, released) = mpsc::channel();
        let server = Server::new(hanging_app(released)).shards(2);
        let running = server.bind(([127, 0, 0, 1], 0).into()).unwrap().start();
        let status = running.endpoint().status();
        let turns = || status.every_shard_turned_within(WATCHDOG / 2);
        eventually("all shards turn", turns);
        assert_eq!(
            told(|service| service.feed_watchdog(status)),
            ["WATCHDOG=1"]
        );
        let mut client = TcpStream::connect(running.local_addr()).unwrap();
        let request = "GET /socket/websocket?vsn=2.0.0 HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\n\
            Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
            Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
        client.write_all(request.as_bytes()).unwrap();
        eventually("one shard hangs", || !turns());
        assert_eq!(told(|service| service.feed_watchdog(status)), [""; 0]);
        eventually("it hangs for long", || {
            status.longest_since_turn() > STATUS_EVERY
        });
        assert!(described(status).starts_with("1 connection; a shard hangs since "));
        release.send(()).unwrap();
        eventually("it turns again", turns);
        assert_eq!(
            told(|service| service.feed_watchdog(status)),
            ["WATCHDOG=1"]
        );
    }

    #[test]
    fn reload_is_reported_at_its_beginning_and_at_its_end() {
        let told = told(|service| service.reloads(|| service.stopping()));
        assert_eq!(told[0], "RELOADING=1");
        assert!(told[1].starts_with("MONOTONIC_USEC="));
        assert_eq!(told[2..], ["STOPPING=1", "READY=1"]);
    }
}
