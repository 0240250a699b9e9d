//! Who signs tokens, for the log of the start, and the file of revocations.

use lobbyd::Endpoint;
use lobbyd::config::Config;
use lobbyd::credentials::TooManyRevocations;

/// Logs a line for each issuer: its name, and the names and algorithms of its keys.
pub fn announce_issuers(config: &Config) {
    let Some(tokens) = &config.tokens else {
        return;
    };
    for issuer in &tokens.issuers {
        tracing::info!(%issuer, "takes tokens");
    }
    if !tokens.revoked.is_empty() {
        tracing::info!(
            revocations = tokens.revoked.len(),
            "tokens and subjects of auth.revoked_file are taken no longer"
        );
    }
}

/// Hands the revocations of the file to the server, in place of those before.
///
/// # Errors
/// If there are too many. Then those before stay.
pub fn revoke(endpoint: &Endpoint, config: &Config) -> Result<(), TooManyRevocations> {
    let revoked = config.tokens.as_ref().map(|tokens| tokens.revoked.clone());
    endpoint.set_revoked(revoked.unwrap_or_default())
}
