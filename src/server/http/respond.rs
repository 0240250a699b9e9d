//! Answering one request: with a socket that it opens, a page, or a refusal.

use std::net::IpAddr;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::header::{CONNECTION, HOST, HeaderValue, ORIGIN, UPGRADE};
use hyper::http::request;
use hyper::{Method, Request, StatusCode};

use super::connection::HttpConnection;
use super::handshake::{Accepted, RequestAddresses, handshake};
use super::request_host::{NoOneHost, settle};
use super::response::{HttpResponse, method_not_allowed, no_one_host, not_found, text};
#[cfg(feature = "program")]
use super::static_files;
use super::upgrade::{UpgradeAnswer, asks_upgrade, has_body};
use crate::channel::Matched;
use crate::server::admission::addresses::Counted;
use crate::server::admission::refusal::{NotAnUpgrade, Refusal};
use crate::server::log::notice::{shown, shown_bytes, summed};

/// Requests answered on one connection; the last answer has `Connection: close`. A browser's page
/// takes a few, a prober some dozens in a minute.
const REQUESTS_MAX: u32 = 1_000;

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
            Ok(()) => resource(connection, &head, client).await,
            Err(NoOneHost) => for_no_one_host(connection, client),
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
            Err(refusal @ Refusal::Token(_)) => {
                refuse_token(connection, refusal, mount.socket.refusal_delay()).await
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
        // A client of a tunnel would take what follows for the tunnel.
        || head.method == Method::CONNECT
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
    summed!(
        connection.app.admission.sums, SocketRefused, refusal.name(),
        %peer, %client, refusal = refusal.name(), why = %refusal, hint = refusal.hint()
    );
    with_close(connection.refuse(refusal))
}

/// Returns the answer to a client whose token is not taken, after a delay. Without it phoenix.js
/// would come again within 10 ms.
async fn refuse_token(
    connection: &HttpConnection,
    refusal: Refusal,
    delay: Duration,
) -> HttpResponse {
    let response = connection.refuse(refusal);
    connection.awaits_refusal();
    tokio::time::sleep(delay).await;
    response
}

/// Counts and logs a request for a socket at a path that is no socket's. The answer is that of the
/// path.
fn unmounted(connection: &HttpConnection, client: IpAddr, path: &str) {
    let (peer, refusal, admission) = (connection.peer, Refusal::Mount, &connection.app.admission);
    admission.refusals.count(refusal);
    summed!(
        admission.sums, SocketRefused, refusal.name(),
        %peer, %client, refusal = refusal.name(), why = %refusal, path = shown(path),
        hint = refusal.hint()
    );
}

/// Counts and logs a request for a page that does not say whose host it is for. A socket's is
/// refused by [`open_socket`].
fn for_no_one_host(connection: &HttpConnection, client: IpAddr) -> HttpResponse {
    let (why, refusal) = (NotAnUpgrade::Host, Refusal::Malformed);
    request_refused(connection, client, refusal, &why.to_string(), why.hint());
    no_one_host()
}

/// Counts and logs a request for a tunnel. Its target names a host, and no path of this server.
fn no_tunnel(connection: &HttpConnection, client: IpAddr) -> HttpResponse {
    let (why, hint) = (
        "CONNECT asks for a tunnel",
        "take lobbyd out of the client's proxy settings",
    );
    request_refused(connection, client, Refusal::Method, why, hint);
    method_not_allowed()
}

fn request_refused(
    connection: &HttpConnection,
    client: IpAddr,
    refusal: Refusal,
    why: &str,
    hint: &str,
) {
    let (peer, admission) = (connection.peer, &connection.app.admission);
    admission.refusals.count(refusal);
    summed!(
        admission.sums, RequestRefused, refusal.name(),
        %peer, %client, refusal = refusal.name(), why, hint
    );
}

fn with_close(mut response: HttpResponse) -> HttpResponse {
    let close = HeaderValue::from_static("close");
    response.headers_mut().insert(CONNECTION, close);
    response
}

/// Runs the handshake of a request, and logs a refusal with what would let the request in.
async fn open_socket(
    connection: &HttpConnection,
    mount: &Matched<'_, '_>,
    head: request::Parts,
    host: Result<(), NoOneHost>,
    client: IpAddr,
) -> Result<(Accepted, UpgradeAnswer), Refusal> {
    let app_timeout = Duration::from_millis(connection.app.limits.connect_timeout_ms);
    let peer = connection.peer;
    // Both are counted references, so they cost no copy of the text.
    let [origin, host_header] = [ORIGIN, HOST].map(|name| head.headers.get(name).cloned());
    let from = RequestAddresses { peer, client };
    let opened = match host {
        Ok(()) => handshake(mount, head, from, &connection.app.admission, app_timeout).await,
        Err(NoOneHost) => Err(Refusal::Request(NotAnUpgrade::Host)),
    };
    if let Err(refusal) = &opened {
        let (name, sums) = (refusal.name(), &connection.app.admission.sums);
        let text =
            |value: Option<HeaderValue>| shown_bytes(value.as_ref().map_or(b"", |v| v.as_bytes()));
        match refusal {
            // A fault of the app, and not of the client.
            Refusal::AppPanicked | Refusal::AppTooSlow => {
                summed!(
                    sums, ConnectFailed, name,
                    %peer, %client, refusal = name, why = %refusal, hint = refusal.hint()
                );
            }
            Refusal::Origin => summed!(
                sums, SocketRefused, name,
                %peer, %client, refusal = name, why = %refusal, origin = &*text(origin),
                host = &*text(host_header), hint = refusal.hint()
            ),
            _ => summed!(
                sums, SocketRefused, name,
                %peer, %client, refusal = name, why = %refusal, hint = refusal.hint()
            ),
        }
    }
    opened
}

/// Returns the answer to a request for a path that is no socket's.
async fn resource(
    connection: &HttpConnection,
    head: &request::Parts,
    client: IpAddr,
) -> HttpResponse {
    if head.method == Method::CONNECT {
        return no_tunnel(connection, client);
    }
    if asks_upgrade(&head.headers) {
        unmounted(connection, client, head.uri.path());
    }
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
