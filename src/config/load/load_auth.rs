//! Making the checks of tokens from `[auth]`: reads secrets and keys, and reports what is wrong.

use std::collections::HashMap;

use aws_lc_rs::digest::{Context, SHA256};

use super::findings::Findings;
use super::load_issuer::{LoadedIssuer, load_issuer};
use super::read_secret::{read_text, secret_of_file, secret_of_variable};
use crate::config::auth::auth_lines::{AuthLines, IssuerLines};
use crate::config::auth::auth_values::{AuthConfig, GrantConfig};
use crate::config::auth::loaded_tokens::LoadedTokens;
use crate::config::effective::Effective;
use crate::config::problem::Problem;
use crate::config::settings::index_of;
use crate::credentials::{
    GrantRule, PhoenixSettings, PhoenixTokens, Revocation, Secret, TokenChecks, Verifier,
};

/// Makes the checks of the configuration. None if there is no `[auth]`, or something is wrong with
/// it.
pub(in crate::config) fn load_auth(effective: &mut Effective, problems: &mut Vec<Problem>) {
    let auth = effective.config.auth.clone();
    let mut findings = Findings {
        effective,
        problems: Vec::new(),
        warnings: Vec::new(),
        digest: Context::new(&SHA256),
    };
    let loaded = findings.made_of(&auth);
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
    fn made_of(&mut self, auth: &AuthConfig) -> Option<LoadedTokens> {
        let lines = self.effective.auth_lines.clone();
        let issuers = self.issuers(auth, &lines);
        self.grants(&auth.grants, &lines);
        let phoenix = self.phoenix(auth);
        let revoked = self.revoked(auth);
        let named: Vec<String> = issuers.iter().map(|one| one.told.clone()).collect();
        let signers: HashMap<_, _> = (issuers.iter())
            .filter_map(|one| Some((one.name.clone(), one.signer.clone()?)))
            .collect();
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
        let mut told = named;
        if let Some(phoenix) = phoenix {
            verifier = verifier.phoenix(phoenix);
            let salt = &auth.phoenix.salt;
            told.push(format!("phoenix: Phoenix.Token, salt {salt:?}, HS256"));
        }
        // What is plain data tells all else apart.
        self.digest.update(format!("{auth:?}").as_bytes());
        let mut digest = [0; 32];
        digest.copy_from_slice(self.digest.clone().finish().as_ref());
        Some(LoadedTokens {
            checks: TokenChecks::new(verifier),
            digest,
            revoked,
            issuers: told,
            signers,
        })
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
        issuer: &crate::config::auth::auth_values::IssuerConfig,
        own: &IssuerLines,
        before: &crate::config::auth::auth_values::IssuerConfig,
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

    fn phoenix(&mut self, auth: &AuthConfig) -> Option<PhoenixTokens> {
        let own = &auth.phoenix;
        let path = match (&own.secret_key_base_file, &own.secret_key_base_env) {
            (Some(_), Some(_)) => {
                let text =
                    "stands beside auth.phoenix.secret_key_base_env; expected one of the two";
                self.wrong_setting("auth.phoenix.secret_key_base_file", text);
                return None;
            }
            (Some(_), None) => "auth.phoenix.secret_key_base_file",
            (None, Some(_)) => "auth.phoenix.secret_key_base_env",
            (None, None) => {
                if own.previous_file.is_some() {
                    let text = "needs the present secret too, in secret_key_base_file or _env";
                    self.wrong_setting("auth.phoenix.previous_file", text);
                }
                return None;
            }
        };
        let file = own.secret_key_base_file.as_ref().map(secret_of_file);
        let read = file.or_else(|| own.secret_key_base_env.as_deref().map(secret_of_variable))?;
        let present = self.secret(path, read)?;
        let mut secrets = vec![present];
        if let Some(file) = &own.previous_file {
            secrets.extend(self.secret("auth.phoenix.previous_file", secret_of_file(file)));
        }
        let mut settings = PhoenixSettings::new(secrets);
        settings.salt.clone_from(&own.salt);
        settings.max_age = own.max_age.of_library();
        settings.subject.clone_from(&own.subject);
        settings.key_iterations = own.key_iterations.try_into().ok()?;
        settings.key_length = own.key_length;
        settings.key_digest = own.key_digest.into();
        settings.keep_claims = auth.keep_claims;
        match PhoenixTokens::new(settings) {
            Ok(tokens) => Some(tokens),
            Err(why) => {
                self.wrong_setting(path, &why.to_string());
                None
            }
        }
    }

    /// Takes the secret that was read for a setting.
    fn secret(
        &mut self,
        path: &str,
        read: Result<super::read_secret::ReadSecret, String>,
    ) -> Option<Secret> {
        match read {
            Ok(read) => {
                if let Some(warning) = read.warning {
                    let index = index_of(path).unwrap_or_default();
                    let (line, place) = (self.effective.line(index), self.effective.place(index));
                    let text = format!("{place}: warning: {warning}");
                    self.warnings.push(Problem { line, text });
                }
                self.digest.update(&read.bytes);
                Some(Secret::new(read.bytes))
            }
            Err(why) => {
                self.wrong_setting(path, &why);
                None
            }
        }
    }

    fn revoked(&mut self, auth: &AuthConfig) -> Vec<Revocation> {
        let Some(file) = &auth.revoked_file else {
            return Vec::new();
        };
        let read = read_text(file);
        let lines = read.and_then(|text| {
            let name = file.0.display();
            Revocation::lines(&text).map_err(|why| format!("{name}: {why}"))
        });
        lines.unwrap_or_else(|why| {
            self.wrong_setting("auth.revoked_file", &why);
            Vec::new()
        })
    }
}
