//! The answer to one request: a socket that is opened, a page, or a refusal.

use std::net::SocketAddr;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::header::{CONNECTION, HOST, HeaderMap, HeaderName, HeaderValue, ORIGIN};
use hyper::http::request;
use hyper::{Method, Request, StatusCode};

use super::app::HttpApp;
use super::connection::HttpConnection;
use super::handshake::handshake;
use super::response::{HttpResponse, method_not_allowed, not_found, text};
#[cfg(feature = "program")]
use super::static_files;
use super::upgrade::has_body;
use crate::channel::Matched;
use crate::server::admission::refusal::Refusal;

/// Requests answered on one connection; the answer to the last one says so. A page takes a few, a prober in a minute some
/// dozens.
const REQUESTS_MAX: u32 = 1_000;

/// Bytes of a header that are logged: a host name has no more than 253.
const SHOWN_BYTES_MAX: usize = 256;

/// The answer to one request. A socket that is let in is put into the connection, and its 101 is the last answer.
pub(crate) async fn respond(
    connection: &HttpConnection,
    request: Request<Incoming>,
) -> HttpResponse {
    if connection.has_asked() {
        // Requests may be there by the hundred: the others on this thread have their turn between two of them.
        tokio::task::yield_now().await;
    }
    let (head, _unread) = request.into_parts();
    connection.asked(&head);
    let Ok(()) = connection.enter(&head.headers) else {
        tokio::time::sleep_until(connection.refusal_time().into()).await;
        let (peer, client, refusal) = (
            connection.peer,
            connection.request_origin().client,
            Refusal::Address,
        );
        tracing::debug!(%peer, %client, refusal = refusal.name(), why = %refusal, "socket refused");
        return with_close(connection.refuse(refusal));
    };
    // Nothing here takes a body. Rather than read it to find the next request behind it, end the connection.
    let is_last = has_body(&head.headers) || connection.requests() >= REQUESTS_MAX;
    let uri = head.uri.clone();
    connection.begins_answer();
    let response = match connection.app.router().find(uri.path()) {
        None => resource(&connection.app, connection.peer, &head).await,
        Some(mount) => open_socket(connection, &mount, head).await,
    };
    connection.is_answered();
    if is_last && response.status() != StatusCode::SWITCHING_PROTOCOLS {
        return with_close(response);
    }
    response
}

fn with_close(mut response: HttpResponse) -> HttpResponse {
    let close = HeaderValue::from_static("close");
    response.headers_mut().insert(CONNECTION, close);
    response
}

async fn open_socket(
    connection: &HttpConnection,
    mount: &Matched<'_, '_>,
    head: request::Parts,
) -> HttpResponse {
    let app_timeout = Duration::from_millis(connection.app.limits.connect_timeout_ms);
    let from = connection.request_origin();
    let (peer, client) = (from.peer, from.client);
    let compared = tracing::enabled!(tracing::Level::DEBUG)
        .then(|| [ORIGIN, HOST].map(|name| shown(&head.headers, &name)));
    match handshake(mount, head, from, app_timeout).await {
        Ok((socket, response)) => {
            connection.accepted.replace(Some(socket));
            response
        }
        Err(refusal) => {
            // A fault of the app is for an operator to see, a refused client is everyday life.
            let name = refusal.name();
            match refusal {
                Refusal::AppPanicked | Refusal::AppTooSlow => {
                    tracing::error!(%peer, %client, refusal = name, "{refusal}");
                }
                Refusal::Origin => {
                    let [origin, host] = compared.unwrap_or_default();
                    tracing::debug!(%peer, %client, refusal = name, why = %refusal, ?origin, ?host, "socket refused");
                }
                _ => {
                    tracing::debug!(%peer, %client, refusal = name, why = %refusal, "socket refused");
                }
            }
            connection.refuse(refusal)
        }
    }
}

/// The beginning of a header for the log; to be escaped there, since it is the client's.
fn shown(headers: &HeaderMap, name: &HeaderName) -> String {
    let value = headers.get(name).map_or(&[][..], HeaderValue::as_bytes);
    String::from_utf8_lossy(&value[..value.len().min(SHOWN_BYTES_MAX)]).into_owned()
}

/// What is not a socket.
async fn resource(app: &HttpApp, peer: SocketAddr, head: &request::Parts) -> HttpResponse {
    if let Some(pages) = &app.pages
        && let Some(answer) = pages.answer(head, peer).await
    {
        return answer;
    }
    match head.uri.path() {
        "/healthz" if head.method == Method::GET || head.method == Method::HEAD => {
            text(StatusCode::OK, "ok\n")
        }
        "/healthz" => method_not_allowed(),
        #[cfg(feature = "program")]
        _ if app.router().serves_static_files() => static_files::respond(head),
        _ => not_found(),
    }
}
