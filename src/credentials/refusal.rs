//! Why a token was refused: the code for clients and metrics, the words, and the HTTP status.

/// Why a token was not taken. The code is stable, and stands in replies, metrics and the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TokenRefusal {
    /// There is no token where one is needed.
    Missing,
    /// The token has more bytes than `auth.token_bytes_max`.
    TooLong,
    /// The token is neither a signed JWT nor a signed Phoenix.Token.
    Malformed,
    /// The token is encrypted, which no issuer of the configuration does.
    Encrypted,
    /// The header's `typ` is none of the issuer's types.
    Type,
    /// No issuer of the configuration has the token's `iss`.
    Issuer,
    /// The header's `alg` is none of those of the key.
    Algorithm,
    /// The issuer has no key with the token's `kid`, or none for its `alg`.
    KeyUnknown,
    /// The issuer has no keys yet, or has lost them.
    KeysUnavailable,
    /// The token's time is over.
    Expired,
    /// The signature is not that of a key of the issuer.
    Signature,
    /// A claim has another type than it must have, or is missing. Names the claim.
    Claims(&'static str),
    /// The token's time has not begun: `nbf`.
    NotYetValid,
    /// The token was issued in the future: `iat`.
    IssuedInFuture,
    /// The token lives longer than `auth.lifetime_max_s`.
    Lifetime,
    /// The token is for another audience.
    Audience,
    /// The token, or all tokens of its subject until then, were revoked.
    Revoked,
    /// The token is of another subject than the connection's token before.
    SubjectChanged,
}

impl TokenRefusal {
    /// Returns the code, as clients, metrics and the log have it.
    pub fn code(self) -> &'static str {
        match self {
            TokenRefusal::Missing => "token_missing",
            TokenRefusal::TooLong => "token_too_long",
            TokenRefusal::Malformed => "token_malformed",
            TokenRefusal::Encrypted => "token_encrypted",
            TokenRefusal::Type => "token_type",
            TokenRefusal::Issuer => "token_issuer",
            TokenRefusal::Algorithm => "token_algorithm",
            TokenRefusal::KeyUnknown => "token_key_unknown",
            TokenRefusal::KeysUnavailable => "keys_unavailable",
            TokenRefusal::Expired => "token_expired",
            TokenRefusal::Signature => "token_signature",
            TokenRefusal::Claims(_) => "token_claims",
            TokenRefusal::NotYetValid => "token_not_yet_valid",
            TokenRefusal::IssuedInFuture => "token_issued_in_future",
            TokenRefusal::Lifetime => "token_lifetime",
            TokenRefusal::Audience => "token_audience",
            TokenRefusal::Revoked => "token_revoked",
            TokenRefusal::SubjectChanged => "subject_changed",
        }
    }

    /// Returns what would have such a token taken, for the log: settings of the program, and what
    /// an app sets in their place, or what the client should do.
    pub fn hint(self) -> &'static str {
        match self {
            TokenRefusal::Missing => {
                "have the client send a token, or set auth.required = false and let rooms decide"
            }
            TokenRefusal::TooLong => {
                "have the issuer put less into tokens, or raise auth.token_bytes_max"
            }
            TokenRefusal::Malformed => {
                "have the client send one signed JWT or Phoenix.Token, whole and as it was issued"
            }
            TokenRefusal::Encrypted => "have the issuer sign tokens instead of encrypting them",
            TokenRefusal::Type => "add the token's `typ` to the issuer's types",
            TokenRefusal::Issuer => "add an [[auth.issuer]] with the token's `iss`",
            TokenRefusal::Algorithm => {
                "add the token's `alg` to the key's algorithms, if its key may be used so"
            }
            TokenRefusal::KeyUnknown => {
                "add the token's key to the issuer, or look at its jwks_url"
            }
            TokenRefusal::KeysUnavailable => {
                "look at the issuer's jwks_url and at limits.token_checks; clients may come again"
            }
            TokenRefusal::Expired => "have the client ask for a new token before it connects",
            TokenRefusal::Signature => {
                "look at the issuer's key: the token was signed with another one"
            }
            TokenRefusal::Claims(_) => "have the issuer mend the claim that is named",
            TokenRefusal::NotYetValid | TokenRefusal::IssuedInFuture => {
                "set the clocks of the issuer and of this machine, or raise auth.leeway_s"
            }
            TokenRefusal::Lifetime => {
                "have the issuer give shorter tokens, or raise auth.lifetime_max_s"
            }
            TokenRefusal::Audience => {
                "add the token's `aud` to the issuer's audience (`any` for all)"
            }
            TokenRefusal::SubjectChanged => {
                "have the client open another connection for another subject"
            }
            TokenRefusal::Revoked => "let it be: the token, or its subject, was revoked",
        }
    }

    /// Returns the HTTP status of a refused connect: 401, 403 if the client is known and may not,
    /// or 503 if it may come again.
    pub fn status(self) -> u16 {
        match self {
            TokenRefusal::Revoked | TokenRefusal::SubjectChanged => 403,
            TokenRefusal::KeysUnavailable => 503,
            _ => 401,
        }
    }
}

impl std::fmt::Display for TokenRefusal {
    /// Writes the words for a client: the code with spaces, and the claim where one is wrong.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            TokenRefusal::Claims(claim) => write!(f, "token claims: {claim}"),
            other => {
                let words = other.code().split('_');
                for (at, word) in words.enumerate() {
                    let space = if at == 0 { "" } else { " " };
                    write!(f, "{space}{word}")?;
                }
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_a_refusal_are_its_code_and_name_a_wrong_claim() {
        assert_eq!(TokenRefusal::Expired.to_string(), "token expired");
        assert_eq!(
            TokenRefusal::KeysUnavailable.to_string(),
            "keys unavailable"
        );
        assert_eq!(TokenRefusal::Claims("exp").to_string(), "token claims: exp");
    }
}
