//! Keys from a URL: which set comes into force, what a token that lacks a key gets, what is kept.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

use super::*;
use crate::credentials::{
    FetchStep, JwksAnswer, JwksResult, JwksSource, TakenAnswer, TokenCheck, TokenChecks,
};

/// A key pair of an IdP, by its `kid`.
struct Rotated {
    kid: &'static str,
    pair: Pair,
    x: String,
}

fn rotated(kid: &'static str) -> Rotated {
    let private = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
    let pair = Ed25519KeyPair::from_pkcs8(private.as_ref()).unwrap();
    Rotated {
        kid,
        x: URL_SAFE_NO_PAD.encode(pair.public_key().as_ref()),
        pair: Pair::new(private.as_ref(), b"not needed"),
    }
}

impl Rotated {
    fn jwk(&self) -> Value {
        json!({"kty": "OKP", "crv": "Ed25519", "use": "sig", "kid": self.kid, "x": self.x})
    }

    /// Returns a token of this key that says it is of `kid`.
    fn token_as(&self, kid: &str) -> String {
        let signer = self.pair.signing();
        let claims = claims(json!({}));
        signer.sign(Algorithm::EdDsa, Some(kid), &claims).unwrap()
    }

    fn token(&self) -> String {
        self.token_as(self.kid)
    }
}

fn source() -> JwksSource {
    JwksSource::new("https://id.example.com/jwks").unwrap()
}

fn issuer(source: JwksSource) -> Issuer {
    Issuer::new("accounts")
        .iss("https://id.example.com/")
        .audience(Audience::Any)
        .algorithms(&[Algorithm::EdDsa, Algorithm::Rs256, Algorithm::Hs256])
        .jwks(source)
}

fn set(keys: &[Value]) -> JwksAnswer {
    JwksAnswer::Set {
        body: json!({ "keys": keys }).to_string().into_bytes(),
        etag: Some("\"1\"".to_owned()),
        max_age_s: None,
    }
}

/// Begins the fetch that is due, and answers it.
fn fetch(issuer: &Issuer, answer: JwksAnswer) -> TakenAnswer {
    let step = issuer.fetch_step().unwrap();
    assert!(matches!(step, FetchStep::Fetch { .. }), "{step:?}");
    issuer.take_answer(answer).unwrap()
}

fn result_of(issuer: &Issuer, keys: &[Value]) -> JwksResult {
    issuer.take_answer(set(keys)).unwrap().result
}

#[test]
fn keys_of_a_url_are_unavailable_until_they_come() {
    let (old, own) = (rotated("old"), hs256());
    let alone = verifier(issuer(source()));
    let unavailable = Some(TokenRefusal::KeysUnavailable);
    assert_eq!(refusal(&alone, &old.token()), unavailable);
    let beside = verifier(issuer(source()).keys(KeySet::new([own])));
    assert_eq!(refusal(&beside, &old.token()), unavailable);
    taken(&beside, &token(json!({})));
    for verifier in [&alone, &beside] {
        let issuer = &verifier.issuers()[0];
        assert!(!issuer.had_keys());
        let answer = fetch(issuer, set(&[old.jwk()]));
        assert_eq!((answer.result, answer.failures), (JwksResult::Ok, 0));
        assert!(issuer.had_keys());
        taken(verifier, &old.token());
        let unknown = Some(TokenRefusal::KeyUnknown);
        assert_eq!(refusal(verifier, &rotated("new").token()), unknown);
        let other = P256.signing();
        let other = other.sign(Algorithm::Es256, Some("old"), &claims(json!({})));
        let algorithm = Some(TokenRefusal::Algorithm);
        assert_eq!(refusal(verifier, &other.unwrap()), algorithm);
    }
    taken(&beside, &token(json!({})));
}

