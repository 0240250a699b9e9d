//! Answering one request: with a socket that it opens, a page, or a refusal.

use std::net::IpAddr;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::header::{CONNECTION, HOST, HeaderMap, HeaderName, HeaderValue, ORIGIN, UPGRADE};
use hyper::http::request;
use hyper::{Method, Request, StatusCode};

use super::connection::HttpConnection;
use super::handshake::{Accepted, RequestAddresses, handshake};
use super::request_host::{NoOneHost, settle};
use super::response::{HttpResponse, method_not_allowed, no_one_host, not_found, text};
#[cfg(feature = "program")]
use super::static_files;
use super::upgrade::{UpgradeAnswer, has_body};
use crate::channel::Matched;
use crate::server::admission::addresses::Counted;
use crate::server::admission::refusal::{NotAnUpgrade, Refusal};

/// Requests answered on one connection; the last answer has `Connection: close`. A browser's page
/// takes a few, a prober some dozens in a minute.
const REQUESTS_MAX: u32 = 1_000;

/// Bytes of a header that are logged: a host name has at most 253.
const SHOWN_BYTES_MAX: usize = 256;

/// The answer to one request.
pub(crate) enum Answer {
    /// The connection goes on in HTTP, or ends if the response says so.
    Response(HttpResponse),
    /// The connection becomes a WebSocket.
    Upgrade(Upgrade),
}

/// The socket that a request opens.
pub(crate) struct Upgrade {
    pub answer: UpgradeAnswer,
    pub accepted: Accepted,
    pub client: IpAddr,
    /// The place among the connections of the client's address, if a proxy sent the request.
    pub counted: Option<Counted>,
}

/// Returns the answer to one request.
pub(crate) async fn respond(connection: &HttpConnection, request: Request<Incoming>) -> Answer {
    if connection.has_asked() {
        // A client may send hundreds of requests at once. Between two of them other connections
        // have their turn.
        tokio::task::yield_now().await;
    }
    let (mut head, _unread) = request.into_parts();
    connection.asked(&head);
    let client = connection.client(&head.headers);
    let Ok(counted) = connection.enter(client) else {
        return Answer::Response(refuse_address(connection, client).await);
    };
    let host = settle(&mut head, connection.is_proxied());
    let is_last = is_last(connection, &head) || host.is_err();
    let uri = head.uri.clone();
    connection.begins_answer();
    let response = match connection.app.router().find(uri.path()) {
        None => match host {
            Ok(()) => resource(connection, &head).await,
            Err(NoOneHost) => no_one_host(),
        },
        Some(mount) => match open_socket(connection, &mount, head, host, client).await {
            Ok((accepted, answer)) => {
                return Answer::Upgrade(Upgrade {
                    answer,
                    accepted,
                    client,
                    counted,
                });
            }
            Err(refusal) => connection.refuse(refusal),
        },
    };
    connection.is_answered();
    Answer::Response(match is_last {
        true => with_close(response),
        false => response,
    })
}

/// True if the answer is the last on its connection, and says so, unless it is a 101.
fn is_last(connection: &HttpConnection, head: &request::Parts) -> bool {
    // No answer depends on the body of a request, so the body is not read. Ending the connection is
    // simpler than reading the body to find the next request behind it.
    has_body(&head.headers)
        // A proxy may tunnel after an upgrade without waiting for its 101. What follows one that
        // was refused is then the client's own, on a connection of the proxy that is believed.
        || head.headers.contains_key(UPGRADE)
        || connection.is_old()
        || connection.requests() >= REQUESTS_MAX
}

/// Returns the last answer to a client whose address has too many connections, after a delay.
async fn refuse_address(connection: &HttpConnection, client: IpAddr) -> HttpResponse {
    tokio::time::sleep_until(connection.refusal_time().into()).await;
    let (peer, refusal) = (connection.peer, Refusal::Address);
    tracing::debug!(%peer, %client, refusal = refusal.name(), why = %refusal, "socket refused");
    with_close(connection.refuse(refusal))
}

fn with_close(mut response: HttpResponse) -> HttpResponse {
    let close = HeaderValue::from_static("close");
    response.headers_mut().insert(CONNECTION, close);
    response
}

/// Runs the handshake of a request, and logs a refusal.
async fn open_socket(
    connection: &HttpConnection,
    mount: &Matched<'_, '_>,
    head: request::Parts,
    host: Result<(), NoOneHost>,
    client: IpAddr,
) -> Result<(Accepted, UpgradeAnswer), Refusal> {
    let app_timeout = Duration::from_millis(connection.app.limits.connect_timeout_ms);
    let peer = connection.peer;
    let compared = tracing::enabled!(tracing::Level::DEBUG)
        .then(|| [ORIGIN, HOST].map(|name| shown(&head.headers, &name)));
    let from = RequestAddresses { peer, client };
    let opened = match host {
        Ok(()) => handshake(mount, head, from, app_timeout).await,
        Err(NoOneHost) => Err(Refusal::Request(NotAnUpgrade::Host)),
    };
    if let Err(refusal) = &opened {
        // A fault of the app concerns the operator. Refused clients are common, so they are logged
        // at `debug` only.
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
    }
    opened
}

/// Returns the beginning of a header for the log. The log escapes the text, because it comes from
/// the client.
fn shown(headers: &HeaderMap, name: &HeaderName) -> String {
    let value = headers.get(name).map_or(&[][..], HeaderValue::as_bytes);
    String::from_utf8_lossy(&value[..value.len().min(SHOWN_BYTES_MAX)]).into_owned()
}

/// Returns the answer to a request for a path that is no socket's.
async fn resource(connection: &HttpConnection, head: &request::Parts) -> HttpResponse {
    let (app, peer) = (&*connection.app, connection.known_peer());
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
        _ if app.router().serves_static_files() => static_files::respond(head, app.router()),
        _ => not_found(),
    }
}
