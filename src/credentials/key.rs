//! One key of an issuer: a shared secret or a public key, and the algorithms that it may have.

use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use compact_str::CompactString;
use jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER;
use jsonwebtoken::{DecodingKey, DecodingKeyKind};

use super::algorithm::Algorithm;
use super::key_problem::KeyProblem;
use super::secret::Secret;

/// Least bytes of a secret (RFC 7518, section 3.2).
const SECRET_BYTES_MIN: usize = 32;
/// Bits that an RSA key may have; the crypto library verifies with no other.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2_048..=8_192;

/// How a secret is written in its file, variable or setting.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum SecretFormat {
    /// As it is.
    #[default]
    Utf8,
    /// Base64 with `+` and `/`, padded or not.
    Base64,
    /// Base64 with `-` and `_`, padded or not.
    Base64Url,
    /// Two digits a byte.
    Hex,
}

impl SecretFormat {
    /// Returns the secret that is written like this.
    pub fn decode(self, text: &[u8]) -> Result<Secret, KeyProblem> {
        let unpadded = || {
            text.strip_suffix(b"==")
                .or(text.strip_suffix(b"="))
                .unwrap_or(text)
        };
        let (bytes, name) = match self {
            SecretFormat::Utf8 => (
                std::str::from_utf8(text).ok().map(|_| text.to_vec()),
                "UTF-8",
            ),
            SecretFormat::Base64 => (STANDARD_NO_PAD.decode(unpadded()).ok(), "base64"),
            SecretFormat::Base64Url => (URL_SAFE_NO_PAD.decode(unpadded()).ok(), "base64url"),
            SecretFormat::Hex => (from_hex(text), "hexadecimal"),
        };
        bytes.map(Secret::new).ok_or(KeyProblem::Encoding(name))
    }
}

fn from_hex(text: &[u8]) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let (pairs, rest) = text.as_chunks::<2>();
    let byte = |[high, low]: &[u8; 2]| u8::try_from(digit(*high)? * 16 + digit(*low)?).ok();
    let bytes = pairs.iter().map(byte).collect();
    if rest.is_empty() { bytes } else { None }
}

/// Which algorithms a key gets.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum KeyAlgorithms<'a> {
    /// These, and each must fit: the key's own list.
    Each(&'a [Algorithm]),
    /// Those of these that fit, at least one: the issuer's list.
    Fitting(&'a [Algorithm]),
}

/// What a key is, which decides the algorithms that fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeyKind {
    Secret,
    Rsa,
    P256,
    P384,
    Ed25519,
}

impl KeyKind {
    fn fits(self, algorithm: Algorithm) -> bool {
        match self {
            KeyKind::Secret => algorithm.is_hmac(),
            KeyKind::Rsa => algorithm.is_rsa(),
            KeyKind::P256 => algorithm == Algorithm::Es256,
            KeyKind::P384 => algorithm == Algorithm::Es384,
            KeyKind::Ed25519 => algorithm == Algorithm::EdDsa,
        }
    }

    fn name(self) -> &'static str {
        match self {
            KeyKind::Secret => "secret",
            KeyKind::Rsa => "RSA",
            KeyKind::P256 => "P-256",
            KeyKind::P384 => "P-384",
            KeyKind::Ed25519 => "Ed25519",
        }
    }

    fn algorithms(self, list: KeyAlgorithms<'_>) -> Result<Arc<[Algorithm]>, KeyProblem> {
        let kind = self.name();
        let fit: Arc<[Algorithm]> = match list {
            KeyAlgorithms::Each(list) => {
                if let Some(algorithm) = list.iter().copied().find(|one| !self.fits(*one)) {
                    return Err(KeyProblem::Algorithm { algorithm, kind });
                }
                list.into()
            }
            KeyAlgorithms::Fitting(list) => {
                let fit = list.iter().copied().filter(|one| self.fits(*one));
                fit.collect()
            }
        };
        if fit.is_empty() {
            return Err(KeyProblem::NoAlgorithm(kind));
        }
        Ok(fit)
    }
}

/// A key that signatures are checked with. Its `Debug` shows no byte of it.
#[derive(Clone)]
pub struct TokenKey {
    id: Option<CompactString>,
    algorithms: Arc<[Algorithm]>,
    until_ms: Option<u64>,
    key: DecodingKey,
    /// Of the bytes of the key: cached tokens name by it the key that they were checked with.
    digest: [u8; 16],
}

impl TokenKey {
    /// Returns the key of a shared secret.
    pub fn secret(secret: &Secret, algorithms: KeyAlgorithms<'_>) -> Result<TokenKey, KeyProblem> {
        let bytes = secret.expose();
        // RFC 8725, section 2.1: with a public key as secret, everybody could sign.
        if bytes.windows(10).any(|part| part == b"-----BEGIN") {
            return Err(KeyProblem::SecretIsPem);
        }
        if bytes.len() < SECRET_BYTES_MIN {
            return Err(KeyProblem::SecretShort(bytes.len()));
        }
        let key = DecodingKey::from_secret(bytes).map_err(|_| KeyProblem::Broken)?;
        TokenKey::new(KeyKind::Secret, key, algorithms)
    }

