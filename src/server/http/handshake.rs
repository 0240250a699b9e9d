//! Deciding about a request for a socket, by Phoenix's checks in Phoenix's order.

use std::future::{Future, poll_fn};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use hyper::Method;
use hyper::header::{HeaderValue, ORIGIN};
use hyper::http::request;

#[cfg(feature = "auth")]
use super::identify::{TokenPlaces, identify};
use super::identity::Identity;
use super::subprotocol;
use super::upgrade::{self as upgrade_request, UpgradeAnswer};
use crate::channel::{
    AppValue, Assigns, ConnectAccept, ConnectInfo, Matched, Params, UserSocket, Value, contained,
    request_host,
};
#[cfg(feature = "auth")]
use crate::credentials::TokenRefusal;
use crate::protocol::Version;
use crate::server::admission::Admission;
use crate::server::admission::refusal::Refusal;
use crate::server::limits::step_timer::within;

/// An accepted socket: all that its connection begins with.
#[derive(Debug)]
pub struct Accepted {
    /// The mount: its channels and limits.
    pub socket: Arc<UserSocket>,
    /// The version of the protocol that the client speaks.
    pub version: Version,
    /// The assigns of the connect callback; every channel starts with a copy.
    pub assigns: Assigns,
    /// The name under which the socket can be disconnected from outside.
    pub socket_id: Option<String>,
    /// What is known of the client.
    pub(crate) identity: Identity,
}

/// Runs all checks. Returns the socket with the 101 that opens it.
///
/// Waits only for the app, and at most for `app_timeout`.
pub(crate) async fn handshake(
    mount: &Matched<'_, '_>,
    head: request::Parts,
    from: RequestAddresses,
    admission: &Admission,
    app_timeout: Duration,
) -> Result<(Accepted, UpgradeAnswer), Refusal> {
    let mut asked = check(mount, head, from)?;
    let socket = mount.socket;
    let mut identity = asked.identify(socket, admission, app_timeout).await?;
    asked.info.credentials = identity.credentials.clone();
    asked.info.token_is_over = identity.is_told;
    let app = ask_app(socket, &asked.params, &asked.info, app_timeout).await?;
    let mut answer = upgrade_request::accept(&asked.info.head).map_err(Refusal::Request)?;
    answer.subprotocol = asked.subprotocol;
    let ConnectAccept {
        id,
        assigns,
        credentials,
    } = app;
    if credentials.is_some() {
        identity.credentials = credentials;
        identity.is_told = false;
    }
    let accepted = Accepted {
        socket: Arc::clone(socket),
        version: asked.version,
        assigns,
        socket_id: id.or_else(|| socket.socket_id_of(identity.credentials.as_deref())),
        identity,
    };
    Ok((accepted, answer))
}

/// The two addresses that a request may come from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RequestAddresses {
    /// The other end of the connection.
    pub peer: SocketAddr,
    /// The client's address, as far as proxies are trusted.
    pub client: IpAddr,
}

/// The results of the checks before the app's own check.
struct Asked {
    params: Params,
    info: ConnectInfo,
    /// The token of phoenix.js's `authToken`, which the app is not shown unless it asks.
    #[cfg_attr(not(feature = "auth"), expect(dead_code))]
    auth_token: Option<String>,
    subprotocol: Option<HeaderValue>,
    version: Version,
}

impl Asked {
    /// Finds out whom the request is from. Waits for the check of a token as long as for the app.
    #[cfg(feature = "auth")]
    async fn identify(
        &self,
        socket: &UserSocket,
        admission: &Admission,
        timeout: Duration,
    ) -> Result<Identity, Refusal> {
        let places = TokenPlaces {
            headers: &self.info.head.headers,
            auth_token: self.auth_token.as_deref(),
            params: &self.params,
        };
        let identity = within(timeout, identify(socket, places, &admission.revocations)).await;
        identity.unwrap_or(Err(Refusal::Token(TokenRefusal::KeysUnavailable)))
    }

