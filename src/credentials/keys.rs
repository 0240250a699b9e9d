//! The keys of an issuer: which may have signed a token, and those of a JWK set (RFC 7517).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use compact_str::CompactString;
use jsonwebtoken::DecodingKey;
use serde_json::{Map, Value};

use super::algorithm::Algorithm;
use super::key::{KeyAlgorithms, KeyKind, TokenKey};
use super::key_problem::KeyProblem;
use super::refusal::TokenRefusal;
use super::secret::Secret;

/// Most keys that one token is checked with.
const TRIES_MAX: usize = 4;
/// Most keys of a JWK set.
const JWKS_KEYS_MAX: usize = 100;

/// The keys of an issuer at a time. Rotation is a set with the old key and the new one.
#[derive(Clone, Debug, Default)]
pub struct KeySet {
    keys: Box<[TokenKey]>,
}

/// What a JWK set has.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Jwks {
    /// The keys that are taken.
    pub keys: Vec<TokenKey>,
    /// The names of those that are left out, where they have one, each with the reason.
    pub left_out: Vec<(Option<CompactString>, KeyProblem)>,
}

/// Whoever can read a JWK set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum JwksReaders {
    /// Everybody: it came from a URL. A shared secret in it is a mistake.
    Everybody,
    /// This server: it came from a file.
    Server,
}

impl KeySet {
    /// Returns the set of these keys.
    pub fn new(keys: impl IntoIterator<Item = TokenKey>) -> KeySet {
        KeySet {
            keys: keys.into_iter().collect(),
        }
    }

    /// Returns the keys.
    pub fn keys(&self) -> &[TokenKey] {
        &self.keys
    }

    /// True if a key with this digest is there, has the algorithm, and is in its time.
    pub(super) fn has(&self, digest: [u8; 16], algorithm: Algorithm, now_ms: u64) -> bool {
        let mut keys = self.with(algorithm, now_ms);
        keys.any(|key| key.digest() == digest)
    }

    /// True if a key with this digest is there and in its time.
    pub(super) fn has_mark(&self, digest: [u8; 16], now_ms: u64) -> bool {
        let mut keys = self.keys.iter();
        keys.any(|key| key.digest() == digest && !key.is_over(now_ms))
    }

    /// Returns the keys that may have signed a token with this algorithm and `kid`. A key without
    /// a name is tried for tokens without one, and for others with `unnamed`.
    pub(super) fn of_token(
        &self,
        algorithm: Algorithm,
        kid: Option<&str>,
        unnamed: bool,
        now_ms: u64,
    ) -> Result<Vec<&TokenKey>, TokenRefusal> {
        let with = || self.with(algorithm, now_ms);
        if with().next().is_none() {
            // A key whose time is over is gone; that its algorithm was wrong would mislead.
            let mut keys = self.keys.iter();
            return Err(
                match keys.any(|key| key.algorithms().contains(&algorithm)) {
                    true => TokenRefusal::KeyUnknown,
                    false => TokenRefusal::Algorithm,
                },
            );
        }
        let Some(kid) = kid else {
            return Ok(with().take(TRIES_MAX).collect());
        };
        let current = self.keys.iter().filter(|key| !key.is_over(now_ms));
        let is_known = { current }.any(|key| key.kid() == Some(kid));
        let named = |key: &&TokenKey| match is_known {
            true => key.kid() == Some(kid),
            false => unnamed && key.kid().is_none(),
        };
        let found: Vec<&TokenKey> = with().filter(named).take(TRIES_MAX).collect();
        match (found.is_empty(), is_known) {
            (false, _) => Ok(found),
            (true, true) => Err(TokenRefusal::Algorithm),
            (true, false) => Err(TokenRefusal::KeyUnknown),
        }
    }

    fn with(&self, algorithm: Algorithm, now_ms: u64) -> impl Iterator<Item = &TokenKey> {
        let fits =
            move |key: &&TokenKey| key.algorithms().contains(&algorithm) && !key.is_over(now_ms);
        self.keys.iter().filter(fits)
    }
}

