//! A mount that checks tokens: its rooms, its keys, and clients of it.

use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::Client;
use super::app::{Diary, TestChannel};
use crate::channel::{Assigns, Routes, SessionSettings};
use crate::credentials::{
    Algorithm, ClaimsDialect, Credentials, Grants, Issuer, KeyAlgorithms, KeySet, NoThread, Secret,
    Signer, TokenChecks, TokenHost, TokenKey, TokenPolicy, Verifier, unix_ms,
};
use crate::protocol::Version;
use crate::rooms::{DeclaredRoom, EventName, EventRule, JoinRule, PushRule, RoomRules};

const SECRET: &[u8] = b"a secret of more than 32 bytes for tests";

/// A key pair as PEM blocks, private and public.
static P256: LazyLock<[String; 2]> = LazyLock::new(|| {
    let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
    let private = EcdsaKeyPair::generate_pkcs8(algorithm, &SystemRandom::new()).unwrap();
    let pair = EcdsaKeyPair::from_pkcs8(algorithm, private.as_ref()).unwrap();
    let public = AsDer::<aws_lc_rs::encoding::PublicKeyX509Der<'_>>::as_der(pair.public_key());
    let public = public.unwrap();
    [
        ("PRIVATE KEY", private.as_ref()),
        ("PUBLIC KEY", public.as_ref()),
    ]
    .map(|(label, der)| {
        format!(
            "-----BEGIN {label}-----\n{}\n-----END {label}-----\n",
            STANDARD.encode(der)
        )
    })
});

/// The background threads of a server, whose jobs a test runs.
#[derive(Default)]
pub(super) struct FakeThreads(Mutex<Vec<Box<dyn FnOnce() + Send>>>);

impl FakeThreads {
    pub(super) fn waiting(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    pub(super) fn run_all(&self) {
        let jobs = std::mem::take(&mut *self.0.lock().unwrap());
        jobs.into_iter().for_each(|job| job());
    }
}

impl std::fmt::Debug for FakeThreads {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("FakeThreads")
    }
}

impl TokenHost for FakeThreads {
    fn submit(&self, job: Box<dyn FnOnce() + Send>) -> Result<(), NoThread> {
        self.0.lock().unwrap().push(job);
        Ok(())
    }

