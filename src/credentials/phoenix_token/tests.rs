//! Tokens of Phoenix, good ones and others, each with what is made of it.

use std::num::NonZeroU32;

use serde_json::json;

use super::*;

/// Beside tokens that this program made: what Phoenix 1.8.12 signed over plug_crypto 2.1.1.
const SECRET: &[u8] = b"lobbyd-test-secret-key-base-0123456789abcdefghijklmnopqrstuvwxyz";
const SIGNED_MS: u64 = 1_700_000_000_000;
/// Three years later.
const NOW_MS: u64 = 1_796_000_000_000;

fn settings(max_age: Option<MaxAge>) -> PhoenixSettings {
    PhoenixSettings {
        max_age,
        subject: Some("id".to_owned()),
        keep_claims: true,
        ..PhoenixSettings::new(vec![Secret::new(SECRET)])
    }
}

fn tokens(settings: PhoenixSettings) -> PhoenixTokens {
    PhoenixTokens::new(settings).expect("settings are right")
}

/// Returns what is made of a token: the subject, `nobody`, `expired`, or the words of a refusal.
fn outcome(tokens: &PhoenixTokens, token: &str, now_ms: u64) -> String {
    match tokens.verify(token, now_ms) {
        Verdict::Taken(credentials) => credentials.subject.unwrap_or("nobody".into()).into(),
        Verdict::Expired(_) => "expired".to_owned(),
        Verdict::Refused(refusal) => refusal.to_string(),
    }
}

fn max_age(word: &str) -> Option<MaxAge> {
    match word {
        "token" => None,
        "infinity" => Some(MaxAge::Infinity),
        seconds => Some(MaxAge::Seconds(seconds.parse().expect("a number"))),
    }
}

fn rows(text: &str) -> impl Iterator<Item = Vec<&str>> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| line.split('|').map(str::trim).collect())
}

/// A row of signed.txt.
struct Vector<'a> {
    settings: PhoenixSettings,
    /// The age that the token says.
    max_age: MaxAge,
    /// `None` for data that are refused.
    data: Option<Value>,
    subject: &'a str,
    signs: bool,
    tokens: Vec<&'a str>,
}

fn vectors() -> impl Iterator<Item = (&'static str, Vector<'static>)> {
    rows(include_str!("signed.txt")).map(|row| {
        let [number, salt, option, data, subject, signs, tokens @ ..] = &row[..] else {
            panic!("{row:?} has too few columns");
        };
        let mut vector = Vector {
            settings: settings(Some(MaxAge::Infinity)),
            max_age: MaxAge::Seconds(86_400.0),
            data: serde_json::from_str(data).ok(),
            subject,
            signs: *signs == "signs",
            tokens: tokens.to_vec(),
        };
        vector.settings.salt = salt.to_string();
        match option.split_once('=') {
            None => {}
            Some(("max_age", word)) => vector.max_age = max_age(word).expect("not of a token"),
            Some(("key_iterations", count)) => {
                vector.settings.key_iterations = count.parse().expect("a number");
            }
            Some(("key_length", length)) => {
                vector.settings.key_length = length.parse().expect("a number");
            }
            Some(("key_digest", "sha512")) => vector.settings.key_digest = KeyDigest::Sha512,
            Some(other) => panic!("{other:?}"),
        }
        (*number, vector)
    })
}

#[test]
fn tokens_of_phoenix_give_their_data_back_in_both_forms_of_atoms() {
    let mut count = 0;
    for (number, vector) in vectors() {
        let verifier = tokens(vector.settings);
        let want = match vector.data {
            None => Verdict::Refused(TokenRefusal::Claims("term")),
            Some(data) => Verdict::Taken(Credentials {
                subject: (!vector.subject.is_empty()).then(|| vector.subject.into()),
                issued_ms: Some(SIGNED_MS),
                issuer: "phoenix".into(),
                claims: Some(data),
                ..Credentials::default()
            }),
        };
        for token in vector.tokens {
            assert_eq!(verifier.verify(token, NOW_MS), want, "{number}: {token}");
            count += 1;
        }
    }
    assert_eq!(count, 41, "33 tokens, 8 of them in two forms");
}

