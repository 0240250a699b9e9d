//! The claims of a token that is made, as its issuer's dialect has them.

use lobbyd::config::{SignFlags, TopicGrant};
use lobbyd::credentials::{Audience, ClaimsDialect};
use serde_json::{Map, Value, json};

use super::token_error::TokenError;

pub(super) use lobbyd::config::IssuerConfig;

/// Returns the claims.
///
/// # Errors
/// If the dialect cannot say what the flags ask for.
pub(super) fn claims_of(
    flags: &SignFlags,
    issuer: &IssuerConfig,
    now_s: u64,
    lifetime_s: u32,
) -> Result<Map<String, Value>, TokenError> {
    let mut claims = Map::new();
    if let Some(iss) = &issuer.iss {
        claims.insert("iss".to_owned(), iss.as_str().into());
    }
    if let Some(audience) = flags.audience.clone().or_else(|| first_audience(issuer)) {
        claims.insert("aud".to_owned(), audience.into());
    }
    if let Some(subject) = &flags.subject {
        set_at(&mut claims, &issuer.subject_claim, subject.as_str().into());
    }
    claims.insert("iat".to_owned(), now_s.into());
    let end = now_s.saturating_add(lifetime_s.into());
    claims.insert("exp".to_owned(), end.into());
    let dialect = ClaimsDialect::from(issuer.claims);
    if dialect != ClaimsDialect::Centrifugo && flags.topic.is_some() {
        let text = "--topic: only tokens with claims = \"centrifugo\" are for one topic";
        return Err(TokenError::Flags(text.to_owned()));
    }
    match dialect {
        ClaimsDialect::Centrifugo => of_centrifugo(flags, &mut claims)?,
        ClaimsDialect::Supabase if !flags.grants.is_empty() => {
            let text = "--grant: what tokens with claims = \"supabase\" grant stands in the \
                        configuration, as [[auth.grant]]";
            return Err(TokenError::Flags(text.to_owned()));
        }
        ClaimsDialect::Supabase => {
            claims.insert("role".to_owned(), "authenticated".into());
        }
        _ if flags.grants.is_empty() => {}
        _ => {
            let each = flags.grants.iter();
            let grants: Map<String, Value> = each
                .map(|grant| (grant.topic.clone(), grant.operations.clone().into()))
                .collect();
            claims.insert("lobbyd".to_owned(), json!({"grants": grants}));
        }
    }
    let more = flags.claims.iter();
    claims.extend(more.map(|claim| (claim.name.clone(), claim.value.clone())));
    Ok(claims)
}

fn first_audience(issuer: &IssuerConfig) -> Option<String> {
    match Audience::from(issuer.audience.clone()) {
        Audience::OneOf(names) => names.first().cloned(),
        _ => None,
    }
}

/// Sets the claim that the dots of a path lead to.
fn set_at(claims: &mut Map<String, Value>, path: &str, value: Value) {
    match path.split_once('.') {
        None => {
            claims.insert(path.to_owned(), value);
        }
        Some((name, rest)) => {
            let mut inner = Map::new();
            set_at(&mut inner, rest, value);
            claims.insert(name.to_owned(), inner.into());
        }
    }
}

/// Says grants as Centrifugo's capabilities.
fn of_centrifugo(flags: &SignFlags, claims: &mut Map<String, Value>) -> Result<(), TokenError> {
    if let Some(topic) = &flags.topic {
        claims.insert("channel".to_owned(), topic.as_str().into());
    }
    let caps: Result<Vec<Value>, TokenError> = flags.grants.iter().map(capability).collect();
    let caps = caps?;
    if !caps.is_empty() {
        claims.insert("caps".to_owned(), caps.into());
    }
    Ok(())
}

fn capability(grant: &TopicGrant) -> Result<Value, TokenError> {
    let mut allow: Vec<&str> = Vec::new();
    for operation in &grant.operations {
        allow.extend(match operation.as_str() {
            "join" => ["sub"].as_slice(),
            "push" => &["pub"],
            "presence" => &["prs"],
            "history" => &["hst"],
            "*" => &["sub", "pub", "prs", "hst"],
            other => {
                return Err(TokenError::Flags(format!(
                    "--grant: tokens with claims = \"centrifugo\" cannot say {other:?}"
                )));
            }
        });
    }
    let mut capability = json!({"channels": [grant.topic], "allow": allow});
    if grant.topic.ends_with('*') {
        capability["match"] = "wildcard".into();
    }
    Ok(capability)
}
