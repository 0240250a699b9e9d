//! The token of a connect: its places, and the answer to one that is not taken.

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde_json::{Value, json};
use testkit::upgrade_request;

use super::*;

fn auth_token(token: &str) -> String {
    let encoded = STANDARD_NO_PAD.encode(token);
    format!("Sec-WebSocket-Protocol: phoenix, base64url.bearer.phx.{encoded}\r\n")
}

fn bearer(token: &str) -> String {
    format!("Authorization: Bearer {token}\r\n")
}

/// Returns the head and the body of the answer to a connect that is refused.
fn refusal(server: &Running, query: &str, headers: &str) -> (String, Value) {
    let target = format!("/socket/websocket?vsn=2.0.0{query}");
    let address = server.local_addr();
    let request = upgrade_request(address, &target, headers);
    let answer = testkit::request(address, &request);
    let (head, body) = answer.split_once("\r\n\r\n").expect("an answer over HTTP");
    (
        head.to_lowercase(),
        serde_json::from_str(body).unwrap_or_default(),
    )
}

#[test]
fn token_opens_a_socket_from_each_place() {
    let server = serve_rooms(policy());
    let token = token("u1", json!({}));
    let places = [
        (format!("&token={token}"), String::new()),
        (String::new(), auth_token(&token)),
        (String::new(), bearer(&token)),
    ];
    for (query, headers) in places {
        let mut client = connect(&server, &query, &headers).unwrap();
        assert_eq!(try_join(&mut client, "user:u1", json!({})), ok());
    }
}

#[test]
fn first_place_with_a_token_counts_and_no_other_is_tried() {
    let server = serve_rooms(policy());
    let (one, two) = (token("u1", json!({})), token("u2", json!({})));
    let cases = [
        (format!("&token={two}"), bearer(&one), "user:u1"),
        (format!("&token={two}"), auth_token(&one), "user:u1"),
        (String::new(), bearer(&one) + &auth_token(&two), "user:u1"),
        // Clients that have no token send an empty one.
        (
            format!("&token={two}"),
            "Authorization: Bearer \r\n".to_owned(),
            "user:u2",
        ),
        (
            format!("&token={two}"),
            "Authorization: Basic dTpw\r\n".to_owned(),
            "user:u2",
        ),
    ];
    for (query, headers, topic) in cases {
        let mut client = connect(&server, &query, &headers).unwrap();
        assert_eq!(try_join(&mut client, topic, json!({})), ok(), "{headers}");
    }
    let (head, _) = refusal(&server, &format!("&token={two}"), &bearer("wrong"));
    assert!(head.starts_with("http/1.1 401 "), "{head}");
    let (head, body) = refusal(&server, "", &(bearer(&one) + &bearer(&one)));
    assert!(head.starts_with("http/1.1 401 "), "{head}");
    assert_eq!(body["code"], "token_malformed");
}

#[test]
fn connect_without_a_good_token_is_refused_with_words_and_a_code() {
    let server = serve_rooms(policy());
    let good = token("u1", json!({}));
    let forged = format!("{}x{}", &good[..good.len() - 5], &good[good.len() - 4..]);
    let with = |name: &str, value: Value| {
        let mut claims = claims("u1", 3_600_000, json!({}));
        claims.insert(name.to_owned(), value);
        sign(&claims)
    };
    let foreign = with("iss", json!("elsewhere"));
    let for_others = with("aud", json!("others"));
    let nobody = with("sub", json!(null));
    let early = with("nbf", json!(8e9));
    let wrong = with("exp", json!("tomorrow"));
    let cases = [
        ("", "token missing", "token_missing"),
        ("undefined", "token missing", "token_missing"),
        ("null", "token missing", "token_missing"),
        (&"x".repeat(8_193), "token too long", "token_too_long"),
        ("x.y", "token malformed", "token_malformed"),
        ("e30.e30.e30", "token malformed", "token_malformed"),
        (&forged, "token signature", "token_signature"),
        (&foreign, "token issuer", "token_issuer"),
        (&for_others, "token audience", "token_audience"),
        (&nobody, "token claims: sub", "token_claims"),
        (&wrong, "token claims: exp", "token_claims"),
        (&early, "token not yet valid", "token_not_yet_valid"),
    ];
    for (token, words, code) in cases {
        let (head, body) = refusal(&server, &format!("&token={token}"), "");
        assert!(head.starts_with("http/1.1 401 "), "{code}: {head}");
        assert_eq!(body, json!({"reason": words, "code": code}));
        assert!(head.contains("content-type: application/json"), "{head}");
        let challenge = match code {
            "token_missing" => "www-authenticate: bearer\r\n",
            _ => "www-authenticate: bearer error=\"invalid_token\"\r\n",
        };
        assert!(format!("{head}\r\n").contains(challenge), "{code}: {head}");
    }
    assert_eq!(server.endpoint().refusals().of("token"), cases.len() as u64);
}

#[test]
fn refusal_is_held_back_for_its_delay() {
    let mut policy = policy();
    policy.refusal_delay_ms = 300;
    let server = serve_rooms(policy);
    let begun = std::time::Instant::now();
    let (head, _) = refusal(&server, "", "");
    assert!(head.starts_with("http/1.1 401 "), "{head}");
    assert!(begun.elapsed().as_millis() >= 300);
}

#[test]
fn mount_that_needs_no_token_lets_in_who_has_none_and_refuses_a_bad_one() {
    let mut policy = policy();
    policy.required = false;
    let server = serve_rooms(policy);
    let mut client = connect(&server, "", "").unwrap();
    assert_eq!(try_join(&mut client, "open:a", json!({})), ok());
    let missing = refused("token missing", "token_missing");
    assert_eq!(try_join(&mut client, "known:a", json!({})), missing);
    let (head, _) = refusal(&server, "&token=x", "");
    assert!(head.starts_with("http/1.1 401 "), "{head}");
}

#[test]
fn places_that_are_turned_off_are_not_looked_at() {
    let mut policy = policy();
    policy.header = false;
    policy.auth_token = false;
    policy.params = vec!["apikey".to_owned()];
    let server = serve_rooms(policy);
    let token = token("u1", json!({}));
    for (query, headers) in [
        (format!("&token={token}"), String::new()),
        (String::new(), bearer(&token)),
    ] {
        let (_, body) = refusal(&server, &query, &headers);
        assert_eq!(body["code"], "token_missing", "{query} {headers}");
    }
    assert!(connect(&server, &format!("&apikey={token}"), "").is_ok());
}

#[test]
fn socket_of_a_subject_is_disconnected_by_its_id() {
    let server = serve_rooms(policy());
    let mut client = connect_with(&server, &token("u1", json!({})));
    enter(&mut client, "known:a");
    server.endpoint().disconnect("user_socket:u2");
    server.endpoint().disconnect("user_socket:u1");
    assert_eq!(client.close_code(), 1001);
}

#[test]
fn token_of_phoenix_names_its_subject() {
    let server = serve_rooms(policy());
    // The subject 99, signed by Phoenix 1.8.12 over plug_crypto 2.1.1 with `max_age: :infinity`.
    let token =
        "SFMyNTY.g2gDYWNuBgAAaOXPiwF3CGluZmluaXR5.7lcZ3hwOuOgnaPHc-NnWmjw8Z9tRGKQX1v2G5jdTfUU";
    let mut client = connect(&server, "", &auth_token(token)).unwrap();
    assert_eq!(try_join(&mut client, "user:99", json!({})), ok());
    let forbidden = refused("forbidden", "forbidden");
    assert_eq!(try_join(&mut client, "granted:a", json!({})), forbidden);
}