#[test]
fn age_that_a_token_says_ends_with_its_last_millisecond() {
    for (number, vector) in vectors().filter(|(_, vector)| vector.data.is_some()) {
        let mut settings = vector.settings;
        settings.max_age = None;
        let verifier = tokens(settings);
        let subject = match vector.subject {
            "" => "nobody",
            subject => subject,
        };
        for token in vector.tokens {
            let at = |now_ms| outcome(&verifier, token, now_ms);
            match vector.max_age {
                MaxAge::Infinity => assert_eq!(at(u64::MAX), subject, "{number}"),
                MaxAge::Seconds(seconds) if seconds <= 0.0 => {
                    assert_eq!(at(0), "expired", "{number}");
                    assert_eq!(at(NOW_MS), "expired", "{number}");
                }
                MaxAge::Seconds(seconds) => {
                    let last = SIGNED_MS + (seconds * 1_000.0) as u64;
                    assert_eq!(at(0), subject, "{number}: signed in the future");
                    assert_eq!(at(last), subject, "{number}");
                    assert_eq!(at(last + 1), "expired", "{number}");
                }
            }
        }
    }
}

#[test]
fn tokens_that_are_signed_here_are_those_of_phoenix() {
    let mut count = 0;
    for (number, vector) in vectors().filter(|(_, vector)| vector.signs) {
        let data = vector.data.expect("data that can be signed");
        let token = tokens(vector.settings).sign(&data, SIGNED_MS, vector.max_age);
        assert_eq!(token.as_deref(), Ok(vector.tokens[0]), "{number}");
        count += 1;
    }
    assert_eq!(count, 23);
}

#[test]
fn payloads_of_other_forms_are_taken_as_phoenix_does_or_refused() {
    let mut count = 0;
    for row in rows(include_str!("odd.txt")) {
        let [number, age, want, token] = row[..] else {
            panic!("{row:?}");
        };
        let verifier = tokens(settings(max_age(age)));
        assert_eq!(outcome(&verifier, token, NOW_MS), want, "{number}");
        count += 1;
    }
    assert_eq!(count, 22);
}

#[test]
fn tokens_at_fault_are_refused_by_what_is_wrong_with_them() {
    let good = "SFMyNTY.g2gDYWNuBgAAaOXPiwFiAAFRgA.0X1Zm18Rhe-ggMV3ealbi7kaD-mEc4na34KIv-5YQ0I";
    let spaced = format!("{good} ");
    let padded = format!("{good}==");
    let more = [
        vec!["empty", "infinity", "token malformed", ""],
        vec!["space behind", "infinity", "token malformed", &spaced],
        vec!["too much padding", "infinity", "token malformed", &padded],
        vec!["dots", "infinity", "token malformed", ".."],
    ];
    for row in rows(include_str!("faulty.txt")).chain(more) {
        let [what, age, want, token] = row[..] else {
            panic!("{row:?}");
        };
        let verifier = tokens(settings(max_age(age)));
        assert_eq!(outcome(&verifier, token, NOW_MS), want, "{what}: {token}");
    }
}

#[test]
fn base64_takes_whole_padding_alone() {
    for (text, taken) in [
        ("", true),
        ("QQ", true),
        ("QR", true),
        ("QQ==", true),
        ("QQ=", false),
        ("Q", false),
        ("QUE=", true),
        ("QUFB", true),
        ("QUFB=", false),
        ("QUFB====", false),
        ("+/+/", false),
        ("-_-_", true),
    ] {
        assert_eq!(from_base64(text).is_ok(), taken, "{text:?}");
    }
}

