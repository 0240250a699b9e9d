//! A server that fetches the keys of an issuer: its readiness, its verdicts, and their metrics.

use std::sync::mpsc::{Receiver, channel};
use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use lobbyd::credentials::{
    Algorithm, Audience, Issuer, JwksSource, Occasion, Signer, TokenCheck, TokenChecks,
    TokenRefusal, Verdict, Verifier,
};
use lobbyd::{Connect, Params, Router, Running, Server, StatusCode, UserSocket, rooms};
use serde_json::json;
use testkit::{DEADLINE, Idp, eventually, http_answer, start, tutorial, upgrade};

use crate::metrics::page::{Page, get, scrape};

/// A key pair, and the set with its public key.
struct Pair {
    signer: Signer,
    set: String,
}

fn pair() -> Pair {
    let private = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
    let public = Ed25519KeyPair::from_pkcs8(private.as_ref()).unwrap();
    let pem = STANDARD.encode(private.as_ref());
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{pem}\n-----END PRIVATE KEY-----\n");
    let x = URL_SAFE_NO_PAD.encode(public.public_key().as_ref());
    let jwk = json!({"kty": "OKP", "crv": "Ed25519", "kid": "2026-11", "x": x});
    Pair {
        signer: Signer::private_pem(&pem).unwrap(),
        set: json!({ "keys": [jwk] }).to_string(),
    }
}

fn now_ms() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    now.as_millis() as u64
}

impl Pair {
    fn token(&self) -> String {
        let claims = json!({"sub": "u17", "exp": now_ms() / 1_000 + 600});
        let claims = claims.as_object().unwrap();
        let signed = self.signer.sign(Algorithm::EdDsa, Some("2026-11"), claims);
        signed.unwrap()
    }
}

fn checks(url: &str) -> TokenChecks {
    let issuer = Issuer::new("accounts")
        .audience(Audience::Any)
        .algorithms(&[Algorithm::EdDsa])
        .jwks(JwksSource::new(url).unwrap());
    TokenChecks::new(Verifier::new([issuer]).unwrap())
}

/// Lets in who has a good token, as an app does that checks tokens itself.
fn connect(checks: &TokenChecks, params: &Params) -> Connect {
    let token = params.get("token").unwrap_or_default();
    let decide = |verdict| match verdict {
        Verdict::Taken(credentials) => Connect::accept().credentials(credentials).into(),
        _ => Connect::refuse_with(StatusCode::UNAUTHORIZED),
    };
    match checks.check(token, &Occasion::connect(now_ms())) {
        TokenCheck::Now(verdict) => decide(verdict),
        TokenCheck::Later(wait) => Connect::later(wait, decide),
    }
}

fn server(checks: &TokenChecks) -> Server {
    let own = checks.clone();
    let socket = UserSocket::new().connect(move |params, _| connect(&own, params));
    let socket = rooms::declare(socket, rooms::tutorial());
    Server::new(Router::new().socket("/socket", socket))
        .shards(2)
        .tokens(checks.clone())
}

fn opens(server: &Running, token: &str) -> bool {
    let target = format!("/socket/websocket?vsn=2.0.0&token={token}");
    match upgrade(server.local_addr(), &target, "") {
        Ok(_) => true,
        Err(answer) => {
            assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
            false
        }
    }
}

/// Returns the page of a server that has judged tokens of each kind.
pub fn page_with_tokens() -> Page {
    let pair = pair();
    let set = pair.set.clone();
    let idp = Idp::http(move |_| http_answer("200 OK", "", &set));
    let checks = checks(&idp.url());
    let server = start(server(&checks));
    eventually("a token is taken", || opens(&server, &pair.token()));
    scrape(server.local_addr())
}

