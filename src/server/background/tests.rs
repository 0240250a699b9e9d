//! Tokens and keys with real threads, and with issuers on real sockets.

use std::net::{TcpListener, TcpStream};
use std::sync::{Mutex, mpsc};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::http_client::{HttpClient, HttpFailure};
use super::*;
use crate::credentials::{
    Algorithm, Audience, Issuer, JwksSource, Occasion, Signer, TokenCheck, TokenRefusal, Verdict,
    Verifier,
};
use crate::server::limits::limit::Limit;
use rustls::crypto::aws_lc_rs as provider;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use testkit::{Idp, http_answer as answer};

/// Longest wait for what is expected.
const LONG: Duration = Duration::from_secs(60);

/// A key pair of an issuer.
struct Pair {
    kid: &'static str,
    signer: Signer,
    jwk: Value,
}

fn pair(kid: &'static str) -> Pair {
    let private = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
    let public = Ed25519KeyPair::from_pkcs8(private.as_ref()).unwrap();
    let pem = format!(
        "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
        STANDARD.encode(private.as_ref())
    );
    let x = URL_SAFE_NO_PAD.encode(public.public_key().as_ref());
    Pair {
        kid,
        signer: Signer::private_pem(&pem).unwrap(),
        jwk: json!({"kty": "OKP", "crv": "Ed25519", "kid": kid, "x": x}),
    }
}

impl Pair {
    fn token(&self) -> String {
        self.token_of("u17")
    }

    fn token_of(&self, subject: &str) -> String {
        let claims = json!({"sub": subject, "exp": now_ms() / 1_000 + 600});
        let claims = claims.as_object().unwrap();
        let token = self.signer.sign(Algorithm::EdDsa, Some(self.kid), claims);
        token.unwrap()
    }
}

fn now_ms() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    now.as_millis() as u64
}

fn set(keys: &[&Pair]) -> String {
    let keys: Vec<_> = keys.iter().map(|pair| &pair.jwk).collect();
    json!({ "keys": keys }).to_string()
}

fn background() -> Background {
    let limits = ServerLimits::default();
    let mut background = Background::new(&limits, &Arc::default());
    // A server that does not answer costs a test no ten seconds.
    background.times.answer = Duration::from_secs(3);
    background
}

fn checks(source: JwksSource) -> TokenChecks {
    let issuer = Issuer::new("accounts")
        .audience(Audience::Any)
        .algorithms(&[Algorithm::EdDsa])
        .jwks(source);
    TokenChecks::new(Verifier::new([issuer]).unwrap())
}

fn source(url: &str) -> JwksSource {
    JwksSource::new(url).unwrap()
}

/// Checks a token, in a runtime as a shard has one.
fn verdict(checks: &TokenChecks, token: &str) -> Verdict {
    let check = checks.check(token, &Occasion::connect(now_ms()));
    match check {
        TokenCheck::Now(verdict) => verdict,
        TokenCheck::Later(wait) => {
            let mut runtime = tokio::runtime::Builder::new_current_thread();
            runtime.enable_time().build().unwrap().block_on(wait)
        }
    }
}

fn is_taken(checks: &TokenChecks, token: &str) -> bool {
    matches!(verdict(checks, token), Verdict::Taken(_))
}

/// Waits until a token is taken. A token gives up its wait for a key after 2 s, which on a busy
/// machine may be too soon.
fn until_taken(checks: &TokenChecks, token: &str) {
    until("the token is taken", || is_taken(checks, token));
}

/// Returns an issuer by HTTPS for the name `localhost`, and its certificate.
fn https(answer: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static) -> (Idp, String) {
    let own = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(own.signing_key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(provider::default_provider()));
    let config = config.with_safe_default_protocol_versions().unwrap();
    let config = config.with_no_client_auth();
    let config = config.with_single_cert(vec![own.cert.der().clone()], key);
    let config = Arc::new(config.unwrap());
    let wrap = move |stream: TcpStream| -> Box<dyn testkit::idp::Duplex> {
        let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
        Box::new(StreamOwned::new(connection, stream))
    };
    (Idp::over(wrap, answer), own.cert.pem())
}

/// Never answers: the connection stays open without a byte.
fn hang() -> ! {
    loop {
        std::thread::park();
    }
}

/// Returns a port that nobody listens on any more.
fn closed_port() -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap()
}

