//! Tests of tokens, and the keys and verifiers that they share.

mod attacks;
mod cached;
mod checks;
mod codes;
mod dialects;
mod key_forms;
mod oracle;
mod rotation;
mod vectors;

use std::sync::LazyLock;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::{
    Algorithm, Audience, Credentials, Issuer, KeyAlgorithms, KeySet, MaxAge, Occasion,
    PhoenixSettings, PhoenixTokens, Secret, Signer, TokenKey, TokenRefusal, Verdict, Verifier,
};

/// 2026-11-30, in milliseconds since 1970.
pub const NOW_MS: u64 = 1_796_000_000_000;
pub const NOW_S: i64 = 1_796_000_000;
pub const SECRET: &[u8] = b"a secret of more than 32 bytes for tests";

/// A key pair as PEM blocks, made for this run of the tests.
pub struct Pair {
    pub private: String,
    pub public: String,
}

pub static RSA: LazyLock<Pair> = LazyLock::new(|| {
    let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let private = AsDer::<aws_lc_rs::encoding::Pkcs8V1Der<'_>>::as_der(&pair).unwrap();
    let public = AsDer::<aws_lc_rs::encoding::PublicKeyX509Der<'_>>::as_der(pair.public_key());
    Pair::new(private.as_ref(), public.unwrap().as_ref())
});

pub static P256: LazyLock<Pair> = LazyLock::new(|| {
    let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
    let private = EcdsaKeyPair::generate_pkcs8(algorithm, &SystemRandom::new()).unwrap();
    let pair = EcdsaKeyPair::from_pkcs8(algorithm, private.as_ref()).unwrap();
    let public = AsDer::<aws_lc_rs::encoding::PublicKeyX509Der<'_>>::as_der(pair.public_key());
    Pair::new(private.as_ref(), public.unwrap().as_ref())
});

pub static ED25519: LazyLock<Pair> = LazyLock::new(|| {
    let private = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
    let pair = Ed25519KeyPair::from_pkcs8(private.as_ref()).unwrap();
    let public = AsDer::<aws_lc_rs::encoding::PublicKeyX509Der<'_>>::as_der(pair.public_key());
    Pair::new(private.as_ref(), public.unwrap().as_ref())
});

impl Pair {
    fn new(private: &[u8], public: &[u8]) -> Pair {
        Pair {
            private: pem("PRIVATE KEY", private),
            public: pem("PUBLIC KEY", public),
        }
    }

    pub fn key(&self, algorithms: &[Algorithm]) -> TokenKey {
        TokenKey::public_pem(&self.public, KeyAlgorithms::Each(algorithms)).unwrap()
    }

    pub fn signing(&self) -> Signer {
        Signer::private_pem(&self.private).unwrap()
    }
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<&str> = text
        .as_bytes()
        .chunks(64)
        .map(|l| std::str::from_utf8(l).unwrap())
        .collect();
    format!(
        "-----BEGIN {label}-----\n{}\n-----END {label}-----\n",
        lines.join("\n")
    )
}

pub fn hs256() -> TokenKey {
    TokenKey::secret(
        &Secret::new(SECRET),
        KeyAlgorithms::Each(&[Algorithm::Hs256]),
    )
    .unwrap()
}

/// An issuer that takes HS256 with [`SECRET`], for the audience `chat`.
pub fn accounts() -> Issuer {
    Issuer::new("accounts")
        .iss("https://id.example.com/")
        .audience(Audience::OneOf(vec!["chat".to_owned()]))
        .keys(KeySet::new([hs256()]))
}

pub fn verifier(issuer: Issuer) -> Verifier {
    Verifier::new([issuer]).unwrap()
}

/// Claims that [`accounts`] takes, with `changes` over them. A null takes a claim out.
pub fn claims(changes: Value) -> Map<String, Value> {
    let mut claims = json!({
        "iss": "https://id.example.com/", "aud": "chat", "sub": "u17",
        "iat": NOW_S - 60, "exp": NOW_S + 600,
    });
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
    }
    let mut claims = claims.as_object().unwrap().clone();
    claims.retain(|_, value| !value.is_null());
    claims
}

pub fn token(changes: Value) -> String {
    let key = Signer::secret(&Secret::new(SECRET)).unwrap();
    key.sign(Algorithm::Hs256, None, &claims(changes)).unwrap()
}

/// Takes tokens of the app of Phoenix with this `secret_key_base`.
pub fn phoenix(secret: &[u8]) -> PhoenixTokens {
    PhoenixTokens::new(PhoenixSettings::new(vec![Secret::new(secret)])).unwrap()
}

/// Returns a token of the subject 99, as an app of Phoenix signs it.
pub fn phoenix_token(secret: &[u8], signed_ms: u64) -> String {
    let day = MaxAge::Seconds(86_400.0);
    phoenix(secret).sign(&json!(99), signed_ms, day).unwrap()
}

/// Signs any header and any claims with [`SECRET`].
pub fn signed_text(header: &str, claims: &str) -> String {
    let key = Signer::secret(&Secret::new(SECRET)).unwrap();
    key.sign_text(Algorithm::Hs256, header.as_bytes(), claims.as_bytes())
        .unwrap()
}

pub fn with_header(header: &str) -> String {
    signed_text(header, &Value::Object(claims(json!({}))).to_string())
}

pub fn refusal(verifier: &Verifier, token: &str) -> Option<TokenRefusal> {
    match verifier.verify(token, &Occasion::connect(NOW_MS)) {
        Verdict::Refused(refusal) => Some(refusal),
        _ => None,
    }
}

pub fn taken(verifier: &Verifier, token: &str) -> Credentials {
    match verifier.verify(token, &Occasion::connect(NOW_MS)) {
        Verdict::Taken(credentials) => credentials,
        other => panic!("{other:?}"),
    }
}