#[test]
fn description_in_another_language_made_tokens_that_are_taken() {
    // Computed from the format's description, and verified by plug_crypto.
    let secret = [SECRET, b"!!"].concat();
    let verifier = tokens(PhoenixSettings {
        secrets: vec![Secret::new(secret)],
        ..settings(Some(MaxAge::Infinity))
    });
    for (token, want) in [
        (
            "g2gDYWNuBgAAaOXPiwFiAAFRgA.qwaHOpTqzECBocZNMsH5UV41dTbx9Tkv2SZScR4ap7g",
            "99",
        ),
        (
            "g2gDbQAAAAd1c2VyLTQybgYAAGjlz4sBYgABUYA.XSRlPgfinkOxjQCfmtgD6qNcePS-zhWHExV9vGq17k8",
            "user-42",
        ),
        (
            "g2gDdAAAAAJ3AmlkYQd3BHJvbGVtAAAABGhvc3RuBgAAaOXPiwFiAAFRgA.uAzmah9CXytJYDo6PP4XlDiaciG8x5pAvHa6D2yh7TA",
            "7",
        ),
        (
            "g2gCYWNuBgAAaOXPiwE.DeSd7tHRgNBKm3Xw1LChNiGFZJ61Mp-k5_UeHMbpr-E",
            "99",
        ),
        (
            "g3QAAAACdwRkYXRhYWN3BnNpZ25lZG4GAABo5c-LAQ.3psCPvQZFrnihGO2c9qWGhEk_BigBz4k13HU6KYwaZ0",
            "99",
        ),
        (
            "g2gDYWNuBgAAaOXPiwF3CGluZmluaXR5.yOAGjD77RPc50axg2_xDCm7qgxab8QwxMjJ3voEY-fE",
            "99",
        ),
    ] {
        assert_eq!(
            outcome(&verifier, &format!("SFMyNTY.{token}"), NOW_MS),
            want
        );
    }
}

#[test]
fn secrets_of_before_are_taken_and_the_first_signs() {
    let secret = |number: u8| Secret::new(vec![number; 20]);
    let of = |numbers: &[u8]| {
        let secrets = numbers.iter().map(|number| secret(*number)).collect();
        tokens(PhoenixSettings::new(secrets))
    };
    let sign = |tokens: &PhoenixTokens| tokens.sign(&json!("ada"), NOW_MS, MaxAge::Infinity);
    let rotated = of(&[3, 2, 1]);
    for before in 1..=3 {
        let token = sign(&of(&[before])).expect("data that can be signed");
        assert_eq!(outcome(&rotated, &token, NOW_MS), "ada");
    }
    assert_eq!(sign(&rotated), sign(&of(&[3])));
    let gone = sign(&of(&[4])).expect("data that can be signed");
    assert_eq!(outcome(&rotated, &gone, NOW_MS), "token signature");
}

#[test]
fn settings_that_verify_nothing_are_a_problem() {
    let problem = |change: fn(&mut PhoenixSettings)| {
        let mut settings = settings(None);
        change(&mut settings);
        PhoenixTokens::new(settings).err()
    };
    assert_eq!(
        problem(|settings| settings.secrets.clear()),
        Some(PhoenixProblem::NoSecret)
    );
    assert_eq!(
        problem(|settings| settings.secrets.push(Secret::new(*b"nineteen characters"))),
        Some(PhoenixProblem::SecretShort)
    );
    for length in [0, 1_025] {
        let mut settings = settings(None);
        settings.key_length = length;
        let problem = PhoenixTokens::new(settings).err();
        assert_eq!(problem, Some(PhoenixProblem::KeyLength), "{length}");
    }
    assert_eq!(
        problem(|settings| settings.key_iterations = NonZeroU32::MIN),
        None
    );
}

