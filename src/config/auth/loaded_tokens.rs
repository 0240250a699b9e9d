//! What `[auth]` came to: the checks of tokens, with the secrets and keys that were read for them.

use std::collections::HashMap;

use crate::credentials::{Algorithm, Revocation, Signer, TokenChecks};

/// What `[auth]` came to.
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
    /// The keys that can sign: those of a shared secret, by the issuer's name.
    pub signers: HashMap<String, IssuerSigner>,
}

/// A key that can sign for an issuer, with what its tokens say.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct IssuerSigner {
    /// The key.
    pub signer: Signer,
    /// What it signs with.
    pub algorithm: Algorithm,
    /// Its name.
    pub kid: Option<String>,
    /// The `iss` that its tokens must have.
    pub iss: Option<String>,
    /// An `aud` that its tokens may have.
    pub audience: Option<String>,
}
