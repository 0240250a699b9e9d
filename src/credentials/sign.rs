//! The making of tokens, for `lobbyd token sign` and for tests. A server signs none.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::EncodingKey;
use jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER;
use serde_json::{Map, Value, json};

use super::algorithm::Algorithm;
use super::key_problem::KeyProblem;
use super::secret::Secret;

/// A key that tokens are signed with. Its `Debug` shows no byte of it.
#[derive(Clone, Debug)]
pub struct Signer(EncodingKey);

impl Signer {
    /// Returns the key of a shared secret, of any length.
    pub fn secret(secret: &Secret) -> Result<Signer, KeyProblem> {
        let key = EncodingKey::from_secret(secret.expose());
        key.map(Signer).map_err(|_| KeyProblem::SecretShort(0))
    }

    /// Returns the private key of a PEM block: PKCS#8, or PKCS#1 for RSA.
    pub fn private_pem(text: &str) -> Result<Signer, KeyProblem> {
        if !text.contains("PRIVATE KEY-----") {
            return Err(KeyProblem::NotPrivatePem);
        }
        let pem = text.as_bytes();
        let key = EncodingKey::from_rsa_pem(pem)
            .or_else(|_| EncodingKey::from_ed_pem(pem))
            .or_else(|_| EncodingKey::from_ec_pem(pem));
        key.map(Signer).map_err(|_| KeyProblem::NotPrivatePem)
    }

    /// Returns a token with these claims.
    pub fn sign(
        &self,
        algorithm: Algorithm,
        kid: Option<&str>,
        claims: &Map<String, Value>,
    ) -> Result<String, KeyProblem> {
        let mut header = json!({"alg": algorithm.name(), "typ": "JWT"});
        if let Some(kid) = kid {
            header["kid"] = kid.into();
        }
        let claims = Value::Object(claims.clone()).to_string();
        self.sign_text(algorithm, header.to_string().as_bytes(), claims.as_bytes())
    }

    /// Returns a token with this header and these claims as they are, whatever they say: for tests
    /// of what has to be refused.
    pub fn sign_text(
        &self,
        algorithm: Algorithm,
        header: &[u8],
        claims: &[u8],
    ) -> Result<String, KeyProblem> {
        let problem = KeyProblem::Sign(algorithm);
        let signer = (DEFAULT_PROVIDER.signer_factory)(&algorithm.of_library(), &self.0);
        let signer = signer.map_err(|_| problem.clone())?;
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let signed = format!("{}.{}", encode(header), encode(claims));
        let signature = signer.try_sign(signed.as_bytes()).map_err(|_| problem)?;
        Ok(format!("{signed}.{}", encode(&signature)))
    }
}