#[test]
fn subject_has_bytes_without_control_characters_and_no_more_than_255() {
    let verifier = tokens(settings(Some(MaxAge::Infinity)));
    let long = "é".repeat(128);
    for (data, want) in [
        (json!("a b"), "a b"),
        (json!(""), "token claims: subject"),
        (json!("a\nb"), "token claims: subject"),
        (json!("a\u{85}b"), "token claims: subject"),
        (json!(long[2..]), &long[2..]),
        (json!(long), "token claims: subject"),
        (json!({"id": "ada"}), "ada"),
        (json!({"id": 7}), "7"),
        (json!({"id": null}), "nobody"),
        (json!({"name": "ada"}), "nobody"),
        (json!({"id": true}), "token claims: subject"),
        (json!({"id": [7]}), "token claims: subject"),
        (json!(true), "nobody"),
        (json!(["ada"]), "nobody"),
    ] {
        let token = verifier.sign(&data, SIGNED_MS, MaxAge::Infinity);
        let token = token.expect("data that can be signed");
        assert_eq!(outcome(&verifier, &token, NOW_MS), want, "{data}");
    }
    let mut unnamed = settings(Some(MaxAge::Infinity));
    (unnamed.subject, unnamed.keep_claims) = (None, false);
    let unnamed = tokens(unnamed);
    let token = unnamed.sign(&json!({"id": 7}), SIGNED_MS, MaxAge::Infinity);
    let verdict = unnamed.verify(&token.expect("data that can be signed"), NOW_MS);
    let Verdict::Taken(credentials) = verdict else {
        panic!("{verdict:?}");
    };
    assert_eq!((credentials.subject, credentials.claims), (None, None));
}

#[test]
fn expired_token_keeps_its_credentials_and_ended_by_now() {
    let verify = |age, signed_ms| {
        let verifier = tokens(settings(Some(age)));
        let token = verifier.sign(&json!(99), signed_ms, MaxAge::Infinity);
        match verifier.verify(&token.expect("data that can be signed"), NOW_MS) {
            Verdict::Expired(credentials) => (credentials.subject, credentials.expires_ms),
            other => panic!("{other:?}"),
        }
    };
    let subject = Some("99".into());
    assert_eq!(
        verify(MaxAge::Seconds(60.0), SIGNED_MS),
        (subject.clone(), Some(SIGNED_MS + 60_000))
    );
    for over in [0.0, -1.0, f64::NAN, f64::NEG_INFINITY] {
        let ended = verify(MaxAge::Seconds(over), NOW_MS + 1);
        assert_eq!(ended, (subject.clone(), Some(NOW_MS)), "{over}");
    }
}

#[test]
fn ages_and_times_beyond_any_clock_saturate() {
    let verifier = tokens(settings(None));
    let seal = |signed: Term, max_age: Term| {
        let data = Term::Integer(99.into());
        verifier.seal(&Term::Tuple(vec![data, signed, max_age]).encode())
    };
    let huge = super::super::integer::Integer::new(false, u128::MAX);
    let lowest = super::super::integer::Integer::new(true, u128::MAX);
    for (signed, max_age, want) in [
        (Term::Integer(0.into()), Term::Integer(huge), "99"),
        (Term::Integer(huge), Term::Integer(huge), "99"),
        (Term::Integer(lowest), Term::Integer(1.into()), "expired"),
        (Term::Float(1e300), Term::Float(1e306), "99"),
        (Term::Float(-1e300), Term::Float(1e-9), "expired"),
        (
            Term::Text("0".into()),
            Term::Integer(1.into()),
            "token claims: signed",
        ),
        (
            Term::Integer(0.into()),
            Term::Text("infinity".into()),
            "token claims: max_age",
        ),
        (
            Term::Integer(0.into()),
            Term::Atom("nil".into()),
            "token claims: max_age",
        ),
    ] {
        let token = seal(signed.clone(), max_age.clone());
        let got = outcome(&verifier, &token, NOW_MS);
        assert_eq!(got, want, "{signed:?} {max_age:?}");
    }
}

#[test]
fn data_that_no_verifier_takes_are_not_signed() {
    let verifier = tokens(settings(None));
    let deep = (0..16).fold(json!(256), |inner, _| json!([inner]));
    let many = json!(vec![256; Term::NODES_MAX]);
    for (data, want) in [(deep, Unreadable::TooDeep), (many, Unreadable::TooMany)] {
        let token = verifier.sign(&data, SIGNED_MS, MaxAge::Infinity);
        assert_eq!(token, Err(want));
    }
}
