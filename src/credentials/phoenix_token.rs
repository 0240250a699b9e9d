//! Phoenix.Token: verified as plug_crypto 2.1 verifies, and signed as it signs.
//!
//! A token is `protected "." payload "." mac`, each in base64url. The mac is an HMAC of the first
//! two as they were sent, by a key that PBKDF2 derives from the app's `secret_key_base`. The
//! payload is a term of Erlang: `{data, signed_at_ms, max_age_s}`.
//!
//! A payload comes to the decoder of terms only after its mac was right. As in plug_crypto,
//! padding is taken, and so are spare bits in the last character of the mac. So a token has several
//! texts, and nothing may be keyed by them. A token that was signed in the future is taken too: the
//! released plug_crypto has no such check.

use aws_lc_rs::{hmac, pbkdf2};
use base64::alphabet::URL_SAFE;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, URL_SAFE_NO_PAD};
use base64::engine::{DecodePaddingMode, Engine};
use compact_str::{CompactString, ToCompactString};
use serde_json::Value;
use zeroize::Zeroizing;

use super::claims::check_subject;
use super::phoenix_settings::{KeyDigest, MaxAge, PhoenixProblem, PhoenixSettings};
use super::refusal::TokenRefusal;
use super::secret::Secret;
use super::subject::Credentials;
use super::terms::{Term, Unreadable};
use super::verdict::Verdict;

/// The verifier of an app's tokens.
pub struct PhoenixTokens {
    /// The keys of each secret. There is at least one.
    keys: Box<[MacKeys]>,
    max_age: Option<MaxAge>,
    subject: Option<String>,
    keeps_claims: bool,
}

impl PhoenixTokens {
    /// Returns the verifier with these settings. The keys are derived here, once: a key takes some
    /// 0.3 ms at 1,000 iterations.
    pub fn new(settings: PhoenixSettings) -> Result<PhoenixTokens, PhoenixProblem> {
        if let Some(problem) = settings.problem() {
            return Err(problem);
        }
        let secrets = settings.secrets.iter();
        Ok(PhoenixTokens {
            keys: secrets
                .map(|secret| MacKeys::new(secret, &settings))
                .collect(),
            max_age: settings.max_age,
            subject: settings.subject,
            keeps_claims: settings.keep_claims,
        })
    }

    /// Verifies a token at this time, in milliseconds since 1970.
    pub fn verify(&self, token: &str, now_ms: u64) -> Verdict {
        let payload = self.payload(token);
        let verdict = payload.and_then(|payload| self.judge(&payload, now_ms));
        verdict.unwrap_or_else(Verdict::Refused)
    }

    /// Returns a token with these data, by the first secret. Fails if the data are more than a
    /// verifier takes.
    pub fn sign(
        &self,
        data: &Value,
        signed_ms: u64,
        max_age: MaxAge,
    ) -> Result<String, Unreadable> {
        let signed = Term::Integer(signed_ms.into());
        let term = Term::Tuple(vec![data.into(), signed, max_age.into()]).encode();
        Term::decode(&term)?;
        Ok(self.seal(&term))
    }

    /// Returns a token with this payload, whatever it is, by the first secret.
    pub fn seal(&self, payload: &[u8]) -> String {
        let mut token = format!("SFMyNTY.{}", URL_SAFE_NO_PAD.encode(payload));
        if let Some(keys) = self.keys.first() {
            let mac = hmac::sign(&keys.sha256, token.as_bytes());
            token.push('.');
            URL_SAFE_NO_PAD.encode_string(mac, &mut token);
        }
        token
    }

