//! The checks of a token in their order: their names, what they look at, and how they fail.

use lobbyd::config::Config;
use lobbyd::credentials::TokenRefusal;

use super::token_parts::{TokenParts, shown};

/// One check of a token, or several that are told together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
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

const OF_JWT: [Step; 13] = [
    Step::Presence,
    Step::Length,
    Step::Form,
    Step::Type,
    Step::Issuer,
    Step::Algorithm,
    Step::Key,
    Step::Signature,
    Step::ClaimTypes,
    Step::Times,
    Step::Audience,
    Step::Subject,
    Step::Revocation,
];

const OF_PHOENIX: [Step; 8] = [
    Step::Presence,
    Step::Length,
    Step::Issuer,
    Step::Form,
    Step::Signature,
    Step::ClaimTypes,
    Step::Times,
    Step::Revocation,
];

/// Returns the checks of a token, in their order.
pub(super) fn steps(parts: &TokenParts) -> &'static [Step] {
    match parts {
        TokenParts::Phoenix => &OF_PHOENIX,
        _ => &OF_JWT,
    }
}

impl Step {
    /// Returns its name.
    pub fn name(self) -> &'static str {
        match self {
            Step::Presence => "presence",
            Step::Length => "length",
            Step::Form => "form",
            Step::Type => "type",
            Step::Issuer => "issuer",
            Step::Algorithm => "algorithm",
            Step::Key => "key",
            Step::Signature => "signature",
            Step::ClaimTypes => "claims",
            Step::Times => "times",
            Step::Audience => "audience",
            Step::Subject => "subject",
            Step::Revocation => "revocation",
        }
    }

    /// True if a token that fails here is refused like this.
    pub fn fails_with(self, refusal: TokenRefusal, parts: &TokenParts) -> bool {
        let step = match refusal {
            TokenRefusal::Missing => Step::Presence,
            TokenRefusal::TooLong => Step::Length,
            TokenRefusal::Malformed | TokenRefusal::Encrypted => Step::Form,
            TokenRefusal::Type => Step::Type,
            TokenRefusal::Issuer => Step::Issuer,
            TokenRefusal::Algorithm => Step::Algorithm,
            TokenRefusal::KeyUnknown | TokenRefusal::KeysUnavailable => Step::Key,
            TokenRefusal::Signature => Step::Signature,
            TokenRefusal::Claims(_) if matches!(parts, TokenParts::Phoenix) => Step::ClaimTypes,
            // An `exp` that has to be there is looked for with the times.
            TokenRefusal::Claims("exp") if parts.claim("exp").is_none() => Step::Times,
            TokenRefusal::Claims("exp" | "nbf" | "iat" | "jti" | "aud" | "iss") => Step::ClaimTypes,
            TokenRefusal::Claims("sub") if has_wrong_type(parts) => Step::ClaimTypes,
            TokenRefusal::Claims(_) => Step::Subject,
            TokenRefusal::Expired
            | TokenRefusal::NotYetValid
            | TokenRefusal::IssuedInFuture
            | TokenRefusal::Lifetime => Step::Times,
            TokenRefusal::Audience => Step::Audience,
            _ => Step::Revocation,
        };
        self == step
    }

    /// Returns what the check sees.
    pub fn seen(self, parts: &TokenParts, bytes: usize, config: &Config, now_ms: u64) -> String {
        let header = |name| parts.header(name).map(shown);
        let claim = |name| parts.claim(name).map(shown);
        match self {
            Step::Length => {
                let most = config.auth.token_bytes_max;
                format!("{bytes} bytes of at most {most}")
            }
            Step::Form => match parts {
                TokenParts::Jwt { .. } => "a JWT".to_owned(),
                TokenParts::Phoenix => "a Phoenix.Token".to_owned(),
                TokenParts::Unknown => String::new(),
            },
            Step::Type => header("typ").unwrap_or_else(|| "no typ".to_owned()),
            Step::Issuer => match parts {
                TokenParts::Phoenix => "[auth.phoenix]".to_owned(),
                _ => issuer(parts, config),
            },
            Step::Algorithm => header("alg").unwrap_or_else(|| "no alg".to_owned()),
            Step::Key => header("kid").map_or("no kid".to_owned(), |kid| format!("kid {kid}")),
            Step::Times => times(parts, now_ms),
            Step::Audience => claim("aud").unwrap_or_else(|| "no aud".to_owned()),
            Step::Subject => claim("sub").unwrap_or_else(|| "no sub".to_owned()),
            Step::Presence | Step::Signature | Step::ClaimTypes | Step::Revocation => String::new(),
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
