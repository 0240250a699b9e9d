//! Tokens and subjects that are taken no longer.

use lobbyd::credentials::Revocation;
use serde_json::json;

use super::*;

fn named_token(subject: &str, id: &str) -> String {
    let mut claims = claims(subject, 3_600_000, json!({}));
    claims.insert("jti".to_owned(), id.into());
    sign(&claims)
}

fn refused_connect(server: &Running, token: &str) {
    let answer = connect(server, &format!("&token={token}"), "")
        .err()
        .unwrap();
    assert!(answer.starts_with("HTTP/1.1 403 "), "{answer}");
}

#[test]
fn connections_of_a_revoked_token_are_closed_and_no_others() {
    let server = serve_rooms(policy());
    let (stolen, other) = (named_token("u1", "stolen"), named_token("u1", "other"));
    let mut thief = connect_with(&server, &stolen);
    let mut honest = connect_with(&server, &other);
    enter(&mut thief, "known:a");
    enter(&mut honest, "known:a");
    server
        .endpoint()
        .revoke(Revocation::token("stolen"))
        .unwrap();
    assert_eq!(thief.close_code(), 4403);
    refused_connect(&server, &stolen);
    let mut again = connect_with(&server, &other);
    enter(&mut again, "known:a");
    honest.send(json!(["1", "2", "known:a", "chat", {}]));
    assert_eq!(honest.json()[3], "chat");
}

#[test]
fn banned_subject_is_out_by_whatever_token_it_comes() {
    let server = serve_rooms(policy());
    let mut client = connect_with(&server, &token("u1", json!({})));
    enter(&mut client, "known:a");
    server.endpoint().revoke(Revocation::ban("u1")).unwrap();
    assert_eq!(client.close_code(), 4403);
    refused_connect(&server, &named_token("u1", "newer"));
    let mut other = connect_with(&server, &token("u2", json!({})));
    let banned = json!({"access_token": token("u2", json!({"x": ["join"]}))});
    assert_eq!(try_join(&mut other, "known:a", banned), ok());
}

#[test]
fn revoked_token_is_not_taken_in_a_join_or_a_refresh() {
    let mut policy = policy();
    policy.required = false;
    let server = serve_rooms(policy);
    server
        .endpoint()
        .set_revoked(vec![Revocation::ban("u1")])
        .unwrap();
    let mut client = connect(&server, "", "").unwrap();
    let payload = json!({"access_token": token("u1", json!({}))});
    let revoked = refused("token revoked", "token_revoked");
    assert_eq!(try_join(&mut client, "known:a", payload.clone()), revoked);
    client.send(json!(["1", "9", "phoenix", "access_token", payload]));
    assert_eq!(reply(&mut client, "9"), revoked);
    // A file that is read again without the subject lets it in.
    server.endpoint().set_revoked(Vec::new()).unwrap();
    assert_eq!(try_join(&mut client, "known:a", payload), ok());
}