    /// Returns the payload of a token whose mac is right.
    fn payload(&self, token: &str) -> Result<Vec<u8>, TokenRefusal> {
        // `Phoenix.Token.encrypt` of plug_crypto 2, and before.
        if token.starts_with("XCP.") || token.starts_with("QTEyOEdDTQ.") {
            return Err(TokenRefusal::Encrypted);
        }
        let (signed, mac) = token.rsplit_once('.').ok_or(TokenRefusal::Malformed)?;
        let (protected, payload) = signed.split_once('.').ok_or(TokenRefusal::Malformed)?;
        let protected = from_base64(protected)?;
        let key: fn(&MacKeys) -> &hmac::Key = match &*protected {
            b"HS256" => |keys| &keys.sha256,
            b"HS384" => |keys| &keys.sha384,
            b"HS512" => |keys| &keys.sha512,
            _ => return Err(TokenRefusal::Malformed),
        };
        let mac = from_base64(mac)?;
        let mut keys = self.keys.iter().map(key);
        // Each comparison takes the same time, wherever the first wrong byte is.
        if !keys.any(|key| hmac::verify(key, signed.as_bytes(), &mac).is_ok()) {
            return Err(TokenRefusal::Signature);
        }
        from_base64(payload)
    }

    fn judge(&self, payload: &[u8], now_ms: u64) -> Result<Verdict, TokenRefusal> {
        let term = Term::decode(payload).map_err(|_| TokenRefusal::Claims("term"))?;
        let SignedTerm {
            data,
            signed,
            max_age,
        } = SignedTerm::new(term)?;
        let signed_ms = milliseconds(&signed).ok_or(TokenRefusal::Claims("signed"))?;
        // The verifier's age takes the place of the token's own, which may then be anything.
        let age = match self.max_age {
            Some(max_age) => Age::new(&max_age.into()),
            None => Age::new(&max_age),
        };
        let age = age.ok_or(TokenRefusal::Claims("max_age"))?;
        let now_ms = i128::from(now_ms);
        let expires_ms = match age {
            Age::Endless => None,
            // However far in the future it was signed.
            Age::Over => Some(signed_ms.min(now_ms)),
            Age::Milliseconds(age) => Some(signed_ms.saturating_add(age)),
        };
        let is_over = match age {
            Age::Endless => false,
            Age::Over => true,
            // A token still holds in the very millisecond.
            Age::Milliseconds(age) => signed_ms.saturating_add(age) < now_ms,
        };
        let credentials = Credentials {
            subject: self.subject(&data)?,
            expires_ms: expires_ms.map(clamp),
            issued_ms: Some(clamp(signed_ms)),
            issuer: "phoenix".into(),
            claims: self.keeps_claims.then(|| data.into_json()),
            ..Credentials::default()
        };
        Ok(match is_over {
            true => Verdict::Expired(credentials),
            false => Verdict::Taken(credentials),
        })
    }

    /// Returns the subject that the data name. Data without one are those of a client that is
    /// known, though not by name.
    fn subject(&self, data: &Term) -> Result<Option<CompactString>, TokenRefusal> {
        let named = match (data, &self.subject) {
            (Term::Integer(_) | Term::Text(_), _) => Some(data),
            (Term::Map(pairs), Some(key)) => {
                let mut pairs = pairs.iter();
                let pair = pairs.find(|(name, _)| name.name().as_ref() == Some(key));
                pair.map(|(_, value)| value)
            }
            _ => None,
        };
        let subject = match named {
            None => return Ok(None),
            Some(Term::Atom(nil)) if nil == "nil" => return Ok(None),
            Some(Term::Integer(integer)) => integer.to_compact_string(),
            Some(Term::Text(text)) => CompactString::from(text),
            Some(_) => return Err(TokenRefusal::Claims("subject")),
        };
        check_subject(subject, "subject").map(Some)
    }
}

/// The age of a token from before plug_crypto 1.2, which says none.
const MAX_AGE_S: u32 = 86_400;

/// The key of one secret, for each digest that a token may name.
struct MacKeys {
    sha256: hmac::Key,
    sha384: hmac::Key,
    sha512: hmac::Key,
}

