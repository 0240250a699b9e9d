//! Tokens of clients: where they arrive, what they open, and what happens when they end.

mod connects;
mod expired;
mod refreshes;
mod revoked;
mod rooms;

use std::time::{SystemTime, UNIX_EPOCH};

use lobbyd::credentials::{
    Algorithm, Issuer, KeyAlgorithms, KeySet, MaxAge, PhoenixSettings, PhoenixTokens, Secret,
    Signer, TokenChecks, TokenKey, TokenPolicy, Verifier,
};
use lobbyd::rooms::{EventName, EventRule, JoinRule, PushRule, RoomRules, declare};
use lobbyd::server::Running;
use lobbyd::{Router, UserSocket};
use serde_json::{Map, Value, json};
use testkit::{Client, serve, upgrade};

const SECRET: &[u8] = b"a secret of more than 32 bytes for tests";
const SECRET_KEY_BASE: &[u8] = b"lobbyd-test-secret-key-base-0123456789abcdefghijklmnopqrstuvwxyz";

const ISS: &str = "https://id.example.com/";

/// Returns the time in milliseconds since 1970.
fn now_ms() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    now.as_millis() as u64
}

/// Returns the checks of HS256 tokens and of tokens of Phoenix. Clocks may not differ.
fn checks() -> TokenChecks {
    checks_by(SECRET)
}

/// The same with another secret of HS256 tokens.
fn checks_by(secret: &[u8]) -> TokenChecks {
    let algorithms = KeyAlgorithms::Each(&[Algorithm::Hs256]);
    let key = TokenKey::secret(&Secret::new(secret), algorithms).unwrap();
    let issuer = Issuer::new("accounts").iss(ISS).keys(KeySet::new([key]));
    let mut settings = PhoenixSettings::new(vec![Secret::new(SECRET_KEY_BASE)]);
    settings.max_age = Some(MaxAge::Infinity);
    let phoenix = PhoenixTokens::new(settings).unwrap();
    let verifier = Verifier::new([issuer]).unwrap().phoenix(phoenix);
    TokenChecks::new(verifier.leeway_s(0))
}

/// Returns a policy whose refusals are not held back.
fn policy() -> TokenPolicy {
    let mut policy = TokenPolicy::default();
    policy.refusal_delay_ms = 0;
    policy
}

/// Returns a room of `topic` with this rule, whose events are `chat`, `rare` and `news`.
fn room(topic: &str, join: JoinRule) -> RoomRules {
    let event = |name: &str, push| {
        let event = EventRule::relaying(EventName::Named(name.to_owned()));
        event.pushed_by(push)
    };
    let mut rules = RoomRules::open(topic);
    rules.join = join;
    rules.events = vec![
        event("chat", PushRule::Members),
        event("rare", PushRule::Granted),
        event("news", PushRule::Nobody),
    ];
    rules
}

/// Serves a room for each rule.
fn serve_rooms(policy: TokenPolicy) -> Running {
    serve(router(checks(), policy))
}

fn router(checks: TokenChecks, policy: TokenPolicy) -> Router {
    let socket = UserSocket::new().tokens(checks, policy);
    let rooms = [
        room("known:*", JoinRule::Known),
        room("user:*", JoinRule::Own),
        room("granted:*", JoinRule::Granted),
        room("open:*", JoinRule::Allow),
    ];
    Router::new().socket("/socket", declare(socket, rooms))
}

/// Returns the claims of a token of `subject` that ends so many milliseconds from now, with these
/// grants.
fn claims(subject: &str, ends_ms: i64, grants: Value) -> Map<String, Value> {
    let exp = (now_ms().cast_signed() + ends_ms) as f64 / 1_000.0;
    let claims =
        json!({"iss": ISS, "sub": subject, "exp": exp.ceil(), "lobbyd": {"grants": grants}});
    claims.as_object().unwrap().clone()
}

fn sign(claims: &Map<String, Value>) -> String {
    let signer = Signer::secret(&Secret::new(SECRET)).unwrap();
    signer.sign(Algorithm::Hs256, None, claims).unwrap()
}

/// Returns a token of `subject` for an hour, with these grants.
fn token(subject: &str, grants: Value) -> String {
    sign(&claims(subject, 3_600_000, grants))
}

/// Returns a genuine token whose time is over.
fn old_token(subject: &str) -> String {
    sign(&claims(subject, -3_600_000, json!({})))
}

fn connect(server: &Running, query: &str, headers: &str) -> Result<Client, String> {
    let target = format!("/socket/websocket?vsn=2.0.0{query}");
    upgrade(server.local_addr(), &target, headers)
}

fn connect_with(server: &Running, token: &str) -> Client {
    connect(server, &format!("&token={token}"), "").unwrap()
}

/// Sends a join, and returns the status and the response of its reply.
fn try_join(client: &mut Client, topic: &str, payload: Value) -> (String, Value) {
    client.send(json!(["1", "1", topic, "phx_join", payload]));
    reply(client, "1")
}

/// Returns status and response of the reply to `reference`, which comes next.
fn reply(client: &mut Client, reference: &str) -> (String, Value) {
    let message = client.json();
    assert_eq!(
        (&message[1], &message[3]),
        (&json!(reference), &json!("phx_reply")),
        "{message}"
    );
    let status = message[4]["status"].as_str().unwrap().to_owned();
    (status, message[4]["response"].clone())
}

fn refused(words: &str, code: &str) -> (String, Value) {
    ("error".to_owned(), json!({"reason": words, "code": code}))
}

fn ok() -> (String, Value) {
    ("ok".to_owned(), json!({}))
}

/// Joins a topic that lets the client in.
fn enter(client: &mut Client, topic: &str) {
    assert_eq!(try_join(client, topic, json!({})), ok(), "{topic}");
}
