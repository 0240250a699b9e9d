//! The verdict beside that of `jsonwebtoken::decode`, wherever both have an opinion.
//!
//! The library has none of `iat`, of our types of `sub`, `iss` and `jti`, of `typ`, and of names
//! that are there twice. It takes `null` for absent, and refuses times before 1970.

use jsonwebtoken::{DecodingKey, Validation};
use proptest::prelude::*;
use serde_json::json;

use super::*;

/// Times around now, far from the leeway of 30 s, because the library asks the clock itself.
fn time() -> impl Strategy<Value = Option<Value>> {
    let offset = prop_oneof![
        Just(-9_000),
        Just(-90),
        Just(-5),
        Just(0),
        Just(5),
        Just(90),
        Just(9_000)
    ];
    let whole = offset
        .clone()
        .prop_map(|offset| Some(json!(now_s() + offset)));
    let fraction = offset.prop_map(|offset| Some(json!((now_s() + offset) as f64 + 0.25)));
    let other = prop_oneof![
        Just(json!("1")),
        Just(json!(true)),
        Just(json!([])),
        Just(json!(0))
    ];
    prop_oneof![6 => whole, 2 => fraction, 1 => other.prop_map(Some), 1 => Just(None)]
}

fn now_s() -> i64 {
    i64::try_from(jsonwebtoken::get_current_timestamp()).unwrap()
}

fn audience() -> impl Strategy<Value = Option<Value>> {
    prop_oneof![
        3 => Just(Some(json!("chat"))),
        3 => Just(Some(json!(["shop", "chat"]))),
        1 => Just(Some(json!(["shop"]))),
        1 => Just(Some(json!([]))),
        1 => Just(Some(json!("shop"))),
        1 => Just(Some(json!(7))),
        1 => Just(Some(json!(["chat", 7]))),
    ]
}

proptest! {
    #[test]
    fn verdict_equals_that_of_the_library(
        exp in time(),
        nbf in time(),
        aud in audience(),
        header in prop_oneof![
            8 => Just("HS256"), 1 => Just("HS384"), 1 => Just("none"), 1 => Just("ES256"),
        ],
        iss in prop_oneof![4 => Just("https://id.example.com/"), 1 => Just("x")],
        flip in proptest::option::weighted(0.3, (0_usize..1_000, 0_u32..8)),
    ) {
        let mut claims = json!({"iss": iss, "sub": "u17"});
        for (name, value) in [("exp", exp), ("nbf", nbf), ("aud", aud)] {
            if let Some(value) = value {
                claims[name] = value;
            }
        }
        let header = json!({"alg": header, "typ": "JWT"}).to_string();
        let mut token = signed_text(&header, &claims.to_string()).into_bytes();
        if let Some((at, bit)) = flip {
            let at = at % token.len();
            token[at] ^= 1 << bit;
        }
        let Ok(token) = String::from_utf8(token) else {
            return Ok(());
        };

        let mut validation = Validation::new(jsonwebtoken::Algorithm::HS256);
        validation.leeway = 30;
        validation.validate_nbf = true;
        validation.set_audience(&["chat"]);
        validation.set_issuer(&["https://id.example.com/"]);
        validation.set_required_spec_claims(&["exp", "iss", "aud"]);
        let key = DecodingKey::from_secret(SECRET).unwrap();
        let theirs = jsonwebtoken::decode::<Value>(&token, &key, &validation);

        let now_ms = u64::try_from(now_s()).unwrap() * 1_000;
        let ours = verifier(accounts()).verify(&token, &Occasion::connect(now_ms));
        let is_taken = matches!(ours, Verdict::Taken(_));
        prop_assert_eq!(is_taken, theirs.is_ok(), "ours {:?}, theirs {:?}", ours, theirs);
    }

    #[test]
    fn token_of_ours_is_one_for_the_library(subject in "[a-z]{1,20}", exp in 60_i64..9_000) {
        let exp = now_s() + exp;
        let claims = json!({"sub": subject, "exp": exp});
        let token = ED25519.signing().sign(Algorithm::EdDsa, Some("k"), claims.as_object().unwrap());
        let key = DecodingKey::from_ed_pem(ED25519.public.as_bytes()).unwrap();
        let validation = Validation::new(jsonwebtoken::Algorithm::EdDSA);
        let theirs = jsonwebtoken::decode::<Value>(token.unwrap(), &key, &validation).unwrap();
        prop_assert_eq!(theirs.header.kid.as_deref(), Some("k"));
        prop_assert_eq!(theirs.claims, claims);
    }
}