#[test]
fn algorithm_that_the_set_lacks_asks_for_another_set() {
    let old = rotated("old");
    let verifier = verifier(issuer(source()));
    fetch(&verifier.issuers()[0], set(&[old.jwk()]));
    let rs256 = |kid| {
        RSA.signing()
            .sign(Algorithm::Rs256, kid, &claims(json!({})))
    };
    let refused = |kid| refusal(&verifier, &rs256(kid).unwrap());
    assert_eq!(refused(Some("new")), Some(TokenRefusal::KeyUnknown));
    assert_eq!(refused(None), Some(TokenRefusal::KeyUnknown));
    assert_eq!(refused(Some("old")), Some(TokenRefusal::Algorithm));
}

#[test]
fn empty_set_html_and_secrets_are_kept_out_and_the_old_set_stays() {
    let old = rotated("old");
    let verifier = verifier(issuer(source()));
    let issuer = &verifier.issuers()[0];
    fetch(issuer, set(&[old.jwk()]));
    let secret = json!({"kty": "oct", "k": URL_SAFE_NO_PAD.encode(SECRET), "kid": "old"});
    assert_eq!(result_of(issuer, &[]), JwksResult::Empty);
    assert_eq!(
        result_of(issuer, std::slice::from_ref(&secret)),
        JwksResult::Empty
    );
    let html = JwksAnswer::Set {
        body: b"<html>We are down for maintenance.</html>".to_vec(),
        etag: Some("\"error page\"".to_owned()),
        max_age_s: Some(86_400),
    };
    let answer = issuer.take_answer(html).unwrap();
    assert_eq!((answer.result, answer.failures), (JwksResult::NotJwks, 3));
    taken(&verifier, &old.token());

    let answer = issuer.take_answer(set(&[old.jwk(), secret])).unwrap();
    assert_eq!((answer.result, answer.failures), (JwksResult::Ok, 0));
    assert_eq!(answer.keys.map(|keys| keys.keys().len()), Some(1));
    assert_eq!(answer.left_out.len(), 1);
}

#[test]
fn foreign_set_is_kept_out_unless_a_token_that_asked_is_verified_by_it() {
    let (old, new, other) = (rotated("old"), rotated("new"), rotated("new"));
    // A day ago, as it were: without a cool-down every token may ask.
    let checks = TokenChecks::new(verifier(issuer(source().cooldown_s(0))));
    let issuer = &checks.verifier().issuers()[0];
    let refresh = issuer.refresh().unwrap();
    let _served = refresh.serve().unwrap();
    fetch(issuer, set(&[old.jwk()]));
    assert_eq!(result_of(issuer, &[new.jwk()]), JwksResult::Unrelated);

    let ask = |token: &str| checks.check(token, &Occasion::connect(NOW_MS));
    assert!(
        matches!(ask(&other.token()), TokenCheck::Later(_)),
        "forged"
    );
    assert_eq!(result_of(issuer, &[new.jwk()]), JwksResult::Unrelated);
    taken(checks.verifier(), &old.token());

    for _ in 0..100 {
        let random = other.token_as("of nobody");
        assert!(matches!(ask(&random), TokenCheck::Later(_)));
    }
    assert!(matches!(ask(&new.token()), TokenCheck::Later(_)));
    assert_eq!(result_of(issuer, &[new.jwk()]), JwksResult::Ok);
    taken(checks.verifier(), &new.token());
    let unknown = Some(TokenRefusal::KeyUnknown);
    assert_eq!(refusal(checks.verifier(), &old.token()), unknown);
}

#[test]
fn key_that_is_gone_is_good_for_no_token_not_even_from_the_cache() {
    let (old, new) = (rotated("old"), rotated("new"));
    let verifier = verifier(issuer(source()));
    let issuer = &verifier.issuers()[0];
    fetch(issuer, set(&[old.jwk()]));
    let known = taken(&verifier, &old.token());
    assert_eq!(result_of(issuer, &[old.jwk(), new.jwk()]), JwksResult::Ok);
    taken(&verifier, &old.token());
    assert_eq!(verifier.key_removals(), 0);
    assert!(verifier.has_key_of(&known, NOW_MS));
    assert_eq!(result_of(issuer, &[new.jwk()]), JwksResult::Ok);
    let unknown = Some(TokenRefusal::KeyUnknown);
    assert_eq!(refusal(&verifier, &old.token()), unknown);
    assert_eq!(verifier.key_removals(), 1);
    assert!(!verifier.has_key_of(&known, NOW_MS), "who is connected");
    assert!(verifier.has_key_of(&Credentials::default(), NOW_MS));
    assert!(
        !format!("{known:?}").contains("KeyMark"),
        "no part of a key"
    );
}