fn until(what: &str, is_so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < LONG, "not within {LONG:?}: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Returns how often the fetches of `accounts` had this result.
fn fetches(background: &Background, result: &str) -> u64 {
    let rows = background.tokens.fetches.read();
    let mut of = rows.iter().filter(|(_, name, _)| *name == result);
    of.next().map_or(0, |(_, _, count)| *count)
}

/// Serves checks of the set at an URL, and waits for the first result, which is given by its name.
fn fails_with(url: &str, result: &str) {
    let (background, checks) = (background(), checks(source(url)));
    background.serve(&checks);
    until(result, || fetches(&background, result) > 0);
    assert!(!checks.verifier().issuers()[0].had_keys());
    assert!(background.keys.is_awaited());
    background.stop();
    let unavailable = Verdict::Refused(TokenRefusal::KeysUnavailable);
    assert_eq!(verdict(&checks, &pair("a").token()), unavailable);
}

#[test]
fn keys_are_fetched_at_the_start_and_the_signature_is_checked_beside() {
    let a = pair("a");
    let body = set(&[&a]);
    let idp = Idp::http(move |_| answer("200 OK", "", &body));
    let (background, checks) = (background(), checks(source(&idp.url())));
    assert_eq!(background.pool.waiting(), None);
    background.serve(&checks);
    assert!(
        is_taken(&checks, &a.token()),
        "it waits for the first fetch"
    );
    assert_eq!(background.pool.waiting(), Some(0));
    assert!(!background.keys.is_awaited());
    until("counted", || fetches(&background, "ok") == 1);
    let request = idp.requests().remove(0).to_lowercase();
    assert!(request.starts_with("get /jwks.json?tenant=1 http/1.1\r\n"));
    assert!(request.contains(concat!(
        "\r\nuser-agent: lobbyd/",
        env!("CARGO_PKG_VERSION"),
        "\r\n"
    )));
    background.stop();
    assert!(is_taken(&checks, &a.token()), "on the calling thread");
}

#[test]
fn key_that_an_issuer_rotates_in_is_fetched_once_for_all_that_ask() {
    let (a, b) = (pair("a"), pair("b"));
    let bodies = Mutex::new(vec![set(&[&a, &b]), set(&[&a])]);
    let (release, released) = mpsc::channel::<()>();
    let released = Mutex::new(released);
    let idp = Idp::http(move |_| {
        let body = bodies.lock().unwrap().pop().expect("one fetch for each");
        let is_first = bodies.lock().unwrap().len() == 1;
        if !is_first {
            let _ = released.lock().unwrap().recv_timeout(LONG);
        }
        answer("200 OK", "cache-control: max-age=86400\r\n", &body)
    });
    let (mut background, checks) = (background(), checks(source(&idp.url()).cooldown_s(0)));
    background.times.answer = LONG;
    background.serve(&checks);
    until_taken(&checks, &a.token());
    let tokens: Vec<_> = (0..16).map(|n| b.token_of(&format!("u{n}"))).collect();
    let occasion = Occasion::connect(now_ms());
    let check = |token: &String| match checks.check(token, &occasion) {
        TokenCheck::Later(wait) => wait,
        TokenCheck::Now(verdict) => panic!("{verdict:?}"),
    };
    let waits: Vec<_> = tokens.iter().map(check).collect();
    until("it is asked", || idp.requests().len() == 2);
    drop(release);
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_time().build().unwrap();
    for (wait, token) in waits.into_iter().zip(&tokens) {
        runtime.block_on(wait);
        until_taken(&checks, token);
    }
    assert_eq!(idp.requests().len(), 2);
}

#[test]
fn set_that_has_not_changed_is_confirmed_by_its_etag() {
    let a = pair("a");
    let body = set(&[&a]);
    let idp = Idp::http(
        move |head| match head.contains("if-none-match: W/\"7\"\r\n") {
            true => answer("304 Not Modified", "", ""),
            false => answer("200 OK", "etag: W/\"7\"\r\n", &body),
        },
    );
    let (background, checks) = (background(), checks(source(&idp.url()).cooldown_s(0)));
    background.serve(&checks);
    until_taken(&checks, &a.token());
    // A question that meets the first fetch under way begins none.
    until("304", || {
        is_taken(&checks, &pair("b").token()) || fetches(&background, "unchanged") >= 1
    });
    assert!(is_taken(&checks, &a.token()));
}

#[test]
fn old_keys_stay_while_the_issuer_answers_html_an_empty_set_or_nothing() {
    let a = pair("a");
    let bodies = Mutex::new(vec![
        "{\"keys\": []}".to_owned(),
        "<html>".to_owned(),
        set(&[&a]),
    ]);
    let idp = Idp::http(move |_| match bodies.lock().unwrap().pop() {
        Some(body) => answer("200 OK", "", &body),
        None => answer("503 Service Unavailable", "", ""),
    });
    let (background, checks) = (background(), checks(source(&idp.url()).refresh_s(0)));
    background.serve(&checks);
    for result in ["not_jwks", "empty", "status"] {
        until(result, || fetches(&background, result) > 0);
        assert!(is_taken(&checks, &a.token()));
    }
    assert_eq!(fetches(&background, "ok"), 1);
}

#[test]
fn redirect_huge_body_and_closed_port_are_failures_with_names() {
    let a = pair("a");
    let body = set(&[&a]);
    let other = Arc::new(Idp::http(move |_| answer("200 OK", "", &body)));
    let location = format!("location: {}\r\n", other.url());
    let idp = Idp::http(move |_| answer("302 Found", &location, ""));
    fails_with(&idp.url(), "redirect");
    assert_eq!(other.requests().len(), 0, "nothing follows a redirect");

    let huge = " ".repeat((256 << 10) + 1);
    let idp = Idp::http(move |_| answer("200 OK", "", &huge));
    fails_with(&idp.url(), "too_large");
    let endless = || {
        let chunk = format!("4000\r\n{}\r\n", " ".repeat(0x4000)).repeat(17);
        let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
        [head.as_bytes(), chunk.as_bytes()].concat()
    };
    fails_with(&Idp::http(move |_| endless()).url(), "too_large");
    fails_with(&format!("http://{}/", closed_port()), "unreachable");
    let garbage = Idp::http(|_| b"SSH-2.0-OpenSSH_9.6\r\n".to_vec());
    fails_with(&garbage.url(), "unreachable");
}

#[test]
fn issuer_that_answers_in_ten_minutes_is_given_up_and_holds_up_no_token() {
    fails_with(&Idp::http(|_| hang()).url(), "timed_out");
    // The head comes, and the body never ends.
    let slow = Idp::http(|_| b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{".to_vec());
    let (background, checks) = (background(), checks(source(&slow.url())));
    background.serve(&checks);
    let begun = Instant::now();
    let unavailable = Verdict::Refused(TokenRefusal::KeysUnavailable);
    assert_eq!(verdict(&checks, &pair("a").token()), unavailable);
    assert!(begun.elapsed() < LONG);
    let begun = Instant::now();
    drop(background);
    assert!(begun.elapsed() < LONG, "its end waits for no issuer");
}

#[test]
fn https_is_believed_with_the_authority_of_ca_file_and_not_without() {
    let a = pair("a");
    let body = set(&[&a]);
    let (idp, authority) = https(move |_| answer("200 OK", "", &body));
    let url = format!("https://localhost:{}/jwks", idp.port());
    let (background, checks) = (
        background(),
        checks(source(&url).ca_pem(&authority).unwrap()),
    );
    background.serve(&checks);
    until_taken(&checks, &a.token());
    assert_eq!(idp.requests().len(), 1);

    fails_with(&url, "unreachable");
    let by_address = format!("https://127.0.0.1:{}/jwks", idp.port());
    let client = HttpClient::new(&[], HttpTimes::default()).unwrap();
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().build().unwrap();
    let answer = runtime.block_on(client.get(&by_address.parse().unwrap(), None));
    let Err(HttpFailure::Unreachable(cause)) = answer else {
        panic!("{answer:?}");
    };
    assert!(cause.contains("certificate"), "{cause}");
    assert_eq!(idp.requests().len(), 1, "no request goes to a stranger");
}

#[test]
fn reload_hands_the_keys_on_and_ends_the_fetches_of_before() {
    let a = pair("a");
    let (body, is_down) = (set(&[&a]), Arc::new(Mutex::new(false)));
    let down = Arc::clone(&is_down);
    let idp = Idp::http(move |_| match *down.lock().unwrap() {
        false => answer("200 OK", "", &body),
        true => answer("503 Service Unavailable", "", ""),
    });
    let background = background();
    let before = checks(source(&idp.url()));
    background.serve(&before);
    background.serve(&before);
    until_taken(&before, &a.token());
    *is_down.lock().unwrap() = true;
    let after = checks(source(&idp.url()));
    background.serve(&after);
    assert!(is_taken(&after, &a.token()));
    assert_eq!(background.keys.verifiers().len(), 2);
    let weak = Arc::downgrade(before.verifier());
    drop(before);
    until("the old verifier goes", || weak.strong_count() == 0);
    assert_eq!(background.keys.verifiers().len(), 1);
}

#[test]
fn full_queue_refuses_a_dear_token_at_once_and_counts() {
    let a = pair("a");
    let body = set(&[&a]);
    let idp = Idp::http(move |_| answer("200 OK", "", &body));
    let (background, checks) = (background(), checks(source(&idp.url())));
    background.serve(&checks);
    let known = a.token();
    until_taken(&checks, &known);
    let (release, released) = mpsc::channel::<()>();
    let released = Arc::new(Mutex::new(released));
    let limits = ServerLimits::default().with_max(Limit::TokenChecks, 1);
    background.set_limits(&limits);
    let block = || {
        let released = Arc::clone(&released);
        let job = move || {
            let _ = released.lock().unwrap().recv_timeout(LONG);
        };
        let kind = job_stats::JobKind::TokenCheck;
        background.pool.run(kind, Box::new(job))
    };
    until("all threads are busy, and one job waits", || {
        block().is_err()
    });
    let begun = Instant::now();
    let busy = Verdict::Refused(TokenRefusal::KeysUnavailable);
    assert_eq!(verdict(&checks, &a.token_of("u18")), busy);
    assert!(begun.elapsed() < LONG, "at once");
    assert!(is_taken(&checks, &known), "it is in the cache");
    drop(release);
    until_taken(&checks, &a.token_of("u18"));
    let rows = background.tokens.tokens.read();
    let of = |name| rows.iter().find(|(_, result, _)| *result == name);
    assert!(of("keys_unavailable").is_some() && of("cached").is_some());
}
