//! Tokens, and what they say of a client: who it is, until when, and what it may do. No I/O.
//!
//! A `Verifier` takes the JWTs of its issuers and the tokens of `Phoenix.Token`, and turns each
//! into [`Credentials`]. The app says where a token arrives and what it is good for: here `connect`
//! lets a client in by its parameter `token`, and the channel asks the credentials for a grant.
//!
//! ```
//! use std::time::{SystemTime, UNIX_EPOCH};
//!
//! use lobbyd::credentials::{
//!     Algorithm, Audience, Credentials, Issuer, KeyAlgorithms, KeyProblem, KeySet, Occasion,
//!     Operation, PhoenixSettings, PhoenixTokens, Secret, TokenKey, Verdict, Verifier,
//! };
//! use lobbyd::{
//!     Connect, Handlers, Join, Params, Router, Socket, StatusCode, UserSocket, reason,
//! };
//!
//! fn join(topic: &str, socket: &Socket<'_>) -> Join {
//!     let credentials = socket.assigns::<Credentials>();
//!     match credentials.is_some_and(|known| known.grants.allow(topic, Operation::Join)) {
//!         true => Join::ok(),
//!         false => Join::error(reason("forbidden")),
//!     }
//! }
//!
//! /// Who signs tokens: an app by HS256, and an app of Phoenix.
//! fn verifier(secret: &Secret, secret_key_base: Secret) -> Result<Verifier, KeyProblem> {
//!     let key = TokenKey::secret(secret, KeyAlgorithms::Each(&[Algorithm::Hs256]))?;
//!     let accounts = Issuer::new("accounts")
//!         .iss("https://id.example.com/")
//!         .audience(Audience::OneOf(vec!["chat".to_owned()]))
//!         .keys(KeySet::new([key]));
//!     let phoenix = PhoenixTokens::new(PhoenixSettings::new(vec![secret_key_base]));
//!     let verifier = Verifier::new([accounts]).expect("one issuer has one `iss`");
//!     Ok(verifier.phoenix(phoenix.expect("the secret has 20 bytes")))
//! }
//!
//! fn router(verifier: Verifier) -> Router {
//!     let socket = UserSocket::new()
//!         .connect(move |params, _info| connect(&verifier, params))
//!         .channel("room:*", Handlers::join(|topic, _params, socket| join(topic, socket)));
//!     Router::new().socket("/socket", socket)
//! }
//!
//! fn connect(verifier: &Verifier, params: &Params) -> Connect {
//!     let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
//!     let occasion = Occasion::connect(now.as_millis() as u64);
//!     let token = params.get("token").unwrap_or_default();
//!     // Expired or refused: a token that was good once opens nothing here.
//!     let Verdict::Taken(credentials) = verifier.verify(token, &occasion) else {
//!         return Connect::refuse_with(StatusCode::UNAUTHORIZED);
//!     };
//!     match &credentials.subject {
//!         Some(subject) => Connect::accept().id(format!("user_socket:{subject}")),
//!         None => Connect::accept(),
//!     }
//!     .assign(credentials)
//!     .into()
//! }
//! # let secret = Secret::new(*b"a secret of 32 bytes, or of more");
//! # let secret_key_base = Secret::new(*b"a secret_key_base of an app of Phoenix");
//! # router(verifier(&secret, secret_key_base).unwrap());
//! ```

#[cfg(feature = "auth")]
pub(crate) mod algorithm;
#[cfg(feature = "auth")]
pub(crate) mod claims;
#[cfg(feature = "auth")]
pub(crate) mod claims_dialect;
pub(crate) mod grants;
#[cfg(feature = "auth")]
pub(crate) mod integer;
#[cfg(feature = "auth")]
pub(crate) mod issuer;
#[cfg(feature = "auth")]
pub(crate) mod jwks;
#[cfg(feature = "auth")]
pub(crate) mod jwt;
#[cfg(feature = "auth")]
pub(crate) mod key;
#[cfg(feature = "auth")]
pub(crate) mod key_problem;
#[cfg(feature = "auth")]
pub(crate) mod keys;
#[cfg(feature = "auth")]
pub(crate) mod occasion;
#[cfg(feature = "auth")]
pub(crate) mod phoenix_settings;
#[cfg(feature = "auth")]
pub(crate) mod phoenix_token;
pub(crate) mod refusal;
#[cfg(feature = "auth")]
mod removed_keys;
pub(crate) mod revocation;
pub(crate) mod revocations;
#[cfg(feature = "auth")]
pub(crate) mod screened;
#[cfg(feature = "auth")]
pub(crate) mod secret;
#[cfg(feature = "auth")]
pub(crate) mod sign;
pub(crate) mod subject;
#[cfg(feature = "auth")]
mod term_encode;
#[cfg(feature = "auth")]
pub(crate) mod terms;
#[cfg(all(test, feature = "auth"))]
mod tests;
#[cfg(feature = "auth")]
pub(crate) mod token_cache;
#[cfg(feature = "auth")]
pub(crate) mod token_checks;
pub(crate) mod token_policy;
pub(crate) mod verdict;
#[cfg(feature = "auth")]
pub(crate) mod verifier;
pub(crate) mod wall_clock;

#[cfg(feature = "auth")]
pub use algorithm::Algorithm;
#[cfg(feature = "auth")]
pub use claims::Audience;
#[cfg(feature = "auth")]
pub use claims_dialect::{ClaimsDialect, GrantRule};
pub use grants::{Grants, Operation};
#[cfg(all(feature = "auth", feature = "engine"))]
pub use integer::Integer;
#[cfg(feature = "auth")]
pub use issuer::Issuer;
#[cfg(feature = "auth")]
pub(crate) use jwks::jwks_result::{JwksAnswer, JwksResult};
#[cfg(feature = "auth")]
pub use jwks::jwks_source::{JwksSource, JwksSourceProblem};
#[cfg(feature = "auth")]
pub(crate) use jwks::key_refresh::{FetchStep, KeyRefresh, TakenAnswer};
#[cfg(feature = "auth")]
pub use key::{KeyAlgorithms, SecretFormat, TokenKey};
#[cfg(feature = "auth")]
pub use key_problem::KeyProblem;
#[cfg(feature = "auth")]
pub use keys::{Jwks, JwksReaders, KeySet};
#[cfg(feature = "auth")]
pub use occasion::Occasion;
#[cfg(feature = "auth")]
pub use phoenix_settings::{KeyDigest, MaxAge, PhoenixProblem, PhoenixSettings};
#[cfg(feature = "auth")]
pub use phoenix_token::PhoenixTokens;
pub use refusal::TokenRefusal;
pub use revocation::{BadRevocation, Revocation, Revoked};
pub use revocations::{REVOCATIONS_MAX, Revocations, TooManyRevocations};
#[cfg(feature = "auth")]
pub use secret::Secret;
#[cfg(feature = "auth")]
pub use sign::Signer;
pub use subject::Credentials;
#[cfg(all(feature = "auth", feature = "engine"))]
pub use terms::Term;
#[cfg(feature = "auth")]
pub use terms::Unreadable;
#[cfg(feature = "auth")]
pub(crate) use token_checks::{NoThread, TokenHost};
#[cfg(feature = "auth")]
pub use token_checks::{TokenCheck, TokenChecks, TokenWait};
pub use token_policy::{AtExpiry, ExpiredToken, RemovedKey, TokenPolicy};
pub use verdict::Verdict;
#[cfg(feature = "auth")]
pub use verifier::{SameIssuer, Verifier};
pub(crate) use wall_clock::unix_ms;
