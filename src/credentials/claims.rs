//! Types of the registered claims (RFC 7519, section 4.1), times and audience: plain functions.

use compact_str::CompactString;
use serde_json::{Map, Value};

use super::refusal::TokenRefusal;

/// Most bytes of a subject.
const SUBJECT_BYTES_MAX: usize = 255;

/// The claims of a token.
pub(super) type ClaimsMap = Map<String, Value>;

/// For whom a token must be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Audience {
    /// Nothing is set: a token that names an audience is for somebody else (RFC 7519, 4.1.3).
    #[default]
    Unset,
    /// A token must name one of these.
    OneOf(Vec<String>),
    /// The audience does not count. Said on purpose.
    Any,
}

/// How much time differs between clocks, and how long a token may live.
#[derive(Clone, Copy, Debug)]
pub(super) struct TimeBounds {
    pub leeway_s: u64,
    pub lifetime_max_s: Option<u64>,
}

/// Registered claims by their types, times in seconds since 1970.
#[derive(Debug)]
pub(super) struct RegisteredClaims<'a> {
    pub exp: Option<i64>,
    pub nbf: Option<i64>,
    pub iat: Option<i64>,
    pub jti: Option<&'a str>,
    pub aud: Option<Vec<&'a str>>,
}

impl RegisteredClaims<'_> {
    /// Reads the claims. One of another type is an error, and not absent: a check that depended
    /// on it would be skipped.
    pub fn read(claims: &ClaimsMap) -> Result<RegisteredClaims<'_>, TokenRefusal> {
        let time = |name: &'static str| match claims.get(name) {
            None => Ok(None),
            Some(value) => seconds(value).map(Some).ok_or(TokenRefusal::Claims(name)),
        };
        let text = |name: &'static str| match claims.get(name) {
            None => Ok(None),
            Some(value) => value.as_str().map(Some).ok_or(TokenRefusal::Claims(name)),
        };
        if !matches!(claims.get("sub"), None | Some(Value::String(_)))
            && claims.get("sub").and_then(integer).is_none()
        {
            return Err(TokenRefusal::Claims("sub"));
        }
        text("iss")?;
        Ok(RegisteredClaims {
            exp: time("exp")?,
            nbf: time("nbf")?,
            iat: time("iat")?,
            jti: text("jti")?,
            aud: match claims.get("aud") {
                None => None,
                Some(value) => Some(texts(value).ok_or(TokenRefusal::Claims("aud"))?),
            },
        })
    }

    /// Checks the times, and returns whether the token's is over.
    pub fn check_times(
        &self,
        bounds: TimeBounds,
        exp_required: bool,
        now_s: i64,
    ) -> Result<bool, TokenRefusal> {
        if exp_required && self.exp.is_none() {
            return Err(TokenRefusal::Claims("exp"));
        }
        let latest = now_s.saturating_add_unsigned(bounds.leeway_s);
        if self.nbf.is_some_and(|nbf| nbf > latest) {
            return Err(TokenRefusal::NotYetValid);
        }
        if self.iat.is_some_and(|iat| iat > latest) {
            return Err(TokenRefusal::IssuedInFuture);
        }
        if let Some(max) = bounds.lifetime_max_s {
            // Without `iat` a token may have been issued long ago: what is left of it counts.
            let from = self.iat.unwrap_or(now_s);
            let end = from.saturating_add_unsigned(max);
            if self.exp.is_none_or(|exp| exp > end) {
                return Err(TokenRefusal::Lifetime);
            }
        }
        Ok(self.exp.is_some_and(|exp| is_over(exp, bounds, now_s)))
    }

    /// Checks for whom the token is.
    pub fn check_audience(&self, audience: &Audience) -> Result<(), TokenRefusal> {
        let is_ours = match (audience, &self.aud) {
            (Audience::Any, _) | (Audience::Unset, None) => true,
            (Audience::Unset, Some(_)) | (Audience::OneOf(_), None) => false,
            (Audience::OneOf(ours), Some(named)) => {
                ours.iter().any(|one| named.contains(&one.as_str()))
            }
        };
        if is_ours {
            Ok(())
        } else {
            Err(TokenRefusal::Audience)
        }
    }
}

/// True if a time is over by more than the leeway. RFC 7519, section 4.1.4: at `exp` it is over.
pub(super) fn is_over(exp: i64, bounds: TimeBounds, now_s: i64) -> bool {
    exp.saturating_add_unsigned(bounds.leeway_s) <= now_s
}

/// Returns a NumericDate in seconds, rounded (RFC 7519, section 2). One beyond what a number holds
/// is the nearest that it holds.
pub(super) fn seconds(value: &Value) -> Option<i64> {
    let whole = value.as_i64().or(value.as_u64().map(|_| i64::MAX));
    whole.or_else(|| value.as_f64().map(|number| number.round() as i64))
}

/// Returns a list of texts, or one text as a list of one.
pub(super) fn texts(value: &Value) -> Option<Vec<&str>> {
    match value {
        Value::String(text) => Some(vec![text]),
        Value::Array(all) => all.iter().map(Value::as_str).collect(),
        _ => None,
    }
}

/// Returns who a token names: a text or an integer.
pub(super) fn subject(value: &Value) -> Result<CompactString, TokenRefusal> {
    let text = value.as_str().map(str::to_owned).or_else(|| integer(value));
    check_subject(text.unwrap_or_default().into(), "sub")
}

/// Returns a subject that is not empty, not too long, and without control characters. The refusal
/// of another one names the claim.
pub(super) fn check_subject(
    text: CompactString,
    claim: &'static str,
) -> Result<CompactString, TokenRefusal> {
    let fits = (1..=SUBJECT_BYTES_MAX).contains(&text.len());
    match fits && !text.contains(char::is_control) {
        true => Ok(text),
        false => Err(TokenRefusal::Claims(claim)),
    }
}

fn integer(value: &Value) -> Option<String> {
    let number = value.as_number()?;
    (number.is_i64() || number.is_u64()).then(|| number.to_string())
}

/// Returns the claim of this name, or the one that the dots of the path lead to. A name with dots
/// of its own, such as a URL, is found too.
pub(super) fn at_path<'a>(claims: &'a ClaimsMap, path: &str) -> Option<&'a Value> {
    claims.get(path).or_else(|| {
        let mut dots = path.match_indices('.');
        dots.find_map(|(dot, _)| {
            let inner = claims.get(&path[..dot])?.as_object()?;
            at_path(inner, &path[dot + 1..])
        })
    })
}