#[test]
fn key_at_its_own_end_is_gone_for_those_who_are_connected() {
    let key = hs256().until_ms(NOW_MS + 1_000);
    let verifier = verifier(accounts().keys(KeySet::new([key])));
    let known = taken(&verifier, &token(json!({})));
    assert!(verifier.has_key_of(&known, NOW_MS + 999));
    assert!(!verifier.has_key_of(&known, NOW_MS + 1_000));
}

#[test]
fn unchanged_set_is_asked_for_by_its_etag_and_is_no_answer_without_a_set() {
    let old = rotated("old");
    let issuer = issuer(source().refresh_s(0));
    let unchanged = || JwksAnswer::Unchanged { max_age_s: None };
    let answer = fetch(&issuer, unchanged());
    assert_eq!(answer.result, JwksResult::Status);
    assert!(!issuer.had_keys());
    issuer.take_answer(set(&[old.jwk()])).unwrap();
    let etag = Some("\"1\"".to_owned());
    assert_eq!(issuer.fetch_step(), Some(FetchStep::Fetch { etag }));
    let answer = issuer.take_answer(unchanged()).unwrap();
    assert_eq!(
        (answer.result, answer.keys.is_some()),
        (JwksResult::Unchanged, false)
    );
}

#[test]
fn keys_that_are_too_old_are_dropped_and_asked_for_anew() {
    let old = rotated("old");
    let own = hs256();
    let issuer = issuer(source().stale_max_s(0)).keys(KeySet::new([own]));
    fetch(&issuer, set(&[old.jwk()]));
    let verifier = verifier(issuer);
    taken(&verifier, &old.token());
    let issuer = &verifier.issuers()[0];
    assert!(matches!(issuer.fetch_step(), Some(FetchStep::Wait(_))));
    let unavailable = Some(TokenRefusal::KeysUnavailable);
    assert_eq!(refusal(&verifier, &old.token()), unavailable);
    taken(&verifier, &token(json!({})));
    assert!(issuer.had_keys(), "it is no start");
}

#[test]
fn reload_keeps_the_keys_of_the_same_url_alone() {
    let old = rotated("old");
    let before = verifier(issuer(source()));
    fetch(&before.issuers()[0], set(&[old.jwk()]));
    let same = verifier(issuer(source()));
    same.resume_keys(&before);
    taken(&same, &old.token());
    assert!(same.issuers()[0].had_keys());
    let step = same.issuers()[0].fetch_step();
    let etag = Some("\"1\"".to_owned());
    assert_eq!(
        step,
        Some(FetchStep::Fetch { etag }),
        "fetched at the start"
    );

    let url = JwksSource::new("https://id.example.com/other").unwrap();
    for other in [
        issuer(url),
        issuer(source()).algorithms(&[Algorithm::Rs256]),
    ] {
        let other = verifier(other);
        other.resume_keys(&before);
        assert!(!other.issuers()[0].had_keys());
    }
}

/// Counts fetches, and gives each the same answer.
fn serve(checks: &TokenChecks, keys: Vec<Value>) -> Arc<AtomicUsize> {
    let fetches = Arc::new(AtomicUsize::new(0));
    let (verifier, count) = (Arc::clone(checks.verifier()), Arc::clone(&fetches));
    let mut due = verifier.issuers()[0].refresh().unwrap().serve().unwrap();
    tokio::spawn(async move {
        let issuer = &verifier.issuers()[0];
        loop {
            match issuer.fetch_step().unwrap() {
                FetchStep::Fetch { .. } => {
                    count.fetch_add(1, Ordering::Relaxed);
                    tokio::task::yield_now().await;
                    issuer.take_answer(set(&keys)).unwrap();
                }
                FetchStep::Wait(_) => due.changed().await.unwrap(),
            }
        }
    });
    fetches
}