    #[cfg(not(feature = "auth"))]
    async fn identify(
        &self,
        _socket: &UserSocket,
        _admission: &Admission,
        _timeout: Duration,
    ) -> Result<Identity, Refusal> {
        Ok(Identity::default())
    }
}

/// Runs all checks that come before the app is asked.
fn check(
    mount: &Matched<'_, '_>,
    mut head: request::Parts,
    from: RequestAddresses,
) -> Result<Asked, Refusal> {
    if head.method != Method::GET {
        return Err(Refusal::Method);
    }
    let socket = mount.socket;
    let query = head.uri.query().unwrap_or_default();
    let params = mount.params(query).map_err(Refusal::Query)?;
    let origins = head.headers.get_all(ORIGIN);
    let origins = origins.into_iter().map(HeaderValue::as_bytes);
    // The policy may be a function of the app.
    let allows = || {
        socket
            .check_origin
            .allows(origins, request_host(&head.headers))
    };
    if !contained(allows).map_err(|_| Refusal::AppPanicked)? {
        return Err(Refusal::Origin);
    }
    let mut auth_token = None;
    let takes_auth_token = socket.auth_token || socket.checks_auth_token();
    if takes_auth_token {
        auth_token = subprotocol::take_auth_token(&mut head.headers)
            .map_err(|subprotocol::BadToken| Refusal::AuthToken)?;
    }
    let names = socket.subprotocols.as_deref();
    // Without a list and without the app's word, names that nobody knows are no reason to refuse.
    let has_token = socket.auth_token || takes_auth_token && names.is_some();
    let subprotocol = subprotocol::choose(names, has_token, &head.headers)
        .map_err(|subprotocol::NothingInCommon| Refusal::Subprotocol)?;
    let version = version(&params).ok_or(Refusal::Version)?;
    let custom = Arc::clone(&socket.connect_info);
    let info = ConnectInfo {
        peer: from.peer,
        client: from.client,
        head,
        auth_token: auth_token.clone().filter(|_| socket.auth_token),
        custom,
        credentials: None,
        token_is_over: false,
    };
    Ok(Asked {
        params,
        info,
        auth_token,
        subprotocol,
        version,
    })
}

/// Returns the version that the parameter `vsn` names. Without `vsn` it is the oldest version.
/// `None` if `vsn` names none, or is a list or a map.
fn version(params: &Params) -> Option<Version> {
    match params.value("vsn") {
        None => Version::negotiate(None),
        Some(Value::Text(vsn)) => Version::negotiate(Some(vsn)),
        Some(_) => None,
    }
}

/// Runs the app's callback, and waits for its decision if the callback left it for later.
async fn ask_app(
    socket: &UserSocket,
    params: &Params,
    info: &ConnectInfo,
    timeout: Duration,
) -> Result<ConnectAccept, Refusal> {
    let answer = || (socket.connect)(params, info);
    let answer = contained(answer).map_err(|_| Refusal::AppPanicked)?;
    match within(timeout, unless_panicking(answer.settle())).await {
        Some(Some(Ok(accepted))) => Ok(accepted),
        Some(Some(Err(status))) => Err(Refusal::App(status)),
        Some(None) => Err(Refusal::AppPanicked),
        None => Err(Refusal::AppTooSlow),
    }
}

/// Returns the output of `future`. `None` if `future` panics; then it is not polled again. The
/// `catch_unwind` of futures-util would be one more crate for these lines.
async fn unless_panicking<T>(future: impl Future<Output = T>) -> Option<T> {
    let mut future = AppValue::new(Box::pin(future));
    let poll = |context: &mut std::task::Context<'_>| {
        let poll = contained(|| future.get_mut().as_mut().poll(context));
        poll.map_or(Poll::Ready(None), |poll| poll.map(Some))
    };
    poll_fn(poll).await
}

#[cfg(test)]
mod tests;