impl MacKeys {
    fn new(secret: &Secret, settings: &PhoenixSettings) -> MacKeys {
        let digest = match settings.key_digest {
            KeyDigest::Sha256 => pbkdf2::PBKDF2_HMAC_SHA256,
            KeyDigest::Sha384 => pbkdf2::PBKDF2_HMAC_SHA384,
            KeyDigest::Sha512 => pbkdf2::PBKDF2_HMAC_SHA512,
        };
        let (iterations, salt) = (settings.key_iterations, settings.salt.as_bytes());
        let mut key = Zeroizing::new(vec![0; settings.key_length]);
        pbkdf2::derive(digest, iterations, salt, secret.expose(), &mut key);
        MacKeys {
            sha256: hmac::Key::new(hmac::HMAC_SHA256, &key),
            sha384: hmac::Key::new(hmac::HMAC_SHA384, &key),
            sha512: hmac::Key::new(hmac::HMAC_SHA512, &key),
        }
    }
}

/// The parts of a payload.
struct SignedTerm {
    data: Term,
    signed: Term,
    max_age: Term,
}

impl SignedTerm {
    /// Takes the three forms that plug_crypto takes: `{data, signed, max_age}`, `{data, signed}` of
    /// before 1.2, and `%{data: data, signed: signed}` of older Phoenix, with any keys beside.
    fn new(term: Term) -> Result<SignedTerm, TokenRefusal> {
        let parts = match term {
            Term::Tuple(parts) => parts,
            Term::Map(pairs) => {
                let (mut data, mut signed) = (None, None);
                for (key, value) in pairs {
                    match key {
                        Term::Atom(name) if name == "data" => data = Some(value),
                        Term::Atom(name) if name == "signed" => signed = Some(value),
                        _ => {}
                    }
                }
                [data, signed].into_iter().flatten().collect()
            }
            _ => Vec::new(),
        };
        let mut parts = parts.into_iter();
        match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(data), Some(signed), max_age, None) => Ok(SignedTerm {
                data,
                signed,
                max_age: max_age.unwrap_or(Term::Integer(MAX_AGE_S.into())),
            }),
            _ => Err(TokenRefusal::Claims("term")),
        }
    }
}

/// Returns the whole milliseconds of a number. For a comparison with a whole time, the fraction
/// makes no difference.
fn milliseconds(term: &Term) -> Option<i128> {
    match term {
        Term::Integer(integer) => Some(integer.saturate()),
        Term::Float(float) => Some(float.floor() as i128),
        _ => None,
    }
}

/// How old a token may be.
enum Age {
    Endless,
    /// The age may be 0 or less: such a token is over whenever it was signed.
    Over,
    Milliseconds(i128),
}

impl Age {
    /// Returns the age of so many seconds, or of the atom `infinity`.
    fn new(max_age: &Term) -> Option<Age> {
        match max_age {
            Term::Integer(seconds) => Some(match seconds.saturate() {
                ..=0 => Age::Over,
                seconds => Age::Milliseconds(seconds.saturating_mul(1_000)),
            }),
            Term::Float(seconds) => Some(match *seconds > 0.0 {
                true => Age::Milliseconds((seconds * 1_000.0) as i128),
                false => Age::Over,
            }),
            Term::Atom(name) if name == "infinity" => Some(Age::Endless),
            _ => None,
        }
    }
}

impl From<MaxAge> for Term {
    fn from(max_age: MaxAge) -> Term {
        match max_age {
            MaxAge::Infinity => Term::Atom("infinity".to_owned()),
            MaxAge::Seconds(seconds) => match seconds as i64 {
                whole if whole as f64 == seconds => Term::Integer(whole.into()),
                _ => Term::Float(seconds),
            },
        }
    }
}

fn clamp(milliseconds: i128) -> u64 {
    milliseconds.clamp(0, u64::MAX.into()) as u64
}

const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// Decodes as `Base.url_decode64(padding: false)`: padding that is there has to be whole.
fn from_base64(text: &str) -> Result<Vec<u8>, TokenRefusal> {
    let bytes = LENIENT.decode(text).map_err(|_| TokenRefusal::Malformed)?;
    match text.ends_with('=') && !text.len().is_multiple_of(4) {
        true => Err(TokenRefusal::Malformed),
        false => Ok(bytes),
    }
}

#[cfg(test)]
mod tests;
