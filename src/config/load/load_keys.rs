//! The reading of an issuer's keys: from files, variables and the configuration itself.

use super::findings::Findings;
use crate::config::auth::auth_values::{EncodingWord, IssuerConfig, KeyConfig};
use crate::config::auth::loaded_tokens::KeySigner;
use crate::config::auth::secret_text::{SecretText, read_text};
use crate::config::lines::TableLines;
use crate::credentials::{
    Algorithm, Jwks, JwksReaders, KeyAlgorithms, KeyProblem, SecretFormat, Signer, TokenKey,
    unix_ms,
};

/// What a file of a secret gets that every user of the machine can read.
pub(super) const READABLE: &str =
    "every user of this machine can read the file; chmod o-r takes that away";

/// A key that was read, and the signer of a shared secret.
pub(super) type LoadedKey = (TokenKey, Option<KeySigner>);

/// Reads a key. None if something is wrong with it, which is reported.
pub(super) fn load_key(
    key: &KeyConfig,
    own: &TableLines,
    issuer: &IssuerConfig,
    what: &str,
    findings: &mut Findings<'_>,
) -> Option<LoadedKey> {
    let source = source_of(key, own, findings)?;
    let (line, path) = (own.of(source), format!("auth.issuer.key.{source}"));
    let what = format!("{what} {source}");
    let read = match source {
        "public_key_file" => public_key(key, issuer, own, &what, findings),
        _ => secret_key(key, issuer, (line, &path), &what, findings),
    };
    let (mut loaded, signer) = match read {
        Ok(loaded) => loaded,
        Err(problem) => {
            problem.report(own, (line, &path), findings);
            return None;
        }
    };
    if let Some(id) = &key.id {
        loaded = loaded.id(id);
    }
    if let Some(until) = &key.until {
        loaded = loaded.until_ms(until.ms());
        if loaded.is_over(unix_ms()) {
            let text = "is over: no token of this key is taken";
            findings.warn(own.of("until"), "auth.issuer.key.until", text);
        }
    }
    Some((loaded, signer))
}

/// Returns the setting that says where the key is. None for a key that has none of them, or more
/// than one, which is reported.
fn source_of(
    key: &KeyConfig,
    own: &TableLines,
    findings: &mut Findings<'_>,
) -> Option<&'static str> {
    let sources = [
        ("secret_file", key.secret_file.is_some()),
        ("secret_env", key.secret_env.is_some()),
        ("secret", key.secret.is_some()),
        ("public_key_file", key.public_key_file.is_some()),
    ];
    let mut set = sources.into_iter().filter(|(_, is_set)| *is_set);
    match (set.next(), set.next()) {
        (Some((source, _)), None) => Some(source),
        (None, _) => {
            let text = "has no key; expected secret_file, secret_env or public_key_file";
            findings.wrong(own.line, "auth.issuer.key", text);
            None
        }
        (Some((first, _)), Some((second, _))) => {
            let path = format!("auth.issuer.key.{second}");
            let text = format!("stands beside {first}; expected one of the two");
            findings.wrong(own.of(second), &path, &text);
            None
        }
    }
}

/// What is wrong with a key.
enum WrongKey {
    Unread(String),
    Unfit(KeyProblem),
}

impl From<String> for WrongKey {
    fn from(why: String) -> WrongKey {
        WrongKey::Unread(why)
    }
}

impl From<KeyProblem> for WrongKey {
    fn from(problem: KeyProblem) -> WrongKey {
        WrongKey::Unfit(problem)
    }
}

impl WrongKey {
    /// Reports it at the setting that it is about, with what to do.
    fn report(self, own: &TableLines, (line, path): (usize, &str), findings: &mut Findings<'_>) {
        let problem = match self {
            WrongKey::Unread(why) => return findings.wrong(line, path, &why),
            WrongKey::Unfit(problem) => problem,
        };
        let hint = match &problem {
            KeyProblem::Algorithm { .. } | KeyProblem::NoAlgorithm(_) => {
                let line = own.find("algorithms").unwrap_or(line);
                let text = format!("{problem}; expected algorithms of that kind");
                return findings.wrong(line, "auth.issuer.key.algorithms", &text);
            }
            KeyProblem::Encoding(_) => {
                "; expected encoding = \"utf8\", \"base64\", \"base64url\" or \"hex\", as it is written"
            }
            KeyProblem::SecretShort(_) => {
                "; expected a longer one, such as openssl rand -hex 32 prints"
            }
            KeyProblem::RsaBits(_) => "; expected a larger key of the issuer",
            _ => "",
        };
        findings.wrong(line, path, &format!("{problem}{hint}"));
    }
}

