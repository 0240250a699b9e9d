//! What `[auth]` came to: the checks of tokens, with the secrets and keys that were read for them.

use super::secret_text::SecretText;
use crate::credentials::{Algorithm, PhoenixSettings, Revocation, Signer, TokenChecks};

/// What `[auth]` came to. Its `Debug` shows no byte of a secret.
#[derive(Clone, Debug)]
pub struct LoadedTokens {
    /// What checks tokens.
    pub checks: TokenChecks,
    /// A digest of all that the checks were made of, the contents of files among it: with the same
    /// digest the checks before serve on, with what they remember.
    pub(in crate::config) digest: [u8; 32],
    /// The revocations of the file.
    pub revoked: Vec<Revocation>,
    /// Who signs tokens, one line each, for the start: the name, the source, the keys.
    pub issuers: Vec<String>,
    /// The secrets that were read, each with the setting that names it.
    pub(in crate::config) secrets: Vec<(String, SecretText)>,
    /// The files of public keys that were read.
    pub(in crate::config) files: Vec<FileDigest>,
    /// The keys that can sign: those of a shared secret.
    pub signers: Vec<KeySigner>,
    /// How the app of Phoenix signs.
    pub phoenix: Option<PhoenixSettings>,
}

/// A file of public keys as it was read, to notice that it holds something else now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::config) struct FileDigest {
    /// The setting that names the file.
    pub what: String,
    /// A digest of its contents.
    pub digest: [u8; 32],
}

/// A key that can sign for an issuer.
#[derive(Clone, Debug)]
pub struct KeySigner {
    /// The issuer's name.
    pub issuer: String,
    /// The key's name.
    pub id: Option<String>,
    /// Its algorithms, at least one.
    pub algorithms: Vec<Algorithm>,
    /// When the key ends, in milliseconds since 1970.
    pub until_ms: Option<u64>,
    /// What signs.
    pub signer: Signer,
}
