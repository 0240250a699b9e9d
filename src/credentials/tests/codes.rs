//! One token for each refusal, and the order of the checks.

use serde_json::json;

use super::*;

#[test]
fn good_token_says_who_its_client_is() {
    let verifier = verifier(accounts());
    let credentials = taken(&verifier, &token(json!({"jti": "t1"})));
    assert_eq!(credentials.subject.as_deref(), Some("u17"));
    assert_eq!(credentials.expires_ms, Some(NOW_MS + 600_000));
    assert_eq!(credentials.issued_ms, Some(NOW_MS - 60_000));
    assert_eq!(credentials.id.as_deref(), Some("t1"));
    assert_eq!(credentials.issuer, "accounts");
    assert_eq!((credentials.meta, credentials.claims), (None, None));
}

#[test]
fn refusal_of_a_form_or_a_key_names_the_check_that_failed() {
    let verifier = verifier(accounts());
    let good = token(json!({}));
    let (signed, _) = good.rsplit_once('.').unwrap();
    let long = format!("{good}{}", "a".repeat(8_192));
    let header = |more: &str| with_header(&format!(r#"{{"alg":"HS256"{more}}}"#));
    let no_object = signed_text(r#"{"alg":"HS256"}"#, "[1]");
    let elsewhere = token(json!({"iss": "https://other.example.com/"}));
    let table = [
        (String::new(), TokenRefusal::Missing),
        ("undefined".to_owned(), TokenRefusal::Missing),
        (long, TokenRefusal::TooLong),
        (signed.to_owned(), TokenRefusal::Malformed),
        (format!("{signed}."), TokenRefusal::Malformed),
        (format!("{good}="), TokenRefusal::Malformed),
        (format!("{good}.x"), TokenRefusal::Malformed),
        (no_object, TokenRefusal::Malformed),
        (format!("{good}.x.y"), TokenRefusal::Encrypted),
        ("XCP.a.b".to_owned(), TokenRefusal::Encrypted),
        ("QTEyOEdDTQ.a.b.c.d".to_owned(), TokenRefusal::Encrypted),
        (header(r#","typ":"dpop+jwt""#), TokenRefusal::Type),
        (elsewhere, TokenRefusal::Issuer),
        (token(json!({"iss": null})), TokenRefusal::Issuer),
        ("SFMyNTY.g2gDYWNu.qwaH".to_owned(), TokenRefusal::Issuer),
        (with_header(r#"{"alg":"HS512"}"#), TokenRefusal::Algorithm),
        (header(r#","kid":"gone""#), TokenRefusal::KeyUnknown),
        (format!("{signed}.AAAA"), TokenRefusal::Signature),
    ];
    for (token, expected) in table {
        assert_eq!(refusal(&verifier, &token), Some(expected), "{token}");
    }
}

#[test]
fn refusal_of_claims_names_the_check_that_failed() {
    let verifier = verifier(accounts()).lifetime_max_s(3_600);
    let far = json!({"iat": null, "exp": NOW_S + 3_601});
    let table = [
        (json!({"exp": NOW_S - 30}), TokenRefusal::Expired),
        (json!({"exp": "tomorrow"}), TokenRefusal::Claims("exp")),
        (json!({"exp": null}), TokenRefusal::Claims("exp")),
        (json!({"nbf": "now"}), TokenRefusal::Claims("nbf")),
        (json!({"iat": [1]}), TokenRefusal::Claims("iat")),
        (json!({"jti": 7}), TokenRefusal::Claims("jti")),
        (json!({"aud": ["chat", 7]}), TokenRefusal::Claims("aud")),
        (json!({"sub": {"id": 7}}), TokenRefusal::Claims("sub")),
        (json!({"nbf": NOW_S + 31}), TokenRefusal::NotYetValid),
        (json!({"iat": NOW_S + 31}), TokenRefusal::IssuedInFuture),
        (json!({"exp": NOW_S + 3_541}), TokenRefusal::Lifetime),
        (far, TokenRefusal::Lifetime),
        (json!({"aud": "shop"}), TokenRefusal::Audience),
        (json!({"aud": null}), TokenRefusal::Audience),
        (json!({"sub": null}), TokenRefusal::Claims("sub")),
        (json!({"sub": ""}), TokenRefusal::Claims("sub")),
        (json!({"sub": 1.5}), TokenRefusal::Claims("sub")),
        (json!({"sub": "a\u{7}b"}), TokenRefusal::Claims("sub")),
        (json!({"sub": "u".repeat(256)}), TokenRefusal::Claims("sub")),
    ];
    for (changes, expected) in table {
        let found = refusal(&verifier, &token(changes.clone()));
        assert_eq!(found, Some(expected), "{changes}");
    }
}

#[test]
fn leeway_and_limits_are_taken_to_the_last_second() {
    let verifier = verifier(accounts()).lifetime_max_s(3_600);
    let table = [
        json!({"exp": NOW_S - 29}),
        json!({"nbf": NOW_S + 30}),
        json!({"iat": NOW_S + 30}),
        json!({"exp": NOW_S + 3_540}),
        json!({"sub": "u".repeat(255)}),
        json!({"aud": ["shop", "chat"]}),
        json!({"exp": NOW_S as f64 + 10.4}),
    ];
    for changes in table {
        taken(&verifier, &token(changes));
    }
    let number = taken(&verifier, &token(json!({"sub": 17})));
    assert_eq!(number.subject.as_deref(), Some("17"));
}

#[test]
fn audience_unset_refuses_tokens_that_name_one() {
    let unset = || accounts().audience(Audience::Unset);
    let any = verifier(accounts().audience(Audience::Any));
    for (changes, with_unset) in [
        (json!({"aud": null}), None),
        (json!({"aud": "chat"}), Some(TokenRefusal::Audience)),
        (json!({"aud": []}), Some(TokenRefusal::Audience)),
    ] {
        let token = token(changes);
        assert_eq!(refusal(&verifier(unset()), &token), with_unset);
        taken(&any, &token);
    }
}

#[test]
fn expired_genuine_token_is_told_when_asked_for_and_only_then() {
    let verifier = verifier(accounts());
    let tell = Occasion::connect(NOW_MS).tell();
    let old = token(json!({"exp": NOW_S - 3_600}));
    assert_eq!(refusal(&verifier, &old), Some(TokenRefusal::Expired));
    let Verdict::Expired(credentials) = verifier.verify(&old, &tell) else {
        panic!("a genuine token is told");
    };
    assert_eq!(credentials.subject.as_deref(), Some("u17"));

    let forged = format!("{}.AAAA", old.rsplit_once('.').unwrap().0);
    let elsewhere = token(json!({"exp": NOW_S - 3_600, "aud": "shop"}));
    for (token, first, told) in [
        (&forged, TokenRefusal::Expired, TokenRefusal::Signature),
        (&elsewhere, TokenRefusal::Expired, TokenRefusal::Audience),
    ] {
        assert_eq!(refusal(&verifier, token), Some(first));
        assert_eq!(verifier.verify(token, &tell), Verdict::Refused(told));
    }
}

#[test]
fn issuer_without_keys_is_unavailable_for_its_own_algorithms() {
    let verifier = verifier(accounts().algorithms(&[Algorithm::Hs256]));
    let token = token(json!({}));
    taken(&verifier, &token);
    verifier.issuers()[0].replace_keys(None);
    assert_eq!(
        refusal(&verifier, &token),
        Some(TokenRefusal::KeysUnavailable)
    );
    let other = with_header(r#"{"alg":"ES256"}"#);
    assert_eq!(refusal(&verifier, &other), Some(TokenRefusal::Algorithm));
}

#[test]
fn token_without_exp_is_taken_where_none_is_required() {
    let verifier = verifier(accounts().exp_required(false));
    let credentials = taken(&verifier, &token(json!({"exp": null})));
    assert_eq!(credentials.expires_ms, None);
}

#[test]
fn types_of_an_issuer_are_compared_as_media_types() {
    let own = verifier(accounts().types(&["Access+JWT".to_owned()]));
    for (header, expected) in [
        (r#"{"alg":"HS256"}"#, None),
        (r#"{"alg":"HS256","typ":"access+jwt"}"#, None),
        (r#"{"alg":"HS256","typ":"application/access+jwt"}"#, None),
        (r#"{"alg":"HS256","typ":"JWT"}"#, Some(TokenRefusal::Type)),
        (r#"{"alg":"HS256","typ":7}"#, Some(TokenRefusal::Malformed)),
    ] {
        assert_eq!(refusal(&own, &with_header(header)), expected, "{header}");
    }
}

#[test]
fn verifier_takes_jwts_and_phoenix_tokens_each_by_its_own_keys() {
    let both = verifier(accounts()).phoenix(phoenix(SECRET));
    let (jwt, token) = (token(json!({})), phoenix_token(SECRET, NOW_MS));
    for _ in 0..2 {
        assert_eq!(taken(&both, &jwt).issuer, "accounts");
        let credentials = taken(&both, &token);
        assert_eq!(credentials.issuer, "phoenix");
        assert_eq!(credentials.subject.as_deref(), Some("99"));
        assert!(credentials.grants.is_empty());
    }

    // One secret of both is no key of the other: Phoenix derives its own from it.
    let (mac, payload) = (
        jwt.rsplit_once('.').unwrap().1,
        token.rsplit_once('.').unwrap().0,
    );
    let crossed = format!("{payload}.{mac}");
    assert_eq!(refusal(&both, &crossed), Some(TokenRefusal::Signature));
    let signed = jwt.rsplit_once('.').unwrap().0;
    let crossed = format!("{signed}.{}", token.rsplit_once('.').unwrap().1);
    assert_eq!(refusal(&both, &crossed), Some(TokenRefusal::Signature));

    let other = b"the secret of another app of Phoenix";
    let signature = Some(TokenRefusal::Signature);
    let foreign = verifier(accounts()).phoenix(phoenix(other));
    assert_eq!(refusal(&foreign, &token), signature);
    assert_eq!(refusal(&both, &phoenix_token(other, NOW_MS)), signature);
    let jwts_alone = verifier(accounts());
    assert_eq!(refusal(&jwts_alone, &token), Some(TokenRefusal::Issuer));
    let phoenix_alone = Verifier::new([]).unwrap().phoenix(phoenix(SECRET));
    assert_eq!(refusal(&phoenix_alone, &jwt), Some(TokenRefusal::Type));
    assert_eq!(taken(&phoenix_alone, &token).issuer, "phoenix");
}

#[test]
fn phoenix_token_that_is_over_is_told_where_it_is_asked_for() {
    let verifier = verifier(accounts()).phoenix(phoenix(SECRET));
    let old = phoenix_token(SECRET, NOW_MS - 1_209_600_001);
    assert_eq!(refusal(&verifier, &old), Some(TokenRefusal::Expired));
    let told = verifier.verify(&old, &Occasion::connect(NOW_MS).tell());
    let Verdict::Expired(credentials) = told else {
        panic!("{told:?}");
    };
    assert_eq!(credentials.expires_ms, Some(NOW_MS - 1));
}

#[test]
fn phoenix_tokens_at_fault_are_refused_by_what_is_wrong() {
    let verifier = verifier(accounts()).phoenix(phoenix(SECRET));
    for (token, expected) in [
        ("SFMyNTYx.a.b", TokenRefusal::Malformed),
        ("SFMyNTY.a.b", TokenRefusal::Malformed),
        ("SFMyNTY.YQ.YQ", TokenRefusal::Signature),
        ("XCP.a.b", TokenRefusal::Encrypted),
        ("QTEyOEdDTQ.a.b.c.d", TokenRefusal::Encrypted),
    ] {
        assert_eq!(refusal(&verifier, token), Some(expected), "{token}");
    }
}

#[test]
fn issuers_with_one_iss_cannot_stand_together() {
    let two = [Issuer::new("a"), accounts(), Issuer::new("b")];
    let problem = Verifier::new(two).unwrap_err();
    assert_eq!(
        problem.to_string(),
        r#"the issuers "a" and "b" have the same `iss`"#
    );
}