#[test]
fn connect_of_an_app_has_its_tokens_checked_by_the_background() {
    let (good, other) = (pair(), pair());
    let set = good.set.clone();
    let idp = Idp::http(move |_| http_answer("200 OK", "", &set));
    let checks = checks(&idp.url());
    let server = start(server(&checks).background_threads(1).background_nice(19));
    let token = good.token();
    eventually("the keys came", || opens(&server, &token));
    assert!(opens(&server, &token));
    assert!(!opens(&server, &other.token()));
    assert!(!opens(&server, "a.b.c"));
    assert_eq!(idp.requests().len(), 1);

    let page = scrape(server.local_addr());
    let tokens = |issuer, result| {
        page.value(
            "lobbyd_tokens_total",
            &[("issuer", issuer), ("result", result)],
        )
    };
    assert_eq!(tokens("accounts", "ok"), 1.0);
    assert!(tokens("accounts", "cached") >= 1.0);
    assert_eq!(tokens("accounts", "token_signature"), 1.0);
    assert_eq!(tokens("", "token_malformed"), 1.0);
    let accounts = [("issuer", "accounts")];
    assert_eq!(page.value("lobbyd_token_keys", &accounts), 1.0);
    assert!(page.value("lobbyd_jwks_age_seconds", &accounts) < 600.0);
    let fetched = [("issuer", "accounts"), ("result", "ok")];
    assert_eq!(page.value("lobbyd_jwks_fetches_total", &fetched), 1.0);
    let algorithm = [("algorithm", "EdDSA")];
    let checked = page.value("lobbyd_token_check_seconds_count", &algorithm);
    assert_eq!(checked, 2.0);
    assert_eq!(page.value("lobbyd_background_waiting", &[]), 0.0);
    // A job is counted when it is over, a moment after its answer.
    let job = [("job", "token_check")];
    let count = |page: Page| page.value("lobbyd_background_seconds_count", &job);
    eventually("both are counted", || {
        count(scrape(server.local_addr())) == 2.0
    });
    server.stop().unwrap();
}

/// Returns an issuer that answers once the sender is dropped.
fn silent(set: String, released: Receiver<()>) -> Idp {
    let released = Mutex::new(released);
    Idp::http(move |_| {
        let released = released.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = released.recv_timeout(DEADLINE);
        http_answer("200 OK", "", &set)
    })
}

#[test]
fn server_starts_until_its_issuer_had_keys() {
    let (release, released) = channel::<()>();
    let idp = silent(pair().set, released);
    let checks = checks(&idp.url());
    let any = "127.0.0.1:0".parse().unwrap();
    let bound = server(&checks).admin(any).bind(any).unwrap();
    let admin = bound.admin_addr().unwrap();
    let _server = bound.start();
    eventually("the keys are asked for", || idp.requests().len() == 1);
    let (status, _, line) = get(admin, "/readyz", "");
    assert_eq!((status, line.as_str()), (503, "starting\n"));
    assert_eq!(scrape(admin).value("lobbyd_admitting", &[]), 0.0);
    assert_eq!(get(admin, "/healthz", "").0, 200);
    drop(release);
    eventually("ready", || get(admin, "/readyz", "").0 == 200);
    assert_eq!(scrape(admin).value("lobbyd_admitting", &[]), 1.0);
}

#[test]
fn server_waits_for_keys_no_longer_than_it_may() {
    let (_release, released) = channel::<()>();
    let idp = silent(pair().set, released);
    let checks = checks(&idp.url());
    let any = "127.0.0.1:0".parse().unwrap();
    let bound = server(&checks).jwks_wait_ms(1).admin(any).bind(any);
    let bound = bound.unwrap();
    let admin = bound.admin_addr().unwrap();
    let _server = bound.start();
    eventually("ready without keys", || get(admin, "/readyz", "").0 == 200);
    let keys = [("issuer", "accounts")];
    assert_eq!(scrape(admin).value("lobbyd_token_keys", &keys), 0.0);
}

#[test]
fn server_that_never_runs_stops_its_fetches_though_an_endpoint_is_kept() {
    let (_release, released) = channel::<()>();
    let idp = silent(pair().set, released);
    let checks = checks(&idp.url());
    let bound = server(&checks)
        .bind("127.0.0.1:0".parse().unwrap())
        .unwrap();
    let endpoint = bound.endpoint();
    eventually("the keys are asked for", || idp.requests().len() == 1);
    drop(bound);
    // Nobody fetches any more, so no token waits for it.
    let check = checks.check(&pair().token(), &Occasion::connect(now_ms()));
    let unavailable = Verdict::Refused(TokenRefusal::KeysUnavailable);
    assert!(matches!(check, TokenCheck::Now(verdict) if verdict == unavailable));
    let tokens = endpoint.metrics(0);
    assert!(
        tokens.contains("result=\"keys_unavailable\"} 1\n"),
        "{tokens}"
    );
}

#[test]
fn metrics_of_a_server_without_tokens_have_none_of_tokens() {
    let page = scrape(tutorial().local_addr());
    let of_tokens = |name: &&String| {
        let parts = ["token", "jwks", "background"];
        parts.iter().any(|part| name.contains(part))
    };
    let found: Vec<_> = page.0.keys().filter(of_tokens).collect();
    assert!(found.is_empty(), "{found:?}");
}
