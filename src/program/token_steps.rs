//! The checks of a token in their order: their names, what they look at, and how they fail.

use lobbyd::config::Config;
use lobbyd::credentials::TokenRefusal;

use super::token_form::{TokenParts, shown};

/// One check of a token, or several that are told together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TokenStep {
    Presence,
    Length,
    Form,
    Type,
    Issuer,
    Algorithm,
    Key,
    Signature,
    ClaimTypes,
    Times,
    Audience,
    Subject,
    Revocation,
}

const OF_JWT: [TokenStep; 13] = [
    TokenStep::Presence,
    TokenStep::Length,
    TokenStep::Form,
    TokenStep::Type,
    TokenStep::Issuer,
    TokenStep::Algorithm,
    TokenStep::Key,
    TokenStep::Signature,
    TokenStep::ClaimTypes,
    TokenStep::Times,
    TokenStep::Audience,
    TokenStep::Subject,
    TokenStep::Revocation,
];

const OF_PHOENIX: [TokenStep; 8] = [
    TokenStep::Presence,
    TokenStep::Length,
    TokenStep::Issuer,
    TokenStep::Form,
    TokenStep::Signature,
    TokenStep::ClaimTypes,
    TokenStep::Times,
    TokenStep::Revocation,
];

/// Returns the checks of a token, in their order.
pub(super) fn steps(parts: &TokenParts) -> &'static [TokenStep] {
    match parts {
        TokenParts::Phoenix => &OF_PHOENIX,
        _ => &OF_JWT,
    }
}

impl TokenStep {
    /// Returns its name.
    pub fn name(self) -> &'static str {
        match self {
            TokenStep::Presence => "presence",
            TokenStep::Length => "length",
            TokenStep::Form => "form",
            TokenStep::Type => "type",
            TokenStep::Issuer => "issuer",
            TokenStep::Algorithm => "algorithm",
            TokenStep::Key => "key",
            TokenStep::Signature => "signature",
            TokenStep::ClaimTypes => "claims",
            TokenStep::Times => "times",
            TokenStep::Audience => "audience",
            TokenStep::Subject => "subject",
            TokenStep::Revocation => "revocation",
        }
    }

    /// True if a token that fails here is refused like this.
    pub fn fails_with(self, refusal: TokenRefusal, parts: &TokenParts) -> bool {
        let step = match refusal {
            TokenRefusal::Missing => TokenStep::Presence,
            TokenRefusal::TooLong => TokenStep::Length,
            TokenRefusal::Malformed | TokenRefusal::Encrypted => TokenStep::Form,
            TokenRefusal::Type => TokenStep::Type,
            TokenRefusal::Issuer => TokenStep::Issuer,
            TokenRefusal::Algorithm => TokenStep::Algorithm,
            TokenRefusal::KeyUnknown | TokenRefusal::KeysUnavailable => TokenStep::Key,
            TokenRefusal::Signature => TokenStep::Signature,
            TokenRefusal::Claims(_) if matches!(parts, TokenParts::Phoenix) => {
                TokenStep::ClaimTypes
            }
            // An `exp` that has to be there is looked for with the times.
            TokenRefusal::Claims("exp") if parts.claim("exp").is_none() => TokenStep::Times,
            TokenRefusal::Claims("exp" | "nbf" | "iat" | "jti" | "aud" | "iss") => {
                TokenStep::ClaimTypes
            }
            TokenRefusal::Claims("sub") if has_wrong_type(parts) => TokenStep::ClaimTypes,
            TokenRefusal::Claims(_) => TokenStep::Subject,
            TokenRefusal::Expired
            | TokenRefusal::NotYetValid
            | TokenRefusal::IssuedInFuture
            | TokenRefusal::Lifetime => TokenStep::Times,
            TokenRefusal::Audience => TokenStep::Audience,
            _ => TokenStep::Revocation,
        };
        self == step
    }

    /// Returns what the check sees.
    pub fn seen(self, parts: &TokenParts, bytes: usize, config: &Config, now_ms: u64) -> String {
        let header = |name| parts.header(name).map(shown);
        let claim = |name| parts.claim(name).map(shown);
        match self {
            TokenStep::Length => {
                let most = config.auth.token_bytes_max;
                format!("{bytes} bytes of at most {most}")
            }
            TokenStep::Form => match parts {
                TokenParts::Jwt { .. } => "a JWT".to_owned(),
                TokenParts::Phoenix => "a Phoenix.Token".to_owned(),
                TokenParts::Unknown => String::new(),
            },
            TokenStep::Type => header("typ").unwrap_or_else(|| "no typ".to_owned()),
            TokenStep::Issuer => match parts {
                TokenParts::Phoenix => "[auth.phoenix]".to_owned(),
                _ => issuer(parts, config),
            },
            TokenStep::Algorithm => header("alg").unwrap_or_else(|| "no alg".to_owned()),
            TokenStep::Key => header("kid").map_or("no kid".to_owned(), |kid| format!("kid {kid}")),
            TokenStep::Times => times(parts, now_ms),
            TokenStep::Audience => claim("aud").unwrap_or_else(|| "no aud".to_owned()),
            TokenStep::Subject => claim("sub").unwrap_or_else(|| "no sub".to_owned()),
            TokenStep::Presence
            | TokenStep::Signature
            | TokenStep::ClaimTypes
            | TokenStep::Revocation => String::new(),
        }
    }
}

fn has_wrong_type(parts: &TokenParts) -> bool {
    let subject = parts.claim("sub");
    subject.is_some_and(|value| !value.is_string() && !value.is_i64() && !value.is_u64())
}

fn issuer(parts: &TokenParts, config: &Config) -> String {
    let iss = parts.claim("iss");
    let of = |name: Option<&str>| {
        let mut issuers = config.auth.issuers.iter();
        let found = issuers.find(|issuer| issuer.iss.as_deref() == name);
        found.map(|issuer| &issuer.name)
    };
    let name = of(iss.and_then(|iss| iss.as_str())).or_else(|| of(None));
    let iss = iss.map_or("no iss".to_owned(), |iss| format!("iss {}", shown(iss)));
    match name {
        Some(name) => format!("{name} ({iss})"),
        None => iss,
    }
}

/// Returns the times of a token, as far from now as they are.
fn times(parts: &TokenParts, now_ms: u64) -> String {
    let now_s = (now_ms / 1_000) as i64;
    let time = |name: &str| {
        let at = parts.claim(name)?.as_f64()? as i64;
        Some(match at.saturating_sub(now_s) {
            away if away < 0 => format!("{name} {} s ago", away.saturating_neg()),
            away => format!("{name} in {away} s"),
        })
    };
    let all: Vec<String> = ["iat", "nbf", "exp"].into_iter().filter_map(time).collect();
    all.join(", ")
}
