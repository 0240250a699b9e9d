//! Making one issuer from its table: its keys, from wherever they come.

use super::findings::Findings;
use super::load_keys::{keys_of_file, load_key};
use crate::config::auth::auth_lines::IssuerLines;
use crate::config::auth::auth_values::{AuthConfig, DialectWord, IssuerConfig};
use crate::config::auth::loaded_tokens::KeySigner;
use crate::config::auth::secret_text::read_text;
use crate::credentials::{Algorithm, Issuer, JwksSource, KeySet, TokenKey};

/// The issuer of credentials that came from a token of Phoenix.
const PHOENIX: &str = "phoenix";

/// An issuer, and what is to be said of it.
pub(super) struct LoadedIssuer {
    pub issuer: Issuer,
    pub told: String,
    /// The keys of it that can sign.
    pub signers: Vec<KeySigner>,
}

/// Makes an issuer from its table. None if something is wrong with it, which is reported.
pub(super) fn load_issuer(
    config: &IssuerConfig,
    lines: &IssuerLines,
    auth: &AuthConfig,
    findings: &mut Findings<'_>,
) -> Option<LoadedIssuer> {
    if !lines.issuer.is_sound || lines.keys.iter().any(|key| !key.is_sound) {
        return None;
    }
    check_issuer(config, lines, findings);
    let (mut keys, mut signers) = (Vec::new(), Vec::new());
    for (at, (key, own)) in config.keys.iter().zip(&lines.keys).enumerate() {
        let what = config.key_name(at);
        // All keys are looked at, so that each wrong one is reported.
        if let Some((loaded, signer)) = load_key(key, own, config, &what, findings) {
            keys.push(loaded);
            signers.extend(signer);
        }
    }
    let of_file = keys_of_file(config, &lines.issuer, findings);
    let source = source_of(config, lines, auth, findings);
    let (of_file, source) = (of_file?, source?);
    keys.extend(of_file);
    if keys.len() < config.keys.len() {
        return None;
    }
    if keys.is_empty() && source.is_none() {
        let text = "has no keys; expected an [[auth.issuer.key]], a jwks_file or a jwks_url";
        findings.wrong(lines.issuer.line, "auth.issuer", text);
        return None;
    }
    let told = told(config, &keys);
    let mut issuer = Issuer::new(&config.name)
        .audience(config.audience.clone().into())
        .algorithms(&algorithms_of(config, &keys))
        .types(&config.types)
        .claims(config.claims.into())
        .subject_claim(&config.subject_claim)
        .exp_required(config.exp_required);
    if let Some(iss) = &config.iss {
        issuer = issuer.iss(iss);
    }
    if !keys.is_empty() {
        issuer = issuer.keys(KeySet::new(keys));
    }
    if let Some(source) = source {
        issuer = issuer.jwks(source);
    }
    Some(LoadedIssuer {
        issuer,
        told,
        signers,
    })
}

/// Returns the algorithms that the issuer's keys may have. Without a list those of a URL have any
/// but HS, because such a set is public.
fn algorithms_of(config: &IssuerConfig, keys: &[TokenKey]) -> Vec<Algorithm> {
    if !config.algorithms.0.is_empty() || config.jwks_url.is_none() {
        return config.algorithms.0.clone();
    }
    let public = Algorithm::ALL.iter().filter(|one| !one.is_hmac());
    let own = keys.iter().flat_map(|key| key.algorithms());
    public.chain(own).copied().collect()
}

/// Reports values of an issuer that contradict each other.
fn check_issuer(config: &IssuerConfig, lines: &IssuerLines, findings: &mut Findings<'_>) {
    let own = &lines.issuer;
    if config.name == PHOENIX {
        let text = "is the name of [auth.phoenix] in logs and metrics; expected another one";
        findings.wrong(own.of("name"), "auth.issuer.name", text);
    }
    if config.claims == DialectWord::Supabase && !config.exp_required {
        let text = "means nothing with claims = \"supabase\", whose tokens always have an exp";
        findings.wrong(own.of("exp_required"), "auth.issuer.exp_required", text);
    }
    for (at, (key, of_key)) in config.keys.iter().zip(&lines.keys).enumerate() {
        let mut before = config.keys[..at].iter().zip(&lines.keys);
        let twin = before.find(|(before, _)| key.id.is_some() && before.id == key.id);
        if let Some((_, twin)) = twin {
            let text = format!("stands in line {} already", twin.of("id"));
            findings.wrong(of_key.of("id"), "auth.issuer.key.id", &text);
        }
    }
}

/// Returns the line of the start: the name, the `iss`, the keys with their algorithms, and where
/// they come from.
fn told(config: &IssuerConfig, keys: &[TokenKey]) -> String {
    let mut told = format!("{}:", config.name);
    match &config.iss {
        Some(iss) => told += &format!(" iss {iss:?}"),
        None => told += " any iss that no other issuer has",
    }
    let own = config.keys.iter().map(|key| key.source());
    let of_set = std::iter::repeat("jwks_file");
    for (key, source) in keys.iter().zip(own.chain(of_set)) {
        let kid = match key.kid() {
            Some(kid) => format!("{kid:?}"),
            None => "without an id".to_owned(),
        };
        let algorithms: Vec<&str> = key.algorithms().iter().map(|one| one.name()).collect();
        told += &format!(", key {kid} of {source} ({})", algorithms.join(", "));
    }
    if let Some(url) = &config.jwks_url {
        let algorithms: Vec<&str> = config.algorithms.0.iter().map(|one| one.name()).collect();
        let algorithms = match algorithms.is_empty() {
            true => "all but HS".to_owned(),
            false => algorithms.join(", "),
        };
        told += &format!(", keys of {url} ({algorithms})");
    }
    told
}

/// Returns where the issuer's keys are fetched. None if that is wrong, Some(None) if nowhere.
fn source_of(
    config: &IssuerConfig,
    lines: &IssuerLines,
    auth: &AuthConfig,
    findings: &mut Findings<'_>,
) -> Option<Option<JwksSource>> {
    let Some(url) = &config.jwks_url else {
        if config.ca_file.is_some() {
            let text = "is for a jwks_url, and there is none";
            findings.wrong(lines.issuer.of("ca_file"), "auth.issuer.ca_file", text);
            return None;
        }
        return Some(None);
    };
    if let Some(algorithm) = config.algorithms.0.iter().find(|one| one.is_hmac()) {
        let text = format!(
            "{algorithm} is for shared secrets, and everybody can read the keys of a URL; expected \
             it at an [[auth.issuer.key]] alone"
        );
        let line = lines.issuer.of("algorithms");
        findings.wrong(line, "auth.issuer.algorithms", &text);
        return None;
    }
    let line = lines.issuer.of("jwks_url");
    let source = match JwksSource::new(url) {
        Ok(source) => source,
        Err(why) => {
            findings.wrong(line, "auth.issuer.jwks_url", &why.to_string());
            return None;
        }
    };
    let source = source
        .refresh_s(auth.jwks_refresh_s)
        .cooldown_s(auth.jwks_cooldown_s)
        .stale_max_s(auth.jwks_stale_max_s);
    let Some(file) = &config.ca_file else {
        return Some(Some(source));
    };
    let with_ca = read_text(file).and_then(|pem| {
        findings.take_file(&format!("auth.issuer {} ca_file", config.name), &pem);
        source.ca_pem(&pem).map_err(|why| why.to_string())
    });
    match with_ca {
        Ok(source) => Some(Some(source)),
        Err(why) => {
            findings.wrong(lines.issuer.of("ca_file"), "auth.issuer.ca_file", &why);
            None
        }
    }
}
