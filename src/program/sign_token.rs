//! `lobbyd token sign`: a token with a key of the configuration.

use std::fs;

use lobbyd::config::{Config, LoadedTokens, SignFlags};
use lobbyd::credentials::{
    Algorithm, MaxAge, Occasion, PhoenixSettings, PhoenixTokens, Signer, Verdict,
};
use serde_json::{Map, Value};

use super::explain_token::config_of;
use super::token_claims::{IssuerConfig, claims_of};
use super::token_error::TokenError;

/// How long a token lives where nothing is said, in seconds.
const LIFETIME_S: u32 = 3_600;

/// A token that was made, and why it would be refused, if it would be.
pub struct SignedToken {
    /// The token.
    pub token: String,
    /// Why the configuration that it was made with refuses it.
    pub refused: Option<String>,
}

/// Makes a token.
///
/// # Errors
/// If the configuration is wrong, has no key that signs, or the flags contradict it.
pub fn sign_token(flags: &SignFlags, now_ms: u64) -> Result<SignedToken, TokenError> {
    let config = config_of(flags.config.clone())?;
    let tokens = config.tokens.as_ref().ok_or(TokenError::NoTokens)?;
    let token = match flags.phoenix {
        true => phoenix_token(flags, tokens, now_ms)?,
        false => jwt(flags, &config, tokens, now_ms)?,
    };
    let occasion = match &flags.topic {
        Some(topic) => Occasion::join(topic, now_ms),
        None => Occasion::connect(now_ms),
    };
    let refused = match tokens.checks.verifier().verify(&token, &occasion) {
        Verdict::Refused(refusal) => Some(format!("{refusal}: {}", refusal.hint())),
        _ => None,
    };
    Ok(SignedToken { token, refused })
}

fn jwt(
    flags: &SignFlags,
    config: &Config,
    tokens: &LoadedTokens,
    now_ms: u64,
) -> Result<String, TokenError> {
    let issuer = issuer_of(flags, config)?;
    let algorithm = flags.algorithm.as_deref().map(algorithm_of).transpose()?;
    let lifetime_s = flags.expires_in.map_or(LIFETIME_S, |lifetime| lifetime.0);
    let claims = claims_of(flags, issuer, now_ms / 1_000, lifetime_s)?;
    if let Some(file) = &flags.private_key {
        let pem = fs::read_to_string(file).map_err(TokenError::PrivateKey)?;
        return by_private_key(&pem, flags.key.as_deref(), algorithm, issuer, &claims);
    }
    let named = |id: &Option<String>| flags.key.is_none() || *id == flags.key;
    let in_force = |until_ms: Option<u64>| until_ms.is_none_or(|until| until > now_ms);
    let mut signers = tokens.signers.iter();
    let key = signers
        .find(|key| {
            let has = algorithm.is_none_or(|one| key.algorithms.contains(&one));
            key.issuer == issuer.name && named(&key.id) && in_force(key.until_ms) && has
        })
        .ok_or_else(|| no_key(flags, issuer))?;
    let algorithm = algorithm.or(key.algorithms.first().copied());
    let algorithm = algorithm.ok_or_else(|| no_key(flags, issuer))?;
    Ok(key.signer.sign(algorithm, key.id.as_deref(), &claims)?)
}

fn no_key(flags: &SignFlags, issuer: &IssuerConfig) -> TokenError {
    let key = match &flags.key {
        Some(id) => format!("shared secret {id:?}"),
        None => "shared secret".to_owned(),
    };
    let with = match &flags.algorithm {
        Some(algorithm) => format!(" with {algorithm}"),
        None => String::new(),
    };
    let name = &issuer.name;
    TokenError::Flags(format!(
        "the issuer {name:?} has no {key}{with} that is in force; expected --private-key FILE, or \
         another --key, --algorithm or --issuer"
    ))
}

