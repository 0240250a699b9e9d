//! `[auth]` as plain data: who signs tokens, where they arrive, and what their end does.

use super::auth_forms::{AlgorithmNames, AudienceNames, FilePath, MaxAgeSeconds};
use super::key_end::KeyEnd;
use super::secret_text::SecretText;
use crate::config::form::Word;
use crate::credentials::{
    AtExpiry, ClaimsDialect, ExpiredToken, KeyDigest, RemovedKey, SecretFormat, TokenPolicy,
};
use strum::{IntoStaticStr, VariantArray};

/// All of `[auth]`.
#[derive(Clone, Debug, PartialEq)]
pub struct AuthConfig {
    /// Whether a client needs a good token. None: it does, where somebody signs tokens.
    pub required: Option<bool>,
    /// Where tokens arrive, and what their end does; `required` in it is not used.
    pub policy: TokenPolicy,
    /// Longest token, in bytes.
    pub token_bytes_max: usize,
    /// By how much clocks may differ, in seconds.
    pub leeway_s: u64,
    /// Longest life of a token, in seconds.
    pub lifetime_max_s: Option<u64>,
    /// Whether credentials keep all claims.
    pub keep_claims: bool,
    /// The file of revocations.
    pub revoked_file: Option<FilePath>,
    /// After how many seconds keys are fetched again.
    pub jwks_refresh_s: u64,
    /// Least seconds between two tries for a key that is not known.
    pub jwks_cooldown_s: u64,
    /// For how many seconds keys are used whose URL does not answer.
    pub jwks_stale_max_s: u64,
    /// For how long the start waits for keys, in milliseconds.
    pub jwks_wait_ms: u64,
    /// `[auth.phoenix]`.
    pub phoenix: PhoenixConfig,
    /// `[[auth.issuer]]`.
    pub issuers: Vec<IssuerConfig>,
    /// `[[auth.grant]]`.
    pub grants: Vec<GrantConfig>,
}

/// `[auth.phoenix]`: an app of Phoenix signs tokens.
#[derive(Clone, Debug, PartialEq)]
pub struct PhoenixConfig {
    /// The file of the `secret_key_base`.
    pub secret_key_base_file: Option<FilePath>,
    /// The variable of the `secret_key_base`.
    pub secret_key_base_env: Option<String>,
    /// The file of the secret before.
    pub previous_file: Option<FilePath>,
    /// The salt.
    pub salt: String,
    /// How old a token may be.
    pub max_age: MaxAgeSeconds,
    /// The key of the subject in a map.
    pub subject: Option<String>,
    /// Iterations of PBKDF2.
    pub key_iterations: u32,
    /// Bytes of the key.
    pub key_length: usize,
    /// The digest of PBKDF2.
    pub key_digest: DigestWord,
}

/// One `[[auth.issuer]]`.
#[derive(Clone, Debug, PartialEq)]
pub struct IssuerConfig {
    /// Its name in logs and metrics.
    pub name: String,
    /// The `iss` of its tokens.
    pub iss: Option<String>,
    /// For whom its tokens must be.
    pub audience: Option<AudienceNames>,
    /// The algorithms of its keys.
    pub algorithms: AlgorithmNames,
    /// The values of `typ`.
    pub types: Vec<String>,
    /// Whose claims its tokens have.
    pub claims: DialectWord,
    /// The claim of the subject.
    pub subject_claim: String,
    /// Whether its tokens must have an `exp`.
    pub exp_required: bool,
    /// Where its keys are fetched.
    pub jwks_url: Option<String>,
    /// The file of its keys.
    pub jwks_file: Option<FilePath>,
    /// The file of the authorities that its URL is trusted by.
    pub ca_file: Option<FilePath>,
    /// Its own keys.
    pub keys: Vec<KeyConfig>,
}

/// One `[[auth.issuer.key]]`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KeyConfig {
    /// The `kid`.
    pub id: Option<String>,
    /// Its algorithms. Empty: those of the issuer that fit it.
    pub algorithms: AlgorithmNames,
    /// The secret itself.
    pub secret: Option<SecretText>,
    /// The file of the secret.
    pub secret_file: Option<FilePath>,
    /// The variable of the secret.
    pub secret_env: Option<String>,
    /// How the secret is written.
    pub encoding: EncodingWord,
    /// The file of the public key.
    pub public_key_file: Option<FilePath>,
    /// When the key ends.
    pub until: Option<KeyEnd>,
}

/// One `[[auth.grant]]`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GrantConfig {
    /// The claim that is asked for.
    pub claim: String,
    /// What it must have.
    pub has: String,
    /// The topics.
    pub topics: Vec<String>,
    /// The operations.
    pub allow: Vec<String>,
}

impl AuthConfig {
    /// True if anybody signs tokens here.
    pub fn is_set(&self) -> bool {
        !self.issuers.is_empty() || self.phoenix.is_set()
    }

    /// Returns the names of all that sign tokens.
    pub(in crate::config) fn issuer_names(&self) -> impl Iterator<Item = &str> {
        let issuers = self.issuers.iter().map(|issuer| &*issuer.name);
        issuers.chain(self.phoenix.is_set().then_some("phoenix"))
    }