async fn verdict(checks: &TokenChecks, token: &str) -> Verdict {
    match checks.check(token, &Occasion::connect(NOW_MS)) {
        TokenCheck::Now(verdict) => verdict,
        TokenCheck::Later(wait) => wait.await,
    }
}

fn block_on(task: impl Future<Output = ()>) {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_time().build().unwrap().block_on(task);
}

#[test]
fn token_with_a_new_kid_waits_for_one_fetch_and_unknown_ones_for_no_more() {
    block_on(async {
        let (old, new) = (rotated("old"), rotated("new"));
        // As if the fetch at the start were long ago.
        let issuer = issuer(source().cooldown_s(0));
        fetch(&issuer, set(&[old.jwk()]));
        let (checks, keys) = (
            TokenChecks::new(verifier(issuer)),
            vec![old.jwk(), new.jwk()],
        );
        let fetches = serve(&checks, keys);
        assert!(matches!(
            verdict(&checks, &new.token()).await,
            Verdict::Taken(_)
        ));
        assert_eq!(fetches.load(Ordering::Relaxed), 1);
    });
    block_on(async {
        let old = rotated("old");
        let checks = TokenChecks::new(verifier(issuer(source())));
        let fetches = serve(&checks, vec![old.jwk()]);
        for n in 0..1_000 {
            let random = old.token_as(&format!("random {n}"));
            let refused = Verdict::Refused(TokenRefusal::KeyUnknown);
            assert_eq!(verdict(&checks, &random).await, refused);
        }
        assert_eq!(fetches.load(Ordering::Relaxed), 1, "within the cool-down");
    });
}

#[test]
fn token_waits_two_seconds_for_a_key_and_not_at_all_where_nobody_fetches() {
    block_on(async {
        let checks = TokenChecks::new(verifier(issuer(source())));
        let (token, begun) = (rotated("new").token(), std::time::Instant::now());
        let check = checks.check(&token, &Occasion::connect(NOW_MS));
        let unavailable = Verdict::Refused(TokenRefusal::KeysUnavailable);
        assert!(matches!(check, TokenCheck::Now(verdict) if verdict == unavailable));

        let refresh = checks.verifier().issuers()[0].refresh().unwrap();
        let _due = refresh.serve().unwrap();
        assert!(refresh.serve().is_none(), "one fetcher");
        assert_eq!(verdict(&checks, &token).await, unavailable);
        assert!(begun.elapsed() >= Duration::from_secs(2));
        let wait = verdict(&checks, &token);
        refresh.leave();
        assert_eq!(wait.await, unavailable);
    });
}

#[test]
fn expired_token_of_a_key_that_is_gone_asks_for_no_fetch() {
    let (old, gone) = (rotated("old"), rotated("gone"));
    let checks = TokenChecks::new(verifier(issuer(source().cooldown_s(0))));
    let issuer = &checks.verifier().issuers()[0];
    let _due = issuer.refresh().unwrap().serve().unwrap();
    fetch(issuer, set(&[old.jwk()]));
    let signer = gone.pair.signing();
    let claims = claims(json!({"exp": NOW_S - 600}));
    let token = signer
        .sign(Algorithm::EdDsa, Some("gone"), &claims)
        .unwrap();
    for occasion in [Occasion::connect(NOW_MS), Occasion::connect(NOW_MS).tell()] {
        let check = checks.check(&token, &occasion);
        let unknown = Verdict::Refused(TokenRefusal::KeyUnknown);
        assert!(matches!(check, TokenCheck::Now(verdict) if verdict == unknown));
    }
    assert!(matches!(issuer.fetch_step(), Some(FetchStep::Wait(_))));
}