fn algorithm_of(name: &str) -> Result<Algorithm, TokenError> {
    Algorithm::of_name(name).ok_or_else(|| {
        let all: Vec<&str> = Algorithm::ALL.iter().map(|one| one.name()).collect();
        let all = all.join(", ");
        TokenError::Flags(format!("--algorithm: {name:?} is none of {all}"))
    })
}

/// Returns the issuer that is named, or the only one.
fn issuer_of<'c>(flags: &SignFlags, config: &'c Config) -> Result<&'c IssuerConfig, TokenError> {
    let issuers = &config.auth.issuers;
    let names: Vec<&str> = issuers.iter().map(|issuer| &*issuer.name).collect();
    let names = names.join(", ");
    match (&flags.issuer, issuers.as_slice()) {
        (Some(name), _) => {
            let named = issuers.iter().find(|issuer| issuer.name == *name);
            named.ok_or_else(|| TokenError::Flags(format!("--issuer: {name:?} is none of {names}")))
        }
        (None, [only]) => Ok(only),
        (None, []) => Err(TokenError::Flags(
            "the configuration has no [[auth.issuer]]; expected --phoenix".to_owned(),
        )),
        (None, _) => Err(TokenError::Flags(format!(
            "expected --issuer with one of {names}"
        ))),
    }
}

/// Signs with the private key of a pair whose public key the issuer has.
fn by_private_key(
    pem: &str,
    id: Option<&str>,
    algorithm: Option<Algorithm>,
    issuer: &IssuerConfig,
    claims: &Map<String, Value>,
) -> Result<String, TokenError> {
    let signer = Signer::private_pem(pem)?;
    if let Some(algorithm) = algorithm {
        return Ok(signer.sign(algorithm, id, claims)?);
    }
    let of_keys = issuer.keys.iter().flat_map(|key| &key.algorithms.0);
    let configured = issuer
        .algorithms
        .0
        .iter()
        .chain(of_keys)
        .chain(Algorithm::ALL);
    let public = configured.filter(|algorithm| !algorithm.is_hmac());
    let mut tried = public.map(|algorithm| signer.sign(*algorithm, id, claims));
    let signed = tried.find_map(Result::ok);
    signed.ok_or_else(|| {
        TokenError::Flags("--private-key: the key signs with none of the algorithms".to_owned())
    })
}

fn phoenix_token(
    flags: &SignFlags,
    tokens: &LoadedTokens,
    now_ms: u64,
) -> Result<String, TokenError> {
    let settings = tokens.phoenix.clone().ok_or_else(|| {
        let text = "--phoenix: the configuration has no [auth.phoenix] with a secret";
        TokenError::Flags(text.to_owned())
    })?;
    let data = phoenix_data(flags, &settings)?;
    let tokens = PhoenixTokens::new(settings);
    let tokens = tokens.map_err(|problem| TokenError::Flags(problem.to_string()))?;
    let max_age = flags.expires_in.map_or(86_400, |lifetime| lifetime.0);
    let token = tokens.sign(&data, now_ms, MaxAge::Seconds(max_age.into()));
    token.map_err(|why| TokenError::Flags(format!("the data cannot be signed: {why}")))
}

/// Returns what the app would sign: its subject, or a map with it.
fn phoenix_data(flags: &SignFlags, settings: &PhoenixSettings) -> Result<Value, TokenError> {
    let subject = flags.subject.as_deref().map(|subject| {
        let number: Option<i64> = subject.parse().ok();
        number.map_or_else(|| Value::from(subject), Value::from)
    });
    let Some(key) = &settings.subject else {
        if !flags.claims.is_empty() {
            let text = "--claim: the data are the subject themselves; expected auth.phoenix.subject, \
                        which makes them a map";
            return Err(TokenError::Flags(text.to_owned()));
        }
        let missing = || TokenError::Flags("expected --subject".to_owned());
        return subject.ok_or_else(missing);
    };
    let mut map = Map::new();
    map.extend(subject.map(|subject| (key.clone(), subject)));
    let claims = flags.claims.iter();
    map.extend(claims.map(|claim| (claim.name.clone(), claim.value.clone())));
    Ok(Value::Object(map))
}
