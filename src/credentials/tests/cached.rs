//! Tokens that were good before: what ends them in the cache.

use std::sync::Arc;

use serde_json::json;

use super::*;

#[test]
fn cached_token_ends_with_its_exp_and_its_key() {
    let verifier = verifier(accounts());
    let token = token(json!({}));
    let at = |now_ms: u64| verifier.cached(&token, &Occasion::connect(now_ms));
    assert_eq!(at(NOW_MS), None);
    let credentials = taken(&verifier, &token);
    assert_eq!(at(NOW_MS), Some(Verdict::Taken(credentials.clone())));
    assert_eq!(at(NOW_MS + 629_000), Some(Verdict::Taken(credentials)));
    assert_eq!(at(NOW_MS + 630_000), None);
    assert_eq!(at(NOW_MS), None, "it has left the cache");

    taken(&verifier, &token);
    let issuer = &verifier.issuers()[0];
    issuer.replace_keys(Some(Arc::new(KeySet::new([hs256().id("same bytes")]))));
    assert!(at(NOW_MS).is_some());
    let key = RSA.key(&[Algorithm::Rs256]);
    issuer.replace_keys(Some(Arc::new(KeySet::new([key]))));
    assert_eq!(at(NOW_MS), None);
    assert_eq!(refusal(&verifier, &token), Some(TokenRefusal::Algorithm));
}

#[test]
fn key_that_is_over_signs_no_more_not_even_from_the_cache() {
    let key = hs256().until_ms(NOW_MS + 1_000);
    let verifier = verifier(accounts().keys(KeySet::new([key])));
    let token = token(json!({}));
    taken(&verifier, &token);
    let later = Occasion::connect(NOW_MS + 1_000);
    assert_eq!(verifier.cached(&token, &later), None);
    let verdict = verifier.verify(&token, &later);
    assert_eq!(verdict, Verdict::Refused(TokenRefusal::KeyUnknown));
}

#[test]
fn refused_and_expired_tokens_are_not_cached() {
    let verifier = verifier(accounts());
    let tell = Occasion::connect(NOW_MS).tell();
    for changes in [json!({"exp": NOW_S - 600}), json!({"aud": "shop"})] {
        let token = token(changes);
        verifier.verify(&token, &tell);
        assert_eq!(verifier.cached(&token, &tell), None);
    }
}

#[test]
fn tokens_of_phoenix_are_not_cached() {
    let verifier = verifier(accounts()).phoenix(phoenix(SECRET));
    let (jwt, token) = (token(json!({})), phoenix_token(SECRET, NOW_MS));
    taken(&verifier, &jwt);
    taken(&verifier, &token);
    let occasion = Occasion::connect(NOW_MS);
    assert_eq!(verifier.cached(&token, &occasion), None);
    let cached = verifier.cached(&jwt, &occasion);
    assert_eq!(cached, Some(Verdict::Taken(taken(&verifier, &jwt))));
}

#[test]
fn costly_tokens_are_those_of_private_keys() {
    let verifier = verifier(accounts());
    assert!(!verifier.is_costly(&token(json!({}))));
    assert!(!verifier.is_costly("SFMyNTY.a.b"));
    assert!(verifier.is_costly(&with_header(r#"{"alg":"ES256"}"#)));
}
