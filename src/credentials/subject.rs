//! What is known of a client: its subject, until when, and what it may do.

use compact_str::CompactString;
use serde_json::Value;

use super::grants::Grants;

/// What a genuine token says of a client. Rooms ask this alone, wherever the token came from.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Credentials {
    /// Who the client is: at most 255 bytes, without control characters. `None` for a token that
    /// names nobody.
    pub subject: Option<CompactString>,
    /// When it ends, in milliseconds since 1970. `None`: never.
    pub expires_ms: Option<u64>,
    /// When the token was issued, in milliseconds since 1970.
    pub issued_ms: Option<u64>,
    /// The token's own name (`jti`), by which it can be revoked.
    pub id: Option<CompactString>,
    /// Name of the issuer in the configuration, `"phoenix"` for a Phoenix.Token.
    pub issuer: CompactString,
    /// The only topic that the token may join, if it is a token for one join alone.
    pub topic: Option<CompactString>,
    /// What the client may do beyond what the rooms allow everybody.
    pub grants: Grants,
    /// What the token says of the client for others to see, such as a name: presence shows it.
    pub meta: Option<Value>,
    /// All claims, where the configuration keeps them.
    pub claims: Option<Value>,
    /// The key that signed its JWT.
    #[cfg(feature = "auth")]
    pub(super) key: Option<KeyMark>,
}

/// What one key is known by: a part of the SHA-256 of its bytes. Not shown, because a secret may be
/// weak.
#[cfg(feature = "auth")]
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct KeyMark(pub [u8; 16]);

#[cfg(feature = "auth")]
impl std::fmt::Debug for KeyMark {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("…")
    }
}
