//! The orders that come as signals: to end, and, a second time, to end at once.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

use lobbyd::Endpoint;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::service::Service;

/// Ready at the first Ctrl-C or SIGTERM. Begins when connections are accepted, and tells the service manager so.
pub async fn asked_to_end(service: &Service, endpoint: &Endpoint) {
    let signals = signals();
    service.ready();
    next(signals, service.attend(endpoint)).await;
    service.stopping();
    tracing::info!("asked to end");
}

/// Ready at the next one.
pub async fn asked_again(service: &Service, endpoint: &Endpoint) {
    next(signals(), service.attend(endpoint)).await;
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
async fn next(mut signals: Vec<Signal>, meanwhile: impl Future<Output = ()>) {
    let mut meanwhile = pin!(meanwhile);
    poll_fn(|cx| {
        let _ = meanwhile.as_mut().poll(cx);
        let came = |signal: &mut Signal| signal.poll_recv(cx).is_ready();
        match signals.iter_mut().any(came) {
            true => Poll::Ready(()),
            false => Poll::Pending,
        }
    })
    .await;
}
