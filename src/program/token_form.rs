//! What a token says, as it stands: for people alone, because nothing of it is verified.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

/// Most characters of a value that are shown.
const SHOWN_MAX: usize = 200;

/// The header and the claims of a token.
pub(super) enum TokenParts {
    /// A JWT.
    Jwt {
        /// Its header.
        header: Value,
        /// Its claims.
        claims: Value,
    },
    /// A Phoenix.Token. What it says is a term of Erlang.
    Phoenix,
    /// Neither.
    Unknown,
}

impl TokenParts {
    /// Takes a token apart.
    pub fn of(token: &str) -> TokenParts {
        if token.starts_with("SFM") {
            return TokenParts::Phoenix;
        }
        let mut parts = token.split('.');
        let mut json = || {
            let bytes = URL_SAFE_NO_PAD.decode(parts.next()?).ok()?;
            let value: Value = serde_json::from_slice(&bytes).ok()?;
            value.is_object().then_some(value)
        };
        match json().zip(json()) {
            Some((header, claims)) => TokenParts::Jwt { header, claims },
            None => TokenParts::Unknown,
        }
    }

    /// Returns a field of the header.
    pub fn header(&self, name: &str) -> Option<&Value> {
        match self {
            TokenParts::Jwt { header, .. } => header.get(name),
            _ => None,
        }
    }

    /// Returns a claim.
    pub fn claim(&self, name: &str) -> Option<&Value> {
        match self {
            TokenParts::Jwt { claims, .. } => claims.get(name),
            _ => None,
        }
    }
}

/// Returns a value as JSON for a line of text, without control characters and not too long.
pub(super) fn shown(value: &Value) -> String {
    let text = value.to_string();
    let mut shown: String = text.chars().take(SHOWN_MAX).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    // JSON escapes control characters in texts, but not those that turn a line round.
    let is_plain = |c: char| {
        !c.is_control()
            && !matches!(c, '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    shown.replace(|c| !is_plain(c), "\u{fffd}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn value_of_a_stranger_is_one_line_of_at_most_200_characters() {
        assert_eq!(shown(&json!("a\nb")), r#""a\nb""#);
        assert_eq!(shown(&json!("\u{202e}\u{9b}")), "\"\u{fffd}\u{fffd}\"");
        assert_eq!(shown(&json!("x".repeat(500))).chars().count(), 201);
    }

    #[test]
    fn parts_of_what_is_no_token_are_unknown() {
        for text in ["", "a.b.c", "e30", "e30.W10.x", "e30=.e30.x"] {
            assert!(
                matches!(TokenParts::of(text), TokenParts::Unknown),
                "{text}"
            );
        }
        let parts = TokenParts::of("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOjF9.x");
        assert_eq!(parts.header("alg"), Some(&json!("HS256")));
        assert_eq!(parts.claim("sub"), Some(&json!(1)));
    }
}
