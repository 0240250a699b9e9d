//! The configurations of docs/authentication.md, each with tokens of its kind.

use std::fs;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use lobbyd::credentials::{Algorithm, MaxAge, PhoenixSettings, PhoenixTokens, Secret, Signer};
use rcgen::KeyPair;
use serde_json::{Value, json};
use testkit::{Client, Idp, Process, http_answer, upgrade};

use crate::fixture::lobbyd;

const DOCUMENT: &str = include_str!("../../docs/authentication.md");
const SECRET: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n";
const SECRET_KEY_BASE: &str = "lobbyd-test-secret-key-base-0123456789abcdefghijklmnopqrstuvwxyz\n";

/// Returns the configuration below a heading of the document.
fn configuration(heading: &str) -> &'static str {
    let (_, section) = DOCUMENT.split_once(&format!("\n## {heading}\n")).unwrap();
    let (_, block) = section.split_once("```toml\n").unwrap();
    block.split_once("\n```").unwrap().0
}

/// Runs lobbyd with a configuration in a directory that has these files.
fn serve(name: &str, configuration: &str, files: &[(&str, &str)]) -> Process {
    let directory = directory(name);
    for (name, text) in files {
        fs::write(directory.join(name), text).unwrap();
    }
    fs::write(directory.join("lobbyd.toml"), configuration).unwrap();
    let mut command = lobbyd();
    command
        .current_dir(directory)
        .args(["--config", "lobbyd.toml"]);
    Process::start(command)
}

fn directory(name: &str) -> PathBuf {
    let directory =
        PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("authentication-{name}"));
    fs::create_dir_all(&directory).unwrap();
    directory
}

fn now_s() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    now.as_secs()
}

fn connect(server: &Process, token: &str) -> Result<Client, String> {
    let target = format!("/socket/websocket?vsn=2.0.0&token={token}");
    upgrade(server.address(), &target, "")
}

/// Returns the response to a join: its status and its code.
fn join(client: &mut Client, topic: &str) -> (String, Value) {
    client.send(json!(["1", "1", topic, "phx_join", {}]));
    let reply = client.json();
    let status = reply[4]["status"].as_str().unwrap().to_owned();
    (status, reply[4]["response"]["code"].clone())
}

fn expect_let_in(client: &mut Client, topic: &str) {
    assert_eq!(
        join(client, topic),
        ("ok".to_owned(), Value::Null),
        "{topic}"
    );
}

fn expect_forbidden(client: &mut Client, topic: &str) {
    assert_eq!(
        join(client, topic),
        ("error".to_owned(), json!("forbidden")),
        "{topic}"
    );
}

#[test]
fn tokens_of_a_backend_with_a_secret_are_taken() {
    let text = configuration("Your backend signs with a secret");
    let server = serve("secret", text, &[("secret", SECRET)]);
    let signer = Signer::secret(&Secret::new(SECRET.trim().as_bytes())).unwrap();
    let claims = json!({"sub": "u17", "exp": now_s() + 600});
    let claims = claims.as_object().unwrap();
    let token = signer.sign(Algorithm::Hs256, None, claims).unwrap();
    let mut client = connect(&server, &token).unwrap();
    expect_let_in(&mut client, "room:lobby");
    expect_let_in(&mut client, "user:u17");
    expect_forbidden(&mut client, "user:u18");
    let refused = connect(&server, "").err().unwrap();
    assert!(refused.starts_with("HTTP/1.1 401 "), "{refused}");
    let log = server.log();
    assert!(
        !log.contains(&token) && !log.contains(SECRET.trim()),
        "{log}"
    );
}

#[test]
fn tokens_of_an_app_of_phoenix_are_taken() {
    let text = configuration("An app of Phoenix signs");
    let server = serve("phoenix", text, &[("secret_key_base", SECRET_KEY_BASE)]);
    let secret = Secret::new(SECRET_KEY_BASE.trim().as_bytes());
    let tokens = PhoenixTokens::new(PhoenixSettings::new(vec![secret])).unwrap();
    let signed = |ms| {
        tokens
            .sign(&json!(42), ms, MaxAge::Seconds(86_400.0))
            .unwrap()
    };
    let mut client = connect(&server, &signed(now_s() * 1_000)).unwrap();
    expect_let_in(&mut client, "room:lobby");
    // Older than two weeks, and genuine: the client is told.
    let mut client = connect(&server, &signed((now_s() - 1_300_000) * 1_000)).unwrap();
    let told = ("error".to_owned(), json!("token_expired"));
    assert_eq!(join(&mut client, "room:lobby"), told);
}

#[test]
fn tokens_of_an_identity_provider_are_taken_once_its_keys_are_there() {
    let pair = KeyPair::generate().unwrap();
    let point = pair.public_key_raw()[1..].to_vec();
    let of = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let (x, y) = (of(&point[..32]), of(&point[32..]));
    let set = json!({"keys": [{"kty": "EC", "crv": "P-256", "kid": "one", "x": x, "y": y}]});
    let idp = Idp::http(move |_| http_answer("200 OK", "", &set.to_string()));
    let text = configuration("An identity provider signs");
    let url = "https://id.example.com/.well-known/jwks.json";
    assert!(text.contains(url));
    let server = serve("provider", &text.replace(url, &idp.url()), &[]);
    let signer = Signer::private_pem(&pair.serialize_pem()).unwrap();
    let sign = |permissions: Value| {
        let claims = json!({"iss": "https://id.example.com/", "aud": "chat", "sub": "u17", "exp": now_s() + 600,
            "permissions": permissions});
        let claims = claims.as_object().unwrap();
        signer.sign(Algorithm::Es256, Some("one"), claims).unwrap()
    };
    // A token that comes before the keys waits for them.
    let mut client = connect(&server, &sign(json!(["chat:read", "chat:write"]))).unwrap();
    expect_let_in(&mut client, "room:lobby");
    let mut client = connect(&server, &sign(json!(["chat:read"]))).unwrap();
    expect_forbidden(&mut client, "room:lobby");
}

#[test]
fn tokens_of_a_key_pair_are_taken() {
    let pair = KeyPair::generate().unwrap();
    let text = configuration("A key pair of your own");
    let server = serve("pair", text, &[("public.pem", &pair.public_key_pem())]);
    let claims = json!({"iss": "https://chat.example.com", "sub": "u17", "exp": now_s() + 600});
    let claims = claims.as_object().unwrap();
    let sign = |pair: &KeyPair| {
        let signer = Signer::private_pem(&pair.serialize_pem()).unwrap();
        signer
            .sign(Algorithm::Es256, Some("2026-12"), claims)
            .unwrap()
    };
    let mut client = connect(&server, &sign(&pair)).unwrap();
    expect_let_in(&mut client, "room:lobby");
    let refused = connect(&server, &sign(&KeyPair::generate().unwrap()))
        .err()
        .unwrap();
    assert!(refused.starts_with("HTTP/1.1 401 "), "{refused}");
    assert!(refused.contains("token_signature"), "{refused}");
}

#[test]
fn configurations_of_the_document_are_all_run_here() {
    assert_eq!(DOCUMENT.matches("```toml").count(), 4);
}
