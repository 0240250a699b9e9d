//! Making the checks of tokens from `[auth]`: reads secrets and keys, and reports what is wrong.

use super::findings::Findings;
use super::load_issuer::{LoadedIssuer, load_issuer};
use super::load_phoenix::told_of_phoenix;
use crate::config::auth::auth_lines::{AuthLines, IssuerLines};
use crate::config::auth::auth_values::{AuthConfig, GrantConfig, IssuerConfig};
use crate::config::auth::loaded_tokens::LoadedTokens;
use crate::config::auth::secret_text::read_text;
use crate::config::effective::Effective;
use crate::config::problem::Problem;
use crate::credentials::{GrantRule, Revocation, TokenChecks, Verifier};
use crate::rooms::is_reserved;

/// Makes the checks of the configuration. None if there is no `[auth]`, or something is wrong with
/// it.
pub(in crate::config) fn load_auth(effective: &mut Effective, problems: &mut Vec<Problem>) {
    let auth = effective.config.auth.clone();
    let mut findings = Findings::new(effective);
    let loaded = findings.load(&auth);
    let Findings {
        problems: found,
        warnings,
        ..
    } = findings;
    let is_right = found.is_empty();
    problems.extend(found);
    effective.warnings.extend(warnings);
    effective.config.tokens = loaded.filter(|_| is_right && auth.is_set());
}

impl Findings<'_> {
    fn load(&mut self, auth: &AuthConfig) -> Option<LoadedTokens> {
        let lines = self.effective.auth_lines.clone();
        let issuers = self.issuers(auth, &lines);
        self.grants(&auth.grants, &lines);
        let phoenix = self.phoenix(auth);
        let revoked = self.revoked(auth);
        self.policy(auth);
        let mut told: Vec<String> = issuers.iter().map(|one| one.told.clone()).collect();
        let signers = issuers.iter().flat_map(|one| one.signers.clone()).collect();
        let verifier = Verifier::new(issuers.into_iter().map(|one| one.issuer));
        // That two have the same `iss` was reported with its lines.
        let mut verifier = verifier.ok()?;
        verifier = verifier
            .token_bytes_max(auth.token_bytes_max)
            .leeway_s(auth.leeway_s)
            .keep_claims(auth.keep_claims);
        if let Some(seconds) = auth.lifetime_max_s {
            verifier = verifier.lifetime_max_s(seconds);
        }
        for grant in &auth.grants {
            let GrantConfig {
                claim,
                has,
                topics,
                allow,
            } = grant;
            verifier = verifier.grant(GrantRule::new(claim, has, topics, allow));
        }
        let (phoenix, tokens) = phoenix.unzip();
        if let Some(tokens) = tokens {
            verifier = verifier.phoenix(tokens);
            told.push(told_of_phoenix(auth));
        }
        self.note_values(auth);
        let mut digest = [0; 32];
        digest.copy_from_slice(self.digest.clone().finish().as_ref());
        Some(LoadedTokens {
            checks: TokenChecks::new(verifier),
            digest,
            revoked,
            issuers: told,
            secrets: std::mem::take(&mut self.secrets),
            files: std::mem::take(&mut self.files),
            signers,
            phoenix,
        })
    }

    /// Notes the plain values that a verifier is made of. Where tokens arrive and what their end
    /// does is not among them.
    fn note_values(&mut self, auth: &AuthConfig) {
        let bounds = (auth.token_bytes_max, auth.leeway_s, auth.lifetime_max_s);
        let fetched = (
            auth.jwks_refresh_s,
            auth.jwks_cooldown_s,
            auth.jwks_stale_max_s,
        );
        let AuthConfig {
            phoenix,
            issuers,
            grants,
            keep_claims,
            ..
        } = auth;
        let values =
            format!("{bounds:?} {fetched:?} {keep_claims} {phoenix:?} {issuers:?} {grants:?}");
        self.note(values.as_bytes());
    }

    /// Looks for values that would do what nobody means.
    fn policy(&mut self, auth: &AuthConfig) {
        if auth.required == Some(true) && !auth.is_set() {
            let text = "nobody signs tokens, so no client could come in; expected an \
                        [[auth.issuer]], or auth.phoenix.secret_key_base_file";
            self.wrong_setting("auth.required", text);
        }
        let id = &auth.policy.socket_id;
        if !id.is_empty() && !id.contains("{subject}") {
            let text =
                "all clients would have the same id; expected {subject} in it, or \"\" for none";
            self.wrong_setting("auth.socket_id", text);
        }
        if is_reserved(&auth.policy.refresh_event) {
            let text = "is an event of the protocol's own; expected another name, or \"\" for none";
            self.wrong_setting("auth.refresh_event", text);
        }
    }

    fn issuers(&mut self, auth: &AuthConfig, lines: &AuthLines) -> Vec<LoadedIssuer> {
        let mut issuers = Vec::new();
        for (at, (issuer, own)) in auth.issuers.iter().zip(&lines.issuers).enumerate() {
            for (before, of_it) in auth.issuers[..at].iter().zip(&lines.issuers) {
                self.no_twins(issuer, own, before, of_it);
            }
            issuers.extend(load_issuer(issuer, own, auth, self));
        }
        issuers
    }

    fn no_twins(
        &mut self,
        issuer: &IssuerConfig,
        own: &IssuerLines,
        before: &IssuerConfig,
        of_it: &IssuerLines,
    ) {
        if issuer.name == before.name && !issuer.name.is_empty() {
            let line = of_it.issuer.of("name");
            let text = format!("{:?} stands in line {line} already", issuer.name);
            self.wrong(own.issuer.of("name"), "auth.issuer.name", &text);
        }
        if issuer.iss == before.iss {
            let line = of_it.issuer.of("iss");
            let text = match &issuer.iss {
                Some(iss) => format!("{iss:?} stands in line {line} already"),
                None => format!("the issuer in line {line} has no iss either; expected one"),
            };
            self.wrong(own.issuer.of("iss"), "auth.issuer.iss", &text);
        }
    }

    /// Looks for patterns that can never match, and operations that nobody knows.
    fn grants(&mut self, grants: &[GrantConfig], lines: &AuthLines) {
        for (grant, own) in grants.iter().zip(&lines.grants) {
            for topic in &grant.topics {
                if topic.trim_end_matches('*').contains('*') || topic.ends_with("**") {
                    let text = format!("{topic:?} has a star that does not stand alone at its end");
                    self.wrong(own.of("topics"), "auth.grant.topics", &text);
                }
            }
            let known = ["join", "push", "presence", "history", "*"];
            for operation in &grant.allow {
                if !known.contains(&operation.as_str()) && !operation.starts_with("push:") {
                    let text = format!(
                        "{operation:?} is no operation; expected join, push, push:EVENT, presence, history or *"
                    );
                    self.wrong(own.of("allow"), "auth.grant.allow", &text);
                }
            }
        }
    }

    fn revoked(&mut self, auth: &AuthConfig) -> Vec<Revocation> {
        let Some(file) = &auth.revoked_file else {
            return Vec::new();
        };
        let read = read_text(file);
        let lines = read.and_then(|text| {
            Revocation::lines(&text).map_err(|why| format!("the file is wrong in {why}"))
        });
        lines.unwrap_or_else(|why| {
            self.wrong_setting("auth.revoked_file", &why);
            Vec::new()
        })
    }
}
