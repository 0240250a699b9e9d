//! `lobbyd token explain`: whether a token would be taken, why, and what it grants.

use std::fmt::Write as _;
use std::io::{self, Read};

use lobbyd::config::{Config, ExplainFlags, Given, LoadedTokens, Problems};
use lobbyd::credentials::{Credentials, Occasion, Operation, Revocations, TokenRefusal, Verdict};

use super::exit::Exit;
use super::token_error::TokenError;
use super::token_form::TokenParts;
use super::token_steps::{TokenStep, steps};

/// Most bytes that are read from stdin. A longer text is no token.
const STDIN_BYTES_MAX: u64 = 1 << 20;

/// Returns the explanation of a token, and the exit code.
///
/// # Errors
/// If the configuration is wrong or checks no tokens, or stdin cannot be read.
pub fn explain_token(flags: &ExplainFlags, now_ms: u64) -> Result<(String, Exit), TokenError> {
    let config = config_of(flags.config.clone())?;
    let tokens = config.tokens.as_ref().ok_or(TokenError::NoTokens)?;
    let token = match &*flags.token.0 {
        "-" => from_stdin()?,
        typed => typed.to_owned(),
    };
    let explained = Explained::new(&token, flags.topic.as_deref(), tokens, now_ms)?;
    let exit = match explained.refusal {
        None => Exit::Clean,
        Some(_) => Exit::Refused,
    };
    Ok((
        explained.text(&token, &config, flags.topic.as_deref(), now_ms),
        exit,
    ))
}

/// Reads the configuration of a command about tokens.
pub(super) fn config_of(file: Option<std::path::PathBuf>) -> Result<Config, Problems> {
    Ok(Given::here(file, Vec::new()).read()?.config)
}

fn from_stdin() -> Result<String, TokenError> {
    let mut text = String::new();
    let stdin = io::stdin().lock();
    stdin
        .take(STDIN_BYTES_MAX)
        .read_to_string(&mut text)
        .map_err(TokenError::Stdin)?;
    Ok(text.trim().to_owned())
}

/// What became of a token.
struct Explained {
    refusal: Option<TokenRefusal>,
    /// What a genuine token says, also if its time is over.
    credentials: Option<Credentials>,
}

impl Explained {
    fn new(
        token: &str,
        topic: Option<&str>,
        tokens: &LoadedTokens,
        now_ms: u64,
    ) -> Result<Explained, TokenError> {
        let occasion = match topic {
            Some(topic) => Occasion::join(topic, now_ms),
            None => Occasion::connect(now_ms),
        };
        // With all checks made, however cheap a refusal would be.
        let verdict = tokens.checks.verifier().verify(token, &occasion.tell());
        let (refusal, credentials) = match verdict {
            Verdict::Taken(credentials) => (None, Some(credentials)),
            Verdict::Expired(credentials) => (Some(TokenRefusal::Expired), Some(credentials)),
            Verdict::Refused(refusal) => (Some(refusal), None),
            _ => (Some(TokenRefusal::Malformed), None),
        };
        let revocations = Revocations::default();
        revocations.set_file(tokens.revoked.clone())?;
        let is_revoked = (credentials.as_ref())
            .is_some_and(|credentials| revocations.revoke(credentials, now_ms));
        Ok(Explained {
            refusal: refusal.or(is_revoked.then_some(TokenRefusal::Revoked)),
            credentials,
        })
    }

    fn text(&self, token: &str, config: &Config, topic: Option<&str>, now_ms: u64) -> String {
        let parts = TokenParts::of(token);
        let steps = steps(&parts);
        let failed = self.refusal.and_then(|refusal| {
            let fails = |step: &TokenStep| step.fails_with(refusal, &parts);
            steps.iter().position(fails)
        });
        let mut text = String::new();
        for (at, step) in steps.iter().enumerate() {
            // All is well with an expired token but its time, so the steps behind it are ok.
            let is_reached = failed.is_none_or(|failed| at < failed) || self.credentials.is_some();
            let state = match failed == Some(at) {
                true => "refused",
                false if is_reached => "ok",
                false => "-",
            };
            let seen = match failed == Some(at) || is_reached {
                true if *step == TokenStep::Form && failed == Some(at) => {
                    "not one signed token, whole".to_owned()
                }
                true => step.seen(&parts, token.len(), config, now_ms),
                false => String::new(),
            };
            let line = format!("  {state:<8} {:<11} {seen}", step.name());
            text += line.trim_end();
            text.push('\n');
        }
        text += &self.conclusion(config);
        if let Some(credentials) = &self.credentials {
            text += &grants(credentials, topic);
        }
        text
    }

    fn conclusion(&self, config: &Config) -> String {
        let Some(refusal) = self.refusal else {
            let whose = self.credentials.as_ref().map(whose).unwrap_or_default();
            return format!("taken: {whose}\n");
        };
        let mut text = format!(
            "refused: {refusal} (code {}): {}\n",
            refusal.code(),
            refusal.hint()
        );
        if refusal == TokenRefusal::Expired
            && config.auth.policy.expired == lobbyd::credentials::ExpiredToken::Tell
        {
            text += "  Its socket opens all the same, and its joins are refused (auth.expired = \"tell\").\n";
        }
        text
    }
}

fn whose(credentials: &Credentials) -> String {
    let issuer = &credentials.issuer;
    match &credentials.subject {
        Some(subject) => format!("subject {subject:?} of {issuer}"),
        None => format!("a token of {issuer} without a subject"),
    }
}

/// Returns what is granted, and what that means for `topic`.
fn grants(credentials: &Credentials, topic: Option<&str>) -> String {
    let mut text = match credentials.grants.is_empty() {
        true => {
            "grants: none; rooms with join = \"allow\", \"known\" or \"own\" need none\n".to_owned()
        }
        false => "grants:\n".to_owned(),
    };
    for (pattern, operations) in credentials.grants.patterns() {
        let operations = match operations.is_empty() {
            true => "nothing that lobbyd knows".to_owned(),
            false => operations.join(", ").escape_debug().to_string(),
        };
        let _ = writeln!(text, "  {}  {operations}", pattern.escape_debug());
    }
    if let Some(topic) = topic {
        let is_granted = credentials.grants.allow(topic, Operation::Join);
        let not = if is_granted { "" } else { "not " };
        let _ = writeln!(text, "join of {topic:?}: {not}granted");
    }
    text
}