    /// Returns the public key of a PEM block: SPKI, PKCS#1 or a certificate. Of a certificate the
    /// key alone is read: neither its dates nor who signed it are looked at.
    pub fn public_pem(text: &str, algorithms: KeyAlgorithms<'_>) -> Result<TokenKey, KeyProblem> {
        if text.contains("PRIVATE KEY-----") {
            return Err(KeyProblem::Private);
        }
        let pem = text.as_bytes();
        let rsa = || DecodingKey::from_rsa_pem(pem).map(|key| (KeyKind::Rsa, key));
        let ed = || DecodingKey::from_ed_pem(pem).map(|key| (KeyKind::Ed25519, key));
        let ec = || {
            let key = DecodingKey::from_ec_pem(pem)?;
            let is_p384 = key.try_get_as_bytes()?.len() == 97;
            Ok((
                if is_p384 {
                    KeyKind::P384
                } else {
                    KeyKind::P256
                },
                key,
            ))
        };
        let found = rsa()
            .or_else(|_: jsonwebtoken::errors::Error| ed())
            .or_else(|_| ec());
        let (kind, key) = found.map_err(|_: jsonwebtoken::errors::Error| KeyProblem::NotPem)?;
        TokenKey::new(kind, key, algorithms)
    }

    /// Returns the key of this kind, after a look at its bytes.
    pub(super) fn new(
        kind: KeyKind,
        key: DecodingKey,
        algorithms: KeyAlgorithms<'_>,
    ) -> Result<TokenKey, KeyProblem> {
        let algorithms = kind.algorithms(algorithms)?;
        let mut bytes = kind.name().as_bytes().to_vec();
        match key.kind() {
            DecodingKeyKind::SecretOrDer(content) => {
                check_bytes(kind, content)?;
                bytes.extend(content);
            }
            DecodingKeyKind::RsaModulusExponent { n, e } => {
                check_rsa(n, e)?;
                bytes.extend(n.iter().chain(e));
            }
        }
        let mut half = [0; 16];
        half.copy_from_slice(&digest(&SHA256, &bytes).as_ref()[..16]);
        Ok(TokenKey {
            id: None,
            algorithms,
            until_ms: None,
            key,
            digest: half,
        })
    }

    /// Names the key: the `kid` of tokens that it signed.
    #[must_use]
    pub fn id(mut self, id: &str) -> TokenKey {
        self.id = Some(id.into());
        self
    }

    /// Ends the key at this time, in milliseconds since 1970.
    #[must_use]
    pub fn until_ms(mut self, until_ms: u64) -> TokenKey {
        self.until_ms = Some(until_ms);
        self
    }

    /// Returns the name of the key.
    pub fn kid(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// Returns the algorithms that the key may have.
    pub fn algorithms(&self) -> &[Algorithm] {
        &self.algorithms
    }

    /// True if the key's time is over.
    pub fn is_over(&self, now_ms: u64) -> bool {
        self.until_ms.is_some_and(|until| until <= now_ms)
    }

    pub(super) fn digest(&self) -> [u8; 16] {
        self.digest
    }

    /// True if the signature is that of this key. The algorithm must be one of the key's.
    pub(super) fn verify(&self, algorithm: Algorithm, signed: &[u8], signature: &Vec<u8>) -> bool {
        // The provider by its name: the process default panics where another crate of an app turns
        // a second provider on.
        let verifier = (DEFAULT_PROVIDER.verifier_factory)(&algorithm.of_library(), &self.key);
        self.algorithms.contains(&algorithm)
            && verifier.is_ok_and(|verifier| verifier.verify(signed, signature).is_ok())
    }
}

impl std::fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TokenKey")
            .field("id", &self.id)
            .field("algorithms", &self.algorithms)
            .field("until_ms", &self.until_ms)
            .finish_non_exhaustive()
    }
}

/// Refuses bytes that are no key, so that a fault shows at the start and not with each token.
fn check_bytes(kind: KeyKind, bytes: &[u8]) -> Result<(), KeyProblem> {
    let algorithm: &'static dyn signature::VerificationAlgorithm = match kind {
        KeyKind::Secret => return Ok(()),
        KeyKind::Rsa => {
            let components = DEFAULT_PROVIDER
                .key_utils
                .rsa_pub_components_from_public_key;
            let (n, e) = components(bytes).map_err(|_| KeyProblem::Broken)?;
            return check_rsa(&n, &e);
        }
        KeyKind::P256 => &signature::ECDSA_P256_SHA256_FIXED,
        KeyKind::P384 => &signature::ECDSA_P384_SHA384_FIXED,
        KeyKind::Ed25519 => &signature::ED25519,
    };
    let parsed = signature::ParsedPublicKey::new(algorithm, bytes);
    parsed.map(drop).map_err(|_| KeyProblem::Broken)
}

/// Refuses a modulus out of bounds, and an exponent that signs nothing.
fn check_rsa(n: &[u8], e: &[u8]) -> Result<(), KeyProblem> {
    let (n, e) = (stripped(n), stripped(e));
    let bits = n
        .first()
        .map_or(0, |first| n.len() * 8 - first.leading_zeros() as usize);
    if !RSA_BITS.contains(&bits) {
        return Err(KeyProblem::RsaBits(bits));
    }
    let is_odd = |number: &[u8]| number.last().is_some_and(|last| last % 2 == 1);
    match is_odd(n) && is_odd(e) && e != [1] && e.len() <= 5 {
        true => Ok(()),
        false => Err(KeyProblem::Broken),
    }
}

fn stripped(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    &number[zeros..]
}