    fn judged(&self, _: &str, _: &'static str) {}

    fn checked(&self, _: Algorithm, _: Duration) {}
}

fn checks() -> TokenChecks {
    let secret = Secret::new(SECRET);
    let secret = TokenKey::secret(&secret, KeyAlgorithms::Each(&[Algorithm::Hs256])).unwrap();
    let public = TokenKey::public_pem(&P256[1], KeyAlgorithms::Each(&[Algorithm::Es256])).unwrap();
    let accounts = Issuer::new("accounts").keys(KeySet::new([secret.clone(), public]));
    let centrifugo = Issuer::new("centrifugo")
        .iss("centrifugo")
        .claims(ClaimsDialect::Centrifugo)
        .keys(KeySet::new([secret]));
    TokenChecks::new(Verifier::new([accounts, centrifugo]).unwrap())
}

fn event(name: &str, push: PushRule) -> EventRule {
    let rule = EventRule::relaying(EventName::Named(name.to_owned())).pushed_by(push);
    EventRule {
        acknowledge: true,
        ..rule
    }
}

/// Returns a room with one event of each rule.
pub(super) fn room(topic: &str, join: JoinRule) -> DeclaredRoom {
    let any = EventRule::relaying(EventName::Any).pushed_by(PushRule::Granted);
    DeclaredRoom::new(RoomRules {
        join,
        events: vec![
            event("cheer", PushRule::Members),
            event("say", PushRule::Granted),
            event("decree", PushRule::Nobody),
            EventRule {
                acknowledge: true,
                ..any
            },
        ],
        ..RoomRules::open(topic)
    })
}

pub(super) fn routes() -> Routes {
    let mut routes = Routes::default();
    let rooms = [
        ("open:*", JoinRule::Allow),
        ("known:*", JoinRule::Known),
        ("user:*", JoinRule::Own),
        ("room:*", JoinRule::Granted),
    ];
    for (topic, join) in rooms {
        routes.push(topic, Arc::new(room(topic, join)));
    }
    routes.push("app:*", Arc::new(TestChannel(Diary::default())));
    routes
}

/// Returns a client without a token of a mount that checks tokens.
pub(super) fn stranger() -> Client {
    let policy = TokenPolicy {
        expiry_grace_ms: 0,
        ..TokenPolicy::default()
    };
    with_policy(policy)
}

fn with_policy(policy: TokenPolicy) -> Client {
    Client::with(
        Version::V2,
        Assigns::default(),
        |settings: &mut SessionSettings| {
            settings.routes = routes();
            settings.token_policy = Some(Box::new(policy));
            settings.token_checks = Some(checks());
        },
    )
}

/// Returns a client whose mount has signatures of private keys checked by these threads.
pub(super) fn threaded() -> (Client, Arc<FakeThreads>) {
    let threads = Arc::new(FakeThreads::default());
    let checks = checks();
    assert!(checks.host_on(threads.clone()));
    let client = Client::with(Version::V2, Assigns::default(), |settings| {
        settings.routes = routes();
        settings.token_policy = Some(Box::default());
        settings.token_checks = Some(checks);
    });
    (client, threads)
}

/// Returns the claims of a token of `subject` that ends so many seconds from now.
pub(super) fn claims(subject: &str, ends_s: i64, grants: Value) -> Value {
    let exp = (unix_ms() / 1_000).cast_signed() + ends_s;
    json!({"sub": subject, "exp": exp, "lobbyd": {"grants": grants}})
}

/// Signs with the shared secret, which is checked at once.
pub(super) fn signed(claims: &Value) -> String {
    let signer = Signer::secret(&Secret::new(SECRET)).unwrap();
    signer
        .sign(Algorithm::Hs256, None, claims.as_object().unwrap())
        .unwrap()
}

/// Signs with the private key, which is checked on another thread.
pub(super) fn signed_dearly(claims: &Value) -> String {
    let signer = Signer::private_pem(&P256[0]).unwrap();
    signer
        .sign(Algorithm::Es256, None, claims.as_object().unwrap())
        .unwrap()
}

/// Returns a token of `subject` for ten minutes.
pub(super) fn token(subject: &str, grants: Value) -> String {
    signed(&claims(subject, 600, grants))
}

/// Returns credentials as a connect gives them, for ten minutes.
pub(super) fn credentials(subject: &str, grants: &[(&str, &[&str])]) -> Arc<Credentials> {
    let each = grants
        .iter()
        .map(|(topic, allow)| (*topic, allow.iter().copied()));
    let mut known = Credentials::default();
    known.subject = Some(subject.into());
    known.expires_ms = Some(unix_ms() + 600_000);
    known.grants = Grants::new(each);
    Arc::new(known)
}

impl Client {
    /// Joins with these params, by the refs "1", and returns what follows.
    #[track_caller]
    pub(super) fn joins(&mut self, topic: &str, params: &Value) -> Vec<String> {
        self.says(&json!(["1", "1", topic, "phx_join", params]).to_string())
    }

    /// Pushes by the ref "5", and returns what follows.
    #[track_caller]
    pub(super) fn pushes(&mut self, topic: &str, event: &str, payload: &Value) -> Vec<String> {
        self.says(&json!(["1", "5", topic, event, payload]).to_string())
    }

    /// Hands over a newer token, long enough after the last.
    #[track_caller]
    pub(super) fn refreshes(&mut self, topic: &str, token: &str) -> Vec<String> {
        if let Some(sent) = &mut self.session.sent {
            sent.refreshed_ms = 0;
        }
        self.refreshes_at_once(topic, token)
    }

    #[track_caller]
    pub(super) fn refreshes_at_once(&mut self, topic: &str, token: &str) -> Vec<String> {
        self.pushes(topic, "access_token", &json!({"access_token": token}))
    }
}

/// Returns the frame of a reply.
pub(super) fn reply(reference: &str, topic: &str, status: &str, response: &str) -> String {
    format!(
        r#"["1","{reference}","{topic}","phx_reply",{{"response":{response},"status":"{status}"}}]"#
    )
}

/// Returns the frame of a refusal by its code, whose words are the code with spaces.
pub(super) fn refused(reference: &str, topic: &str, code: &str) -> String {
    let words = code.replace('_', " ");
    let response = format!(r#"{{"reason":"{words}","code":"{code}"}}"#);
    reply(reference, topic, "error", &response)
}

/// Returns the frame of an event that the server sends on its own account.
pub(super) fn told(topic: &str, event: &str, code: &str) -> String {
    let words = code.replace('_', " ");
    format!(r#"["1",null,"{topic}","{event}",{{"reason":"{words}","code":"{code}"}}]"#)
}