impl Jwks {
    /// Returns the keys of a JWK set with those of `algorithms` that fit each. What is not for
    /// signatures, or of an unknown kind, is left out (RFC 7517, section 5).
    pub fn parse(
        text: &str,
        algorithms: &[Algorithm],
        readers: JwksReaders,
    ) -> Result<Jwks, KeyProblem> {
        let set: Value = serde_json::from_str(text).map_err(|_| KeyProblem::NotJwks)?;
        let keys = set.get("keys").and_then(Value::as_array);
        let keys = keys.ok_or(KeyProblem::NotJwks)?;
        if keys.len() > JWKS_KEYS_MAX {
            return Err(KeyProblem::TooManyKeys(keys.len()));
        }
        let mut jwks = Jwks::default();
        for jwk in keys {
            let jwk = jwk.as_object().ok_or(KeyProblem::NotJwks)?;
            match key_of(jwk, algorithms, readers) {
                Ok(key) => jwks.keys.push(key),
                Err(problem) => {
                    let id = jwk.get("kid").and_then(Value::as_str);
                    jwks.left_out.push((id.map(CompactString::from), problem));
                }
            }
        }
        Ok(jwks)
    }
}

fn key_of(
    jwk: &Map<String, Value>,
    algorithms: &[Algorithm],
    readers: JwksReaders,
) -> Result<TokenKey, KeyProblem> {
    check_purpose(jwk)?;
    let own: Vec<Algorithm>;
    let algorithms = match text(jwk, "alg")? {
        None => algorithms,
        Some(name) => {
            let one = Algorithm::of_name(name).ok_or(KeyProblem::Member("alg"))?;
            own = algorithms
                .iter()
                .copied()
                .filter(|allowed| *allowed == one)
                .collect();
            &own
        }
    };
    let algorithms = KeyAlgorithms::Fitting(algorithms);
    let kind = text(jwk, "kty")?.ok_or(KeyProblem::Member("kty"))?;
    let key = match (kind, text(jwk, "crv")?) {
        ("oct", _) if readers == JwksReaders::Everybody => Err(KeyProblem::SecretInPublicSet),
        ("oct", _) => TokenKey::secret(&Secret::new(bytes(jwk, "k")?), algorithms),
        ("RSA", _) => {
            let (n, e) = (bytes(jwk, "n")?, bytes(jwk, "e")?);
            let key = DecodingKey::from_rsa_raw_components(&n, &e);
            TokenKey::new(KeyKind::Rsa, key, algorithms)
        }
        ("EC", Some("P-256")) => TokenKey::new(KeyKind::P256, point(jwk, 32)?, algorithms),
        ("EC", Some("P-384")) => TokenKey::new(KeyKind::P384, point(jwk, 48)?, algorithms),
        ("OKP", Some("Ed25519")) => {
            let key = DecodingKey::from_ed_der(&bytes(jwk, "x")?);
            TokenKey::new(KeyKind::Ed25519, key, algorithms)
        }
        _ => Err(KeyProblem::Kind),
    }?;
    Ok(match text(jwk, "kid")? {
        Some(id) => key.id(id),
        None => key,
    })
}

/// Refuses a key that is not for signatures. Most sets have `use`, some `key_ops`, some neither.
fn check_purpose(jwk: &Map<String, Value>) -> Result<(), KeyProblem> {
    let is_verify = |operations: &Value| {
        let mut each = operations.as_array().into_iter().flatten();
        each.any(|operation| operation == "verify")
    };
    let signs = jwk.get("use").is_none_or(|purpose| purpose == "sig")
        && jwk.get("key_ops").is_none_or(is_verify);
    if signs {
        Ok(())
    } else {
        Err(KeyProblem::NotForSignatures)
    }
}

/// Returns the uncompressed point of a curve (SEC 1, section 2.3.3). RFC 7518, section 6.2.1.2:
/// each coordinate has the full length.
fn point(jwk: &Map<String, Value>, length: usize) -> Result<DecodingKey, KeyProblem> {
    let mut point = vec![4];
    for name in ["x", "y"] {
        let coordinate = bytes(jwk, name)?;
        if coordinate.len() != length {
            return Err(KeyProblem::Member(name));
        }
        point.extend(coordinate);
    }
    Ok(DecodingKey::from_ec_der(&point))
}

fn text<'a>(
    jwk: &'a Map<String, Value>,
    name: &'static str,
) -> Result<Option<&'a str>, KeyProblem> {
    match jwk.get(name) {
        None => Ok(None),
        Some(value) => value.as_str().map(Some).ok_or(KeyProblem::Member(name)),
    }
}

fn bytes(jwk: &Map<String, Value>, name: &'static str) -> Result<Vec<u8>, KeyProblem> {
    let text = text(jwk, name)?.ok_or(KeyProblem::Member(name))?;
    let bytes = URL_SAFE_NO_PAD.decode(text);
    bytes.map_err(|_| KeyProblem::Member(name))
}
