//! An app that checks tokens where clients connect, and grants where they join.

use std::time::{SystemTime, UNIX_EPOCH};

use lobbyd::credentials::{
    Algorithm, Audience, Credentials, Issuer, KeyAlgorithms, KeySet, MaxAge, Occasion, Operation,
    PhoenixSettings, PhoenixTokens, Secret, Signer, TokenKey, Verdict, Verifier,
};
use lobbyd::server::Running;
use lobbyd::{Connect, Handlers, Join, Params, Router, StatusCode, UserSocket, reason};
use serde_json::{Value, json};
use testkit::{Client, serve, upgrade};

const SECRET: &[u8] = b"a secret of more than 32 bytes for tests";
const SECRET_KEY_BASE: &[u8] = b"lobbyd-test-secret-key-base-0123456789abcdefghijklmnopqrstuvwxyz";
/// The subject 99, signed by Phoenix 1.8.12 over plug_crypto 2.1.1 with `max_age: :infinity`.
const OF_PHOENIX: &str =
    "SFMyNTY.g2gDYWNuBgAAaOXPiwF3CGluZmluaXR5.7lcZ3hwOuOgnaPHc-NnWmjw8Z9tRGKQX1v2G5jdTfUU";

fn now_ms() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    now.as_millis() as u64
}

fn verifier() -> Verifier {
    let algorithms = KeyAlgorithms::Each(&[Algorithm::Hs256]);
    let key = TokenKey::secret(&Secret::new(SECRET), algorithms).unwrap();
    let issuer = Issuer::new("accounts")
        .audience(Audience::OneOf(vec!["chat".to_owned()]))
        .keys(KeySet::new([key]));
    let mut settings = PhoenixSettings::new(vec![Secret::new(SECRET_KEY_BASE)]);
    settings.max_age = Some(MaxAge::Infinity);
    let phoenix = PhoenixTokens::new(settings).unwrap();
    Verifier::new([issuer]).unwrap().phoenix(phoenix)
}

fn check(verifier: &Verifier, params: &Params) -> Connect {
    let token = params.get("token").unwrap_or_default();
    match verifier.verify(token, &Occasion::connect(now_ms())) {
        Verdict::Taken(credentials) => {
            let subject = credentials.subject.as_deref().unwrap_or("nobody");
            let accept = Connect::accept().id(format!("user_socket:{subject}"));
            accept.assign(credentials).into()
        }
        _ => Connect::refuse_with(StatusCode::UNAUTHORIZED),
    }
}

fn rooms() -> Running {
    let verifier = verifier();
    let room = Handlers::join(|topic, _params, socket| {
        let credentials = socket.assigns::<Credentials>();
        match credentials.is_some_and(|known| known.grants.allow(topic, Operation::Join)) {
            true => Join::ok(),
            false => Join::error(reason("forbidden")),
        }
    });
    let socket = UserSocket::new()
        .connect(move |params, _info| check(&verifier, params))
        .channel("room:*", room);
    serve(Router::new().socket("/socket", socket))
}

/// Returns a token that grants the join of `room:lobby` and ends so many seconds from now.
fn token(ends_s: i64) -> String {
    let exp = (now_ms() / 1_000).cast_signed() + ends_s;
    let grants = json!({"room:lobby": ["join"]});
    let claims = json!({"sub": "u17", "aud": "chat", "exp": exp, "lobbyd": {"grants": grants}});
    let signer = Signer::secret(&Secret::new(SECRET)).unwrap();
    let claims = claims.as_object().unwrap();
    signer.sign(Algorithm::Hs256, None, claims).unwrap()
}

fn connect(server: &Running, query: &str) -> Result<Client, String> {
    let target = format!("/socket/websocket?vsn=2.0.0{query}");
    upgrade(server.local_addr(), &target, "")
}

fn expect_forbidden(client: &mut Client, topic: &str) {
    let response: Value = json!({"reason": "forbidden"});
    client.send(json!(["11", "1", topic, "phx_join", {}]));
    client.expect(json!(
        ["11", "1", topic, "phx_reply", {"response": response, "status": "error"}]
    ));
}

#[test]
fn client_with_a_token_joins_the_topic_that_it_grants_and_no_other() {
    let server = rooms();
    let query = format!("&token={}", token(600));
    let mut client = connect(&server, &query).unwrap();
    client.join("room:lobby");
    expect_forbidden(&mut client, "room:attic");
}

#[test]
fn clients_without_a_token_that_is_good_are_refused_with_401() {
    let server = rooms();
    // More than the 30 s by which clocks may differ.
    let expired = format!("&token={}", token(-600));
    let forged = format!("&token={}x", token(600));
    for query in ["", "&token=undefined", &expired, &forged] {
        let Err(answer) = connect(&server, query) else {
            panic!("{query:?} was let in");
        };
        assert!(answer.starts_with("HTTP/1.1 401 "), "{query:?}: {answer}");
    }
}

#[test]
fn token_of_phoenix_lets_in_and_grants_nothing() {
    let server = rooms();
    let query = format!("&token={OF_PHOENIX}");
    let mut client = connect(&server, &query).unwrap();
    expect_forbidden(&mut client, "room:lobby");
}
