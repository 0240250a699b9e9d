//! How an app of Phoenix signs its tokens: secrets, salt, age, and the making of the key.

use std::num::NonZeroU32;

use super::secret::Secret;

/// Least bytes of a secret. `Phoenix.Token` raises at a shorter `secret_key_base`.
pub const SECRET_BYTES_MIN: usize = 20;

/// Most bytes of a derived key. HMAC uses no more than 128 as they are.
pub const KEY_BYTES_MAX: usize = 1_024;

/// How tokens are verified. The defaults are those of `Phoenix.Token`, and of the code that
/// `mix phx.gen.socket` writes.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PhoenixSettings {
    /// Each `secret_key_base` that is taken, tried in this order. Tokens are signed by the first.
    /// Its bytes are used as they are, and never decoded.
    pub secrets: Vec<Secret>,
    /// The salt: `"user socket"`.
    pub salt: String,
    /// How old a token may be: 1,209,600 seconds. `None`: as old as it says itself.
    pub max_age: Option<MaxAge>,
    /// The key of the subject, where a token's data are a map. Data that are an integer or a text
    /// are the subject themselves.
    pub subject: Option<String>,
    /// `key_iterations`: 1,000.
    pub key_iterations: NonZeroU32,
    /// `key_length`, in bytes: 32.
    pub key_length: usize,
    /// `key_digest`: SHA-256.
    pub key_digest: KeyDigest,
    /// True if credentials keep the token's data as their claims.
    pub keep_claims: bool,
}

impl PhoenixSettings {
    /// Returns the default settings with these secrets.
    pub fn new(secrets: Vec<Secret>) -> PhoenixSettings {
        PhoenixSettings {
            secrets,
            salt: "user socket".to_owned(),
            max_age: Some(MaxAge::Seconds(1_209_600.0)),
            subject: None,
            key_iterations: NonZeroU32::MIN.saturating_add(999),
            key_length: 32,
            key_digest: KeyDigest::Sha256,
            keep_claims: false,
        }
    }

    /// Returns what is wrong with the settings.
    pub(super) fn problem(&self) -> Option<PhoenixProblem> {
        let is_short = |secret: &Secret| secret.expose().len() < SECRET_BYTES_MIN;
        if self.secrets.is_empty() {
            Some(PhoenixProblem::NoSecret)
        } else if self.secrets.iter().any(is_short) {
            Some(PhoenixProblem::SecretShort)
        } else if !(1..=KEY_BYTES_MAX).contains(&self.key_length) {
            Some(PhoenixProblem::KeyLength)
        } else {
            None
        }
    }
}

/// `max_age` of Phoenix.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum MaxAge {
    /// So many seconds. Fractions of a millisecond are cut. A token whose age may be 0 or less is
    /// always expired, as in Phoenix.
    Seconds(f64),
    /// A token never expires.
    Infinity,
}

/// The digest of PBKDF2, by which a secret becomes a key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyDigest {
    /// `:sha256`.
    #[default]
    Sha256,
    /// `:sha384`.
    Sha384,
    /// `:sha512`.
    Sha512,
}

/// Why settings verify no token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PhoenixProblem {
    /// There is no secret.
    #[error("Phoenix.Token needs a secret_key_base")]
    NoSecret,
    /// A secret is too short.
    #[error("a secret_key_base has at least {SECRET_BYTES_MIN} bytes")]
    SecretShort,
    /// The length of the key is 0, or too large.
    #[error("key_length is from 1 to {KEY_BYTES_MAX}")]
    KeyLength,
}
