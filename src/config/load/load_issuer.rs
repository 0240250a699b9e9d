//! Making one issuer from its table: its keys, from wherever they come.

use super::findings::Findings;
use super::read_secret::{ReadSecret, read_text, secret_of_file, secret_of_variable};
use crate::config::auth::auth_forms::AlgorithmNames;
use crate::config::auth::auth_lines::IssuerLines;
use crate::config::auth::auth_values::{AuthConfig, IssuerConfig, KeyConfig};
use crate::config::auth::loaded_tokens::IssuerSigner;
use crate::config::lines::TableLines;
use crate::credentials::{
    Algorithm, Issuer, Jwks, JwksReaders, JwksSource, KeyAlgorithms, KeySet, Secret, SecretFormat,
    Signer, TokenKey, unix_ms,
};

/// An issuer, and what is to be said of it.
pub(super) struct LoadedIssuer {
    pub name: String,
    pub issuer: Issuer,
    pub told: String,
    /// A key of it that can sign.
    pub signer: Option<IssuerSigner>,
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
    let mut keys = Vec::new();
    let mut signer = None;
    for (key, own) in config.keys.iter().zip(&lines.keys) {
        let (loaded, secret) = load_key(key, own, config, findings)?;
        signer = signer.or_else(|| signer_of(key, &loaded, secret, config));
        keys.push(loaded);
    }
    keys.extend(keys_of_file(config, lines, findings)?);
    let source = source_of(config, lines, auth, findings)?;
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
        name: config.name.clone(),
        issuer,
        told,
        signer,
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

/// Returns the line of the start: the name, the source, the names of keys, their algorithms.
fn told(config: &IssuerConfig, keys: &[TokenKey]) -> String {
    let mut told = format!("{}:", config.name);
    if let Some(iss) = &config.iss {
        told += &format!(" iss {iss:?},");
    }
    for key in keys {
        let kid = key
            .kid()
            .map_or("without a kid".to_owned(), |kid| format!("{kid:?}"));
        let algorithms: Vec<&str> = key.algorithms().iter().map(|one| one.name()).collect();
        told += &format!(" key {kid} ({}),", algorithms.join(", "));
    }
    if let Some(url) = &config.jwks_url {
        told += &format!(" keys of {url},");
    }
    told.trim_end_matches([',', ':']).to_owned()
}

fn load_key(
    key: &KeyConfig,
    own: &TableLines,
    issuer: &IssuerConfig,
    findings: &mut Findings<'_>,
) -> Option<(TokenKey, Option<Secret>)> {
    let sources = [
        ("secret_file", key.secret_file.is_some()),
        ("secret_env", key.secret_env.is_some()),
        ("secret", key.secret.is_some()),
        ("public_key_file", key.public_key_file.is_some()),
    ];
    let set: Vec<&str> = sources
        .iter()
        .filter(|source| source.1)
        .map(|source| source.0)
        .collect();
    let [source] = set[..] else {
        let text = match set.is_empty() {
            true => "has no key; expected secret_file, secret_env or public_key_file".to_owned(),
            false => format!("has {}; expected one of them", set.join(" and ")),
        };
        findings.wrong(own.line, "auth.issuer.key", &text);
        return None;
    };
    let loaded = match source {
        "public_key_file" => public_key(key, issuer, findings).map(|key| (key, None)),
        _ => secret_key(key, (source, own), issuer, findings),
    };
    let (mut loaded, secret) = match loaded {
        Ok(loaded) => loaded,
        Err(why) => {
            let path = format!("auth.issuer.key.{source}");
            findings.wrong(own.of(source), &path, &why);
            return None;
        }
    };
    if let Some(id) = &key.id {
        loaded = loaded.id(id);
    }
    if let Some(until) = &key.until {
        loaded = loaded.until_ms(until.ms);
        if until.ms <= unix_ms() {
            let text = "is over: no token of this key is taken";
            findings.warn(own.of("until"), "auth.issuer.key.until", text);
        }
    }
    Some((loaded, secret))
}

fn public_key(
    key: &KeyConfig,
    issuer: &IssuerConfig,
    findings: &mut Findings<'_>,
) -> Result<TokenKey, String> {
    let file = key.public_key_file.as_ref().ok_or("has no file")?;
    let text = read_text(file)?;
    findings.digest.update(text.as_bytes());
    with_algorithms(key, issuer, |algorithms| {
        TokenKey::public_pem(&text, algorithms)
    })
}

fn secret_key(
    key: &KeyConfig,
    (source, own): (&str, &TableLines),
    issuer: &IssuerConfig,
    findings: &mut Findings<'_>,
) -> Result<(TokenKey, Option<Secret>), String> {
    let read = secret_of(key)?;
    if let Some(warning) = &read.warning {
        let path = format!("auth.issuer.key.{source}");
        findings.warn(own.of(source), &path, warning);
    }
    findings.digest.update(&read.bytes);
    let format = SecretFormat::from(key.encoding);
    let secret = format.decode(&read.bytes).map_err(|why| why.to_string())?;
    let loaded = with_algorithms(key, issuer, |algorithms| {
        TokenKey::secret(&secret, algorithms)
    })?;
    Ok((loaded, Some(secret)))
}

fn secret_of(key: &KeyConfig) -> Result<ReadSecret, String> {
    match (&key.secret_file, &key.secret_env, &key.secret) {
        (Some(file), _, _) => secret_of_file(file),
        (_, Some(name), _) => secret_of_variable(name),
        (_, _, secret) => Ok(ReadSecret {
            bytes: secret.clone().unwrap_or_default().into_bytes(),
            warning: Some(
                "whoever reads the configuration has the secret; secret_file or secret_env keep it apart"
                    .to_owned(),
            ),
        }),
    }
}

/// Makes a key with its own algorithms, or with those of the issuer that fit it.
fn with_algorithms(
    key: &KeyConfig,
    issuer: &IssuerConfig,
    make: impl Fn(KeyAlgorithms<'_>) -> Result<TokenKey, crate::credentials::KeyProblem>,
) -> Result<TokenKey, String> {
    let AlgorithmNames(own) = &key.algorithms;
    let AlgorithmNames(of_issuer) = &issuer.algorithms;
    let algorithms = match (own.is_empty(), of_issuer.is_empty()) {
        (false, _) => KeyAlgorithms::Each(own),
        (true, false) => KeyAlgorithms::Fitting(of_issuer),
        (true, true) => KeyAlgorithms::Fitting(Algorithm::ALL),
    };
    make(algorithms).map_err(|why| why.to_string())
}

fn signer_of(
    key: &KeyConfig,
    loaded: &TokenKey,
    secret: Option<Secret>,
    issuer: &IssuerConfig,
) -> Option<IssuerSigner> {
    let audience = match &issuer.audience {
        Some(crate::config::auth::auth_forms::AudienceNames::List(names)) => names.first().cloned(),
        _ => None,
    };
    Some(IssuerSigner {
        signer: Signer::secret(&secret?).ok()?,
        algorithm: *loaded.algorithms().first()?,
        kid: key.id.clone(),
        iss: issuer.iss.clone(),
        audience,
    })
}

fn keys_of_file(
    config: &IssuerConfig,
    lines: &IssuerLines,
    findings: &mut Findings<'_>,
) -> Option<Vec<TokenKey>> {
    let Some(file) = &config.jwks_file else {
        return Some(Vec::new());
    };
    let line = lines.issuer.of("jwks_file");
    let path = "auth.issuer.jwks_file";
    let algorithms = match config.algorithms.0.is_empty() {
        true => Algorithm::ALL,
        false => &config.algorithms.0,
    };
    let read = read_text(file).and_then(|text| {
        findings.digest.update(text.as_bytes());
        Jwks::parse(&text, algorithms, JwksReaders::Server).map_err(|why| why.to_string())
    });
    match read {
        Ok(jwks) => {
            for (id, why) in &jwks.left_out {
                let id = id.as_deref().unwrap_or("without a kid");
                findings.warn(line, path, &format!("the key {id:?} is left out: {why}"));
            }
            if jwks.keys.is_empty() {
                findings.wrong(line, path, "has no key that can be taken");
                return None;
            }
            Some(jwks.keys)
        }
        Err(why) => {
            findings.wrong(line, path, &why);
            None
        }
    }
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
    let only_hmac =
        !config.algorithms.0.is_empty() && config.algorithms.0.iter().all(|one| one.is_hmac());
    if only_hmac {
        let text =
            "a key of a URL is public, so it must not sign with HS; expected other algorithms";
        findings.wrong(
            lines.issuer.of("algorithms"),
            "auth.issuer.algorithms",
            text,
        );
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
        findings.digest.update(pem.as_bytes());
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
