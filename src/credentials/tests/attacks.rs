//! Tokens as an attacker makes them: those of RFC 8725, and of mistakes of others.

use serde_json::json;

use super::*;

#[test]
fn none_in_any_case_is_no_algorithm() {
    let verifier = verifier(accounts());
    for name in ["none", "None", "NONE", "nOnE", "hs256", "HS256 ", "", "HS1"] {
        let token = with_header(&json!({"alg": name}).to_string());
        assert_eq!(
            refusal(&verifier, &token),
            Some(TokenRefusal::Algorithm),
            "{name}"
        );
        let (signed, _) = token.rsplit_once('.').unwrap();
        let unsigned = format!("{signed}.");
        assert_eq!(refusal(&verifier, &unsigned), Some(TokenRefusal::Malformed));
    }
}

/// RFC 8725, section 2.1: the public key, which everybody has, as the secret of an HMAC.
#[test]
fn hmac_by_the_public_key_is_refused() {
    let rsa = verifier(accounts().keys(KeySet::new([RSA.key(&[Algorithm::Rs256])])));
    let lines: String = RSA
        .public
        .lines()
        .filter(|line| !line.starts_with('-'))
        .collect();
    let der = STANDARD.decode(lines).unwrap();
    for secret in [RSA.public.as_bytes(), RSA.public.trim().as_bytes(), &der] {
        let key = Signer::secret(&Secret::new(secret)).unwrap();
        let token = key
            .sign(Algorithm::Hs256, None, &claims(json!({})))
            .unwrap();
        assert_eq!(refusal(&rsa, &token), Some(TokenRefusal::Algorithm));
    }
    taken(
        &rsa,
        &RSA.signing()
            .sign(Algorithm::Rs256, None, &claims(json!({})))
            .unwrap(),
    );
}

#[test]
fn algorithm_of_another_key_with_the_same_kid_is_refused() {
    let keys = [
        RSA.key(&[Algorithm::Rs256]).id("k"),
        P256.key(&[Algorithm::Es256]).id("other"),
    ];
    let verifier = verifier(accounts().keys(KeySet::new(keys)));
    let sign = |pair: &Pair, algorithm, kid| {
        pair.signing()
            .sign(algorithm, kid, &claims(json!({})))
            .unwrap()
    };
    taken(&verifier, &sign(&RSA, Algorithm::Rs256, Some("k")));
    taken(&verifier, &sign(&P256, Algorithm::Es256, Some("other")));
    taken(&verifier, &sign(&P256, Algorithm::Es256, None));
    for (token, expected) in [
        (
            sign(&P256, Algorithm::Es256, Some("k")),
            TokenRefusal::Algorithm,
        ),
        (
            sign(&RSA, Algorithm::Ps256, Some("k")),
            TokenRefusal::Algorithm,
        ),
        (
            sign(&RSA, Algorithm::Rs256, Some("new")),
            TokenRefusal::KeyUnknown,
        ),
    ] {
        assert_eq!(refusal(&verifier, &token), Some(expected));
    }
}

/// Two issuers that call their keys alike cannot sign for each other (RFC 8725, section 3.8).
#[test]
fn keys_of_an_issuer_sign_for_this_issuer_alone() {
    let key = |secret: &[u8]| {
        let algorithms = KeyAlgorithms::Each(&[Algorithm::Hs256]);
        TokenKey::secret(&Secret::new(secret), algorithms)
            .unwrap()
            .id("default")
    };
    let other = b"the other secret of more than 32 bytes, too";
    let issuer = |name: &str| Issuer::new(name).iss(name).audience(Audience::Any);
    let issuers = [
        issuer("a").keys(KeySet::new([key(SECRET)])),
        issuer("b").keys(KeySet::new([key(other)])),
    ];
    let verifier = Verifier::new(issuers).unwrap();
    assert_eq!(taken(&verifier, &token(json!({"iss": "a"}))).issuer, "a");
    let forged = token(json!({"iss": "b"}));
    assert_eq!(refusal(&verifier, &forged), Some(TokenRefusal::Signature));
}

