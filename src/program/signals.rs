//! The signals that order lobbyd to end: a first signal to end, a second to end at once.

use std::future::{Future, pending};
use std::io;

use lobbyd::Endpoint;
use tokio::runtime::Builder;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::Mutex;

use super::service_manager::ServiceManager;

/// The signals that ask lobbyd to end: Ctrl-C and SIGTERM. `None` stands for a signal that cannot
/// be listened to. The future that waits for the signals holds the lock as long as it waits.
pub struct Signals(Mutex<[Option<Signal>; 2]>);

impl Signals {
    /// Listens to the signals. To be called before the start-up line is printed: otherwise a signal
    /// that comes early would end the process at once.
    pub fn listen() -> io::Result<Signals> {
        // Tokio registers a signal only inside some runtime. The signal can then be awaited in any
        // other runtime.
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let _inside = runtime.enter();
        Ok(Signals(Mutex::new(signals())))
    }
}

/// Waits for the first signal. To be polled once connections are accepted, because this function
/// reports to the service manager that lobbyd is ready.
pub async fn asked_to_end(orders: &Signals, service: &ServiceManager, endpoint: &Endpoint) {
    service.ready();
    next(orders, service.attend(endpoint)).await;
    service.stopping();
    tracing::info!("asked to end");
}

/// Waits for a signal after the first. If Ctrl-C and SIGTERM came at the same moment, that is the
/// one that [`asked_to_end`] left.
pub async fn asked_again(orders: &Signals, service: &ServiceManager, endpoint: &Endpoint) {
    next(orders, service.attend(endpoint)).await;
    tracing::warn!("asked again to end: cutting off what is left");
}

fn signals() -> [Option<Signal>; 2] {
    let kinds = [SignalKind::interrupt(), SignalKind::terminate()];
    let signals = kinds.map(|kind| signal(kind).ok());
    if signals.iter().any(Option::is_none) {
        tracing::error!(
            "cannot listen to Ctrl-C or SIGTERM; a signal that is not listened to ends lobbyd without closing connections"
        );
    }
    signals
}

/// Waits for a signal, and meanwhile runs `meanwhile`, which never ends.
async fn next(orders: &Signals, meanwhile: impl Future<Output = ()>) {
    let mut signals = orders.0.lock().await;
    let [interrupt, terminate] = &mut *signals;
    tokio::select! {
        biased;
        () = came(interrupt) => {}
        () = came(terminate) => {}
        () = meanwhile => {}
    }
}

/// Waits until `signal` has come. Waits for ever if nobody listens to it.
pub(super) async fn came(signal: &mut Option<Signal>) {
    if let Some(signal) = signal
        && signal.recv().await.is_some()
    {
        return;
    }
    pending().await
}
