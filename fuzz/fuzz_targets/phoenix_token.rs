//! Arbitrary texts as a Phoenix.Token, and arbitrary payloads behind a right mac.
//!
//! No text is taken unless it was signed. A payload with a right mac is never malformed, and a
//! subject that is taken fits.
//!
//! Input: eight bytes for the clock, then the text or the payload.
//! Run: `cargo +nightly fuzz run phoenix_token -- -max_total_time=60`.

#![no_main]

use std::num::NonZeroU32;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use lobbyd::credentials::{PhoenixSettings, PhoenixTokens, Secret, TokenRefusal, Verdict};

static TOKENS: LazyLock<PhoenixTokens> = LazyLock::new(|| {
    let mut settings = PhoenixSettings::new(vec![Secret::new(*b"a secret of the fuzz target")]);
    settings.max_age = None;
    settings.subject = Some("id".to_owned());
    settings.key_iterations = NonZeroU32::MIN;
    settings.keep_claims = true;
    PhoenixTokens::new(settings).expect("settings are right")
});

fuzz_target!(|input: &[u8]| {
    let Some((clock, bytes)) = input.split_first_chunk() else {
        return;
    };
    let now_ms = u64::from_be_bytes(*clock);
    if let Ok(text) = std::str::from_utf8(bytes) {
        assert!(matches!(TOKENS.verify(text, now_ms), Verdict::Refused(_)));
    }
    match TOKENS.verify(&TOKENS.seal(bytes), now_ms) {
        Verdict::Taken(credentials) => {
            assert!(credentials.expires_ms.is_none_or(|end| end >= now_ms));
            let subject = credentials.subject.unwrap_or("nobody".into());
            assert!((1..=255).contains(&subject.len()));
            assert!(!subject.contains(char::is_control));
        }
        Verdict::Expired(credentials) => {
            assert!(credentials.expires_ms.is_some_and(|end| end <= now_ms));
        }
        Verdict::Refused(TokenRefusal::Claims(_)) => {}
        other => panic!("{other:?}"),
    }
});
