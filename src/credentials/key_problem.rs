//! Why a key of the configuration, or one of a JWK set, cannot be taken: words for `config check`.

use super::algorithm::Algorithm;

/// Why a key cannot be taken. Its words never show a byte of the key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyProblem {
    /// The secret is not written as its encoding says.
    #[error("the secret is not {0}")]
    Encoding(&'static str),
    /// RFC 7518, section 3.2, asks for a secret as long as the hash; HS256's is 32 bytes.
    #[error("the secret has {0} bytes, and must have at least 32")]
    SecretShort(usize),
    /// A public key as a secret: whoever has the public key could sign.
    #[error("the secret is a PEM block: a key of a key pair belongs into public_key_file")]
    SecretIsPem,
    /// The text is no PEM block of a public key or certificate.
    #[error("not a PEM block of a public key (SPKI, PKCS#1) or of a certificate")]
    NotPem,
    /// The text is no PEM block of a private key.
    #[error("not a PEM block of a private key (PKCS#8, or PKCS#1 for RSA)")]
    NotPrivatePem,
    /// A private key, where a public one is enough.
    #[error("a private key: give the public key alone")]
    Private,
    /// RFC 7518, section 3.3.
    #[error("the RSA key has {0} bits, and must have 2048 to 8192")]
    RsaBits(usize),
    /// The bytes are no key of their kind: a point that is not on its curve, say.
    #[error("the key is broken, or of a curve that is not supported")]
    Broken,
    /// An algorithm that this kind of key cannot have.
    #[error("{algorithm} does not fit a key of the kind {kind}")]
    Algorithm {
        /// The algorithm.
        algorithm: Algorithm,
        /// The kind of the key.
        kind: &'static str,
    },
    /// The list of algorithms has none for this key.
    #[error("no algorithm of the list fits a key of the kind {0}")]
    NoAlgorithm(&'static str),
    /// The text is no JWK set (RFC 7517, section 5).
    #[error("not a JWK set: an object with an array `keys`")]
    NotJwks,
    /// The set has more keys than are looked at.
    #[error("the JWK set has {0} keys, at most 100")]
    TooManyKeys(usize),
    /// A JWK lacks a member, or has it of another type.
    #[error("the JWK has no proper `{0}`")]
    Member(&'static str),
    /// A JWK of a kind or curve that no algorithm here has.
    #[error("the JWK is of an unknown kind or curve")]
    Kind,
    /// `use` is there and not `sig`, or `key_ops` is there without `verify`.
    #[error("the JWK is not for signatures (`use`, `key_ops`)")]
    NotForSignatures,
    /// A shared secret in a set that everybody can read.
    #[error("a shared secret in a public JWK set")]
    SecretInPublicSet,
    /// The key cannot sign with this algorithm.
    #[error("the key does not sign with {0}")]
    Sign(Algorithm),
}