fn public_key(
    key: &KeyConfig,
    issuer: &IssuerConfig,
    own: &TableLines,
    what: &str,
    findings: &mut Findings<'_>,
) -> Result<LoadedKey, WrongKey> {
    // A default, as `config show` has it, means nothing anywhere.
    let encoding = own.find("encoding");
    if let Some(line) = encoding.filter(|_| key.encoding != EncodingWord::default()) {
        let text = "means nothing beside public_key_file";
        findings.wrong(line, "auth.issuer.key.encoding", text);
    }
    let text = key.public_key_file.as_ref().map(read_text);
    let text = text.unwrap_or_else(|| Ok(String::new()))?;
    findings.take_file(what, &text);
    let loaded = TokenKey::public_pem(&text, algorithms(key, issuer))?;
    Ok((loaded, None))
}

fn secret_key(
    key: &KeyConfig,
    issuer: &IssuerConfig,
    (line, path): (usize, &str),
    what: &str,
    findings: &mut Findings<'_>,
) -> Result<LoadedKey, WrongKey> {
    let text = match (&key.secret_file, &key.secret_env, &key.secret) {
        (Some(file), _, _) => {
            let (text, is_readable) = SecretText::of_file(file)?;
            if is_readable {
                findings.warn(line, path, READABLE);
            }
            text
        }
        (_, Some(name), _) => SecretText::of_variable(name)?,
        (_, _, Some(secret)) => {
            let text = "whoever reads the configuration has the secret; secret_file or secret_env \
                        keep it apart";
            findings.warn(line, path, text);
            secret.clone()
        }
        // One of them is set.
        (None, None, None) => return Err(String::new().into()),
    };
    findings.take(what, &text);
    let secret = SecretFormat::from(key.encoding).decode(text.secret().expose())?;
    let loaded = TokenKey::secret(&secret, algorithms(key, issuer))?;
    let signer = KeySigner {
        issuer: issuer.name.clone(),
        id: key.id.clone(),
        algorithms: loaded.algorithms().to_vec(),
        until_ms: key.until.as_ref().map(|until| until.ms()),
        signer: Signer::secret(&secret)?,
    };
    Ok((loaded, Some(signer)))
}

/// Returns the key's own algorithms, or those of the issuer that fit it.
fn algorithms<'a>(key: &'a KeyConfig, issuer: &'a IssuerConfig) -> KeyAlgorithms<'a> {
    let (own, of_issuer) = (&key.algorithms.0, &issuer.algorithms.0);
    match (own.is_empty(), of_issuer.is_empty()) {
        (false, _) => KeyAlgorithms::Each(own),
        (true, false) => KeyAlgorithms::Fitting(of_issuer),
        (true, true) => KeyAlgorithms::Fitting(Algorithm::ALL),
    }
}

/// Reads the keys of the issuer's file. None if something is wrong with it, which is reported.
pub(super) fn keys_of_file(
    config: &IssuerConfig,
    own: &TableLines,
    findings: &mut Findings<'_>,
) -> Option<Vec<TokenKey>> {
    let Some(file) = &config.jwks_file else {
        return Some(Vec::new());
    };
    let (line, path) = (own.of("jwks_file"), "auth.issuer.jwks_file");
    let algorithms = match config.algorithms.0.is_empty() {
        true => Algorithm::ALL,
        false => &config.algorithms.0,
    };
    let read = read_text(file).and_then(|text| {
        findings.take_file(&format!("auth.issuer {} jwks_file", config.name), &text);
        Jwks::parse(&text, algorithms, JwksReaders::Server).map_err(|why| why.to_string())
    });
    let jwks = match read {
        Ok(jwks) => jwks,
        Err(why) => {
            findings.wrong(line, path, &why);
            return None;
        }
    };
    for (id, why) in &jwks.left_out {
        let key = match id {
            Some(id) => format!("the key {id:?}"),
            None => "a key without a kid".to_owned(),
        };
        findings.warn(line, path, &format!("{key} is left out: {why}"));
    }
    if jwks.keys.is_empty() {
        findings.wrong(line, path, "has no key that can be taken");
        return None;
    }
    Some(jwks.keys)
}
