//! The orders that come as signals: to end, and, a second time, to end at once.

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::pin;
use std::task::Poll;

use lobbyd::Endpoint;
use tokio::runtime::Builder;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::service_manager::ServiceManager;

/// The signals that ask for the end.
pub struct Signals(RefCell<Vec<Signal>>);

impl Signals {
    /// Listens to them, before anybody can read that there is a server: one that comes early then waits, where it would
    /// have ended the process.
    pub fn listen() -> io::Result<Signals> {
        // It takes some runtime to begin with, and any other to go on.
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let _inside = runtime.enter();
        Ok(Signals(RefCell::new(signals())))
    }
}

/// Ready at the first Ctrl-C or SIGTERM. Begins when connections are accepted, and tells the service manager so.
pub async fn asked_to_end(orders: &Signals, service: &ServiceManager, endpoint: &Endpoint) {
    service.ready();
    next(orders, service.attend(endpoint)).await;
    service.stopping();
    tracing::info!("asked to end");
}

/// Ready at the next one, which may have come in the same moment.
pub async fn asked_again(orders: &Signals, service: &ServiceManager, endpoint: &Endpoint) {
    next(orders, service.attend(endpoint)).await;
    tracing::warn!("asked again to end: cutting off what is left");
}

fn signals() -> Vec<Signal> {
    let signals = [SignalKind::interrupt(), SignalKind::terminate()].map(signal);
    let signals: Vec<Signal> = signals.into_iter().flatten().collect();
    if signals.len() < 2 {
        tracing::error!(
            "cannot listen to all signals; the others end lobbyd without closing connections"
        );
    }
    signals
}

/// Waits for a signal, and does `meanwhile`, which never ends.
async fn next(orders: &Signals, meanwhile: impl Future<Output = ()>) {
    let mut meanwhile = pin!(meanwhile);
    poll_fn(|cx| {
        let _ = meanwhile.as_mut().poll(cx);
        let came = |signal: &mut Signal| signal.poll_recv(cx).is_ready();
        match orders.0.borrow_mut().iter_mut().any(came) {
            true => Poll::Ready(()),
            false => Poll::Pending,
        }
    })
    .await;
}