#[test]
fn kid_is_compared_and_nothing_else() {
    let verifier = verifier(accounts().keys(KeySet::new([hs256().id("2026-11")])));
    let long = "k".repeat(700);
    for kid in [
        "../../dev/null",
        "' OR 1=1 --",
        "",
        "2026-11\0",
        "2026-1",
        &long,
    ] {
        let token = with_header(&json!({"alg": "HS256", "kid": kid}).to_string());
        assert_eq!(
            refusal(&verifier, &token),
            Some(TokenRefusal::KeyUnknown),
            "{kid}"
        );
    }
    let number = with_header(r#"{"alg":"HS256","kid":7}"#);
    assert_eq!(refusal(&verifier, &number), Some(TokenRefusal::Malformed));
    taken(
        &verifier,
        &with_header(r#"{"alg":"HS256","kid":"2026-11"}"#),
    );
}

/// RFC 8725, section 3.10: a token must not bring its own key.
#[test]
fn keys_within_a_header_are_ignored() {
    let verifier = verifier(accounts());
    let jwk = json!({"kty": "oct", "k": "AAAA"});
    for (name, value) in [
        ("jwk", jwk),
        ("jku", json!("http://127.0.0.1:1/jwks.json")),
        ("x5u", json!("http://127.0.0.1:1/certificate.pem")),
        ("x5c", json!(["AAAA"])),
    ] {
        let mut header = json!({"alg": "HS256"});
        header[name] = value;
        taken(&verifier, &with_header(&header.to_string()));
        let key = Signer::secret(&Secret::new(vec![0; 3])).unwrap();
        let claims = Value::Object(claims(json!({}))).to_string();
        let header = header.to_string();
        let own = key.sign_text(Algorithm::Hs256, header.as_bytes(), claims.as_bytes());
        assert_eq!(
            refusal(&verifier, &own.unwrap()),
            Some(TokenRefusal::Signature)
        );
    }
}

#[test]
fn header_with_extensions_or_a_name_twice_is_malformed() {
    let verifier = verifier(accounts());
    let long = format!(r#"{{"alg":"HS256","x":"{}"}}"#, "x".repeat(1_024));
    for header in [
        r#"{"alg":"HS256","crit":["b64"],"b64":false}"#,
        r#"{"alg":"HS256","crit":[]}"#,
        r#"{"alg":"HS256","zip":"DEF"}"#,
        r#"{"alg":"none","alg":"HS256"}"#,
        r#"{"alg":"HS256","\u0061lg":"HS256"}"#,
        r#"{"alg":"HS256"} {}"#,
        r#"["HS256"]"#,
        r#"{"typ":"JWT"}"#,
        r#"{"alg":null}"#,
        &long,
    ] {
        let token = with_header(header);
        assert_eq!(
            refusal(&verifier, &token),
            Some(TokenRefusal::Malformed),
            "{header}"
        );
    }
    let twice = signed_text(r#"{"alg":"HS256"}"#, r#"{"exp":1,"exp":9999999999}"#);
    assert_eq!(refusal(&verifier, &twice), Some(TokenRefusal::Malformed));
}

#[test]
fn exp_that_is_no_date_is_refused() {
    let verifier = verifier(accounts());
    let signed = |exp: &str| {
        let rest = r#""iss":"https://id.example.com/","aud":"chat","sub":"u""#;
        signed_text(r#"{"alg":"HS256"}"#, &format!(r#"{{{rest},"exp":{exp}}}"#))
    };
    for (exp, expected) in [
        (r#""1796000600""#, Some(TokenRefusal::Claims("exp"))),
        ("null", Some(TokenRefusal::Claims("exp"))),
        ("true", Some(TokenRefusal::Claims("exp"))),
        ("1e400", Some(TokenRefusal::Malformed)),
        ("-1", Some(TokenRefusal::Expired)),
        ("-1e300", Some(TokenRefusal::Expired)),
        ("-9223372036854775808", Some(TokenRefusal::Expired)),
        ("1795999970.4", Some(TokenRefusal::Expired)),
        ("1795999970.5", None),
        ("1e300", None),
        ("18446744073709551615", None),
    ] {
        assert_eq!(refusal(&verifier, &signed(exp)), expected, "{exp}");
    }
}
