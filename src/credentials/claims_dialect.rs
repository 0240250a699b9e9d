//! From claims to credentials: the claims of lobbyd, Centrifugo and Supabase, and grants by rules.

use serde_json::Value;

use super::claims::{ClaimsMap, at_path, seconds, texts};
use super::grants::Grants;
use super::refusal::TokenRefusal;

/// Whose claims an issuer's tokens have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClaimsDialect {
    /// `lobbyd.grants` and `lobbyd.meta`.
    #[default]
    Lobbyd,
    /// Centrifugo's `channels`, `subs`, `caps`, `expire_at`, `info`, and `channel` for one join.
    Centrifugo,
    /// Supabase's: `role` and `exp` are required, `sub` is not. Grants are by rules alone.
    Supabase,
}

/// What the claims of one dialect say beyond the registered ones.
#[derive(Debug, Default)]
pub(super) struct MappedClaims {
    pub grants: Grants,
    pub meta: Option<Value>,
    /// When the connection ends, where that is not when the token does: seconds, 0 for never.
    pub connection_end: Option<i64>,
    /// The only topic that the token may join, if it is for one.
    pub topic: Option<String>,
}

impl ClaimsDialect {
    /// True if a token has to name a subject.
    pub(super) fn needs_subject(self) -> bool {
        self != ClaimsDialect::Supabase
    }

    /// Reads what the claims say.
    pub(super) fn read(self, claims: &ClaimsMap) -> Result<MappedClaims, TokenRefusal> {
        match self {
            ClaimsDialect::Lobbyd => of_lobbyd(claims),
            ClaimsDialect::Centrifugo => of_centrifugo(claims),
            ClaimsDialect::Supabase => match claims.get("role") {
                Some(Value::String(_)) => Ok(MappedClaims::default()),
                _ => Err(TokenRefusal::Claims("role")),
            },
        }
    }
}

fn of_lobbyd(claims: &ClaimsMap) -> Result<MappedClaims, TokenRefusal> {
    let wrong = TokenRefusal::Claims("lobbyd");
    let Some(ours) = claims.get("lobbyd") else {
        return Ok(MappedClaims::default());
    };
    let ours = ours.as_object().ok_or(wrong)?;
    let mut patterns = Vec::new();
    if let Some(grants) = ours.get("grants") {
        for (pattern, operations) in grants.as_object().ok_or(wrong)? {
            let operations = operations.as_array().ok_or(wrong)?;
            let operations: Option<Vec<&str>> = operations.iter().map(Value::as_str).collect();
            patterns.push((pattern.as_str(), operations.ok_or(wrong)?));
        }
    }
    Ok(MappedClaims {
        grants: Grants::new(patterns),
        meta: ours.get("meta").cloned(),
        ..MappedClaims::default()
    })
}

fn of_centrifugo(claims: &ClaimsMap) -> Result<MappedClaims, TokenRefusal> {
    let mut patterns: Vec<(&str, Vec<&str>)> = Vec::new();
    let mut join = |channel| patterns.extend(exactly(channel).map(|it| (it, vec!["join"])));
    let wrong = TokenRefusal::Claims;
    if let Some(channels) = claims.get("channels") {
        let channels = channels.as_array().ok_or(wrong("channels"))?;
        for channel in channels {
            join(channel.as_str().ok_or(wrong("channels"))?);
        }
    }
    if let Some(subs) = claims.get("subs") {
        let subs = subs.as_object().ok_or(wrong("subs"))?;
        subs.keys().for_each(|channel| join(channel));
    }
    let topic = match claims.get("channel") {
        None => None,
        Some(channel) => Some(channel.as_str().ok_or(wrong("channel"))?),
    };
    if let Some(channel) = topic {
        join(channel);
    }
    if let Some(caps) = claims.get("caps") {
        let caps = caps.as_array().ok_or(wrong("caps"))?;
        for cap in caps {
            patterns.extend(capability(cap).ok_or(wrong("caps"))?);
        }
    }
    let connection_end = match claims.get("expire_at") {
        None => None,
        Some(value) => Some(seconds(value).ok_or(wrong("expire_at"))?),
    };
    Ok(MappedClaims {
        grants: Grants::new(patterns),
        meta: claims.get("info").cloned(),
        connection_end,
        topic: topic.map(str::to_owned),
    })
}

/// Returns the patterns of one of Centrifugo's capabilities, `None` if it has another shape.
/// Without `match`, a channel is meant as it is. `wildcard` may have one star, at the end: stars
/// elsewhere, and `regex`, grant nothing, because grants here have no such patterns.
fn capability(cap: &Value) -> Option<Vec<(&str, Vec<&str>)>> {
    let channels = texts(cap.get("channels")?)?;
    let allow = texts(cap.get("allow")?)?;
    let operations = allow.into_iter().filter_map(|operation| match operation {
        "sub" => Some("join"),
        "pub" => Some("push"),
        "prs" => Some("presence"),
        "hst" => Some("history"),
        _ => None,
    });
    let operations: Vec<&str> = operations.collect();
    let pattern = |channel| match cap.get("match").and_then(Value::as_str) {
        None if cap.get("match").is_none() => exactly(channel),
        Some("wildcard") => {
            let front = channel.strip_suffix('*').unwrap_or(channel);
            (!front.contains('*')).then_some(channel)
        }
        _ => None,
    };
    let patterns = channels.into_iter().filter_map(pattern);
    Some(patterns.map(|it| (it, operations.clone())).collect())
}

/// Returns a name that is meant as it is. One with a star at its end would be a prefix here, and
/// grant more than was meant: it grants nothing.
fn exactly(channel: &str) -> Option<&str> {
    (!channel.ends_with('*')).then_some(channel)
}

/// `[[auth.grant]]`: what the file grants to tokens with a claim.
#[derive(Clone, Debug)]
pub struct GrantRule {
    claim: String,
    has: String,
    grants: Grants,
}

impl GrantRule {
    /// Returns the rule: tokens whose `claim` has `has` may do what `allow` says in `topics`.
    /// The claim is a name, or a path with dots. It has a text that it is, a member of its list,
    /// or, if it is a `scope` or `scp`, a word of it (RFC 8693, section 4.2).
    pub fn new(claim: &str, has: &str, topics: &[String], allow: &[String]) -> GrantRule {
        let operations = || allow.iter().map(String::as_str);
        let patterns = topics.iter().map(|topic| (topic.as_str(), operations()));
        GrantRule {
            claim: claim.to_owned(),
            has: has.to_owned(),
            grants: Grants::new(patterns),
        }
    }

    /// Returns the grants that the rule adds to a token with these claims.
    pub fn grants(&self, claims: &serde_json::Map<String, Value>) -> Option<&Grants> {
        let is_scope = matches!(self.claim.rsplit('.').next(), Some("scope" | "scp"));
        let has = match at_path(claims, &self.claim)? {
            Value::String(text) if is_scope => text.split(' ').any(|word| word == self.has),
            Value::String(text) => *text == self.has,
            Value::Array(all) => all.iter().any(|one| one.as_str() == Some(&self.has)),
            _ => false,
        };
        has.then_some(&self.grants)
    }
}
