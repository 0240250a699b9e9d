//! Outgoing HTTP: one request, with bounds on its time and on its answer, and without redirects.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, HeaderMap, HeaderName, HeaderValue, IF_NONE_MATCH, USER_AGENT};
use http::{Request, StatusCode, Uri};
use http_body_util::{BodyExt, Empty, LengthLimitError, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};
use tokio::time::timeout;

/// Most bytes of an answer's body.
const BODY_BYTES_MAX: usize = 256 << 10;

/// Longest times for a connection, and for a whole answer, its connection included.
#[derive(Clone, Copy, Debug)]
pub(super) struct HttpTimes {
    pub connect: Duration,
    pub answer: Duration,
}

impl Default for HttpTimes {
    fn default() -> HttpTimes {
        HttpTimes {
            connect: Duration::from_secs(5),
            answer: Duration::from_secs(10),
        }
    }
}

/// A client of servers that the configuration names.
#[derive(Clone, Debug)]
pub(super) struct HttpClient {
    client: Client<HttpsConnector<HttpConnector>, Empty<Bytes>>,
    times: HttpTimes,
}

/// A whole answer.
#[derive(Debug)]
pub(super) struct HttpAnswer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

/// Why there is no answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum HttpFailure {
    /// No connection, none to the right server, or one that broke. Says which.
    Unreachable(String),
    /// The whole answer did not come in time.
    TimedOut,
    /// The body has more bytes than are read.
    TooLarge,
}

impl HttpClient {
    /// Returns a client that believes the public authorities and these. `None` if the crypto
    /// library has no TLS, which would be a mistake in its build.
    pub fn new(ca: &[CertificateDer<'static>], times: HttpTimes) -> Option<HttpClient> {
        let mut http = HttpConnector::new();
        http.enforce_http(false);
        http.set_connect_timeout(Some(times.connect));
        http.set_nodelay(true);
        let https = HttpsConnectorBuilder::new()
            .with_tls_config(tls(ca)?)
            .https_or_http()
            .enable_http1()
            .wrap_connector(http);
        let client = Client::builder(TokioExecutor::new())
            // Keys are fetched every ten minutes: a connection is not worth keeping.
            .pool_max_idle_per_host(0)
            .build(https);
        Some(HttpClient { client, times })
    }

    /// Asks for what is at this URL, if it has another `ETag` than this. A redirect is an answer
    /// like others: nothing follows it.
    pub async fn get(&self, url: &Uri, etag: Option<&str>) -> Result<HttpAnswer, HttpFailure> {
        let mut request = Request::new(Empty::new());
        *request.uri_mut() = url.clone();
        let agent = concat!("lobbyd/", env!("CARGO_PKG_VERSION"));
        let mut set = |name: HeaderName, value| request.headers_mut().insert(name, value);
        set(ACCEPT, HeaderValue::from_static("application/json"));
        set(USER_AGENT, HeaderValue::from_static(agent));
        if let Some(etag) = etag.and_then(|etag| HeaderValue::from_str(etag).ok()) {
            set(IF_NONE_MATCH, etag);
        }
        let answer = timeout(self.times.answer, self.whole(request)).await;
        answer.unwrap_or(Err(HttpFailure::TimedOut))
    }

    async fn whole(&self, request: Request<Empty<Bytes>>) -> Result<HttpAnswer, HttpFailure> {
        let response = self.client.request(request).await;
        let response = response.map_err(|error| unreachable_by(&error))?;
        let (head, body) = response.into_parts();
        let body = Limited::new(body, BODY_BYTES_MAX).collect().await;
        let body = body.map_err(|error| match error.is::<LengthLimitError>() {
            true => HttpFailure::TooLarge,
            false => unreachable_by(&*error),
        })?;
        Ok(HttpAnswer {
            status: head.status,
            headers: head.headers,
            body: body.to_bytes().into(),
        })
    }
}

fn tls(ca: &[CertificateDer<'static>]) -> Option<ClientConfig> {
    // The provider by its name: a process default would panic where an app has two.
    let provider = Arc::new(aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider);
    let config = config.with_safe_default_protocol_versions().ok()?;
    let mut roots = RootCertStore::empty();
    roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    roots.add_parsable_certificates(ca.iter().cloned());
    Some(config.with_root_certificates(roots).with_no_client_auth())
}

/// Returns the innermost cause, which says what happened: a name that is not found, say.
fn unreachable_by(error: &(dyn std::error::Error + 'static)) -> HttpFailure {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    HttpFailure::Unreachable(cause.to_string())
}
