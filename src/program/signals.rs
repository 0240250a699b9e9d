//! The orders that come as signals: to end, and, a second time, to end at once.

use std::future::{Future, pending};
use std::io;

use lobbyd::Endpoint;
use tokio::runtime::Builder;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::Mutex;

use super::service_manager::ServiceManager;

/// The signals that ask for the end: Ctrl-C and SIGTERM, as far as they can be listened to. Locked
/// by the one order that waits for them.
pub struct Signals(Mutex<[Option<Signal>; 2]>);

impl Signals {
    /// Listens to them. To be called before anybody can read that there is a server: a signal that
    /// comes early then waits, where it would have ended the process.
    pub fn listen() -> io::Result<Signals> {
        // It takes some runtime to begin with, and any other to go on.
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let _inside = runtime.enter();
        Ok(Signals(Mutex::new(signals())))
    }
}

/// Ready at the first signal. Begins when connections are accepted, and reports that to the service
/// manager.
pub async fn asked_to_end(orders: &Signals, service: &ServiceManager, endpoint: &Endpoint) {
    service.ready();
    next(orders, service.attend(endpoint)).await;
    service.stopping();
    tracing::info!("asked to end");
}

/// Ready at the next signal, which may have come in the same moment.
pub async fn asked_again(orders: &Signals, service: &ServiceManager, endpoint: &Endpoint) {
    next(orders, service.attend(endpoint)).await;
    tracing::warn!("asked again to end: cutting off what is left");
}

fn signals() -> [Option<Signal>; 2] {
    let kinds = [SignalKind::interrupt(), SignalKind::terminate()];
    let signals = kinds.map(|kind| signal(kind).ok());
    if signals.iter().any(Option::is_none) {
        tracing::error!(
            "cannot listen to all signals; the others end lobbyd without closing connections"
        );
    }
    signals
}

/// Waits for a signal, and does `meanwhile`, which never ends.
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

/// Ready when the signal has come; never, if nobody listens to it.
pub(super) async fn came(signal: &mut Option<Signal>) {
    if let Some(signal) = signal
        && signal.recv().await.is_some()
    {
        return;
    }
    pending().await
}
