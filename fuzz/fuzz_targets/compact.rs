//! Tokens of hostile bytes: as they are, and as header and claims that a real key signed.
//!
//! No token is taken that the key did not sign, and the signed ones reach the checks of claims. A
//! verdict from the cache is the one that was made before.
//!
//! Input: the length of the header, the header, then the claims. Or all of it is the token.
//! Run: `cargo +nightly fuzz run compact -- -max_total_time=60`.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use lobbyd::credentials::{
    Algorithm, Audience, ClaimsDialect, Issuer, Jwks, JwksReaders, KeyAlgorithms, KeySet, Occasion,
    Secret, Signer, TokenKey, Verdict, Verifier,
};

/// 2026-11-30.
const NOW_MS: u64 = 1_796_000_000_000;
const SECRET: &[u8] = b"a secret of more than 32 bytes for tests";

static SIGNING: LazyLock<Signer> =
    LazyLock::new(|| Signer::secret(&Secret::new(SECRET)).expect("a secret signs"));

static VERIFIER: LazyLock<Verifier> = LazyLock::new(|| {
    let key = || {
        let algorithms = KeyAlgorithms::Each(&[Algorithm::Hs256]);
        TokenKey::secret(&Secret::new(SECRET), algorithms).expect("the secret is long enough")
    };
    let issuer = |name: &str, dialect| {
        let keys = KeySet::new([key(), key().id("k")]);
        let issuer = Issuer::new(name).audience(Audience::Any).claims(dialect);
        issuer.exp_required(false).keys(keys)
    };
    let issuers = [
        issuer("lobbyd", ClaimsDialect::Lobbyd),
        issuer("centrifugo", ClaimsDialect::Centrifugo).iss("c"),
        issuer("supabase", ClaimsDialect::Supabase).iss("s"),
    ];
    Verifier::new(issuers).expect("each has its own iss").keep_claims(true)
});

fuzz_target!(|input: &[u8]| {
    let occasion = Occasion::connect(NOW_MS).tell();
    if let Ok(text) = std::str::from_utf8(input) {
        let verdict = VERIFIER.verify(text, &occasion);
        assert!(matches!(verdict, Verdict::Refused(_)), "forged: {verdict:?}");
        let _ = VERIFIER.is_costly(text);
        let _ = Jwks::parse(text, Algorithm::ALL, JwksReaders::Server);
    }
    let [header_len, rest @ ..] = input else {
        return;
    };
    let (header, claims) = rest.split_at(usize::from(*header_len).min(rest.len()));
    let header = if header.is_empty() { br#"{"alg":"HS256"}"# } else { header };
    let token = SIGNING.sign_text(Algorithm::Hs256, header, claims);
    let token = token.expect("a secret signs all bytes");
    for occasion in [occasion, Occasion::join("room:1", NOW_MS)] {
        let first = VERIFIER.verify(&token, &occasion);
        assert_eq!(VERIFIER.verify(&token, &occasion), first);
        if let Verdict::Taken(credentials) = first {
            let subject = credentials.subject.unwrap_or_default();
            assert!(subject.len() <= 255 && !subject.chars().any(char::is_control));
            assert!(serde_json::from_slice::<serde_json::Value>(claims).is_ok());
        }
    }
});