    /// Returns the names of the variables that have secrets. They are no settings, whatever they
    /// are called.
    pub(in crate::config) fn secret_variables(&self) -> impl Iterator<Item = &str> {
        let keys = self.issuers.iter().flat_map(|issuer| &issuer.keys);
        let of_keys = keys.filter_map(|key| key.secret_env.as_deref());
        of_keys.chain(self.phoenix.secret_key_base_env.as_deref())
    }
}

impl IssuerConfig {
    /// Returns the name of one of its keys for messages, by its place.
    pub(in crate::config) fn key_name(&self, at: usize) -> String {
        let id = self.keys.get(at).and_then(|key| key.id.as_deref());
        match id {
            Some(id) => format!("auth.issuer {} key {id}", self.name),
            None => format!("auth.issuer {} key {}", self.name, at + 1),
        }
    }
}

impl KeyConfig {
    /// Returns the setting that says where the key is.
    pub(in crate::config) fn source(&self) -> &'static str {
        match (&self.secret_file, &self.secret_env, &self.secret) {
            (Some(_), _, _) => "secret_file",
            (_, Some(_), _) => "secret_env",
            (_, _, Some(_)) => "secret",
            _ => "public_key_file",
        }
    }
}

impl PhoenixConfig {
    /// True if there is a secret.
    pub fn is_set(&self) -> bool {
        self.secret_key_base_file.is_some() || self.secret_key_base_env.is_some()
    }
}

impl Default for AuthConfig {
    fn default() -> AuthConfig {
        AuthConfig {
            required: None,
            policy: TokenPolicy::default(),
            token_bytes_max: 8_192,
            leeway_s: 30,
            lifetime_max_s: None,
            keep_claims: false,
            revoked_file: None,
            jwks_refresh_s: 600,
            jwks_cooldown_s: 30,
            jwks_stale_max_s: 86_400,
            jwks_wait_ms: 30_000,
            phoenix: PhoenixConfig::default(),
            issuers: Vec::new(),
            grants: Vec::new(),
        }
    }
}

impl Default for PhoenixConfig {
    fn default() -> PhoenixConfig {
        PhoenixConfig {
            secret_key_base_file: None,
            secret_key_base_env: None,
            previous_file: None,
            salt: "user socket".to_owned(),
            max_age: MaxAgeSeconds::Seconds(1_209_600),
            subject: None,
            key_iterations: 1_000,
            key_length: 32,
            key_digest: DigestWord::Sha256,
        }
    }
}

impl Default for IssuerConfig {
    fn default() -> IssuerConfig {
        IssuerConfig {
            name: String::new(),
            iss: None,
            audience: None,
            algorithms: AlgorithmNames::default(),
            types: vec!["JWT".to_owned(), "at+jwt".to_owned()],
            claims: DialectWord::Lobbyd,
            subject_claim: "sub".to_owned(),
            exp_required: true,
            jwks_url: None,
            jwks_file: None,
            ca_file: None,
            keys: Vec::new(),
        }
    }
}

/// `word!(Name of Library { Variant = Library::Variant, .. })`: the words of a setting that stands
/// for an enum of the library.
macro_rules! word {
    ($(#[$doc:meta])* $name:ident($library:ty) { $($(#[$default:meta])? $variant:ident => $value:path),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, IntoStaticStr, VariantArray)]
        #[strum(serialize_all = "lowercase")]
        #[allow(missing_docs, reason = "the words of the configuration")]
        pub enum $name { $($(#[$default])? $variant),* }

        impl Word for $name {}

        impl From<$name> for $library {
            fn from(word: $name) -> $library {
                match word { $($name::$variant => $value),* }
            }
        }
    };
}

word! {
    /// Whose claims an issuer's tokens have.
    DialectWord(ClaimsDialect) {
        #[default] Lobbyd => ClaimsDialect::Lobbyd,
        Centrifugo => ClaimsDialect::Centrifugo,
        Supabase => ClaimsDialect::Supabase,
    }
}

word! {
    /// How a secret is written.
    EncodingWord(SecretFormat) {
        #[default] Utf8 => SecretFormat::Utf8,
        Base64 => SecretFormat::Base64,
        Base64Url => SecretFormat::Base64Url,
        Hex => SecretFormat::Hex,
    }
}

word! {
    /// A digest of PBKDF2.
    DigestWord(KeyDigest) {
        #[default] Sha256 => KeyDigest::Sha256,
        Sha384 => KeyDigest::Sha384,
        Sha512 => KeyDigest::Sha512,
    }
}

word! {
    /// What a connect gets whose token is over.
    ExpiredWord(ExpiredToken) {
        #[default] Tell => ExpiredToken::Tell,
        Refuse => ExpiredToken::Refuse,
    }
}

word! {
    /// What ends with a token.
    AtExpiryWord(AtExpiry) {
        #[default] Auto => AtExpiry::Auto,
        Rooms => AtExpiry::Rooms,
        Connection => AtExpiry::Connection,
    }
}

word! {
    /// What happens to clients whose key is gone.
    RemovedKeyWord(RemovedKey) {
        #[default] Keep => RemovedKey::Keep,
        Expire => RemovedKey::Expire,
    }
}

/// Returns the word that stands for a value of the library.
pub(in crate::config) fn word_of<W: Word, L: PartialEq + From<W>>(value: L) -> W {
    let mut words = W::VARIANTS.iter().copied();
    let found = words.find(|word| L::from(*word) == value);
    // The words name all values.
    found.unwrap_or(W::VARIANTS[0])
}
