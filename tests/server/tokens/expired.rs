//! The end of a token's time: the warning, the grace, and what ends then.

use lobbyd::Reload;
use lobbyd::credentials::RemovedKey;
use serde_json::json;

use super::*;

/// Returns a policy by which a token of two seconds is warned of before its end.
fn short() -> TokenPolicy {
    let mut policy = policy();
    policy.expiry_warning_ms = 400;
    policy.expiry_grace_ms = 100;
    policy
}

fn short_token(subject: &str) -> String {
    sign(&claims(subject, 2_000, json!({})))
}

/// Reads to the end of the warnings, which come on each joined topic. Returns what comes then.
fn after_warnings(client: &mut Client, topics: &[&str]) -> testkit::Frame {
    let mut warned = topics.iter();
    loop {
        let frame = client.recv();
        let is_warning = frame.opcode == 1 && frame.json()[3] == "lobbyd:token_expiring";
        if !is_warning {
            return frame;
        }
        let message = frame.json();
        let expires_in_ms = message[4]["expires_in_ms"].as_u64().unwrap();
        assert!(expires_in_ms <= 3_000, "{message}");
        assert_eq!(
            Some(message[2].as_str().unwrap()),
            warned.next().copied(),
            "{message}"
        );
    }
}

#[test]
fn connection_ends_with_the_token_of_its_connect_after_a_warning() {
    let server = serve_rooms(short());
    let mut client = connect_with(&server, &short_token("u1"));
    enter(&mut client, "known:a");
    enter(&mut client, "open:b");
    let last = after_warnings(&mut client, &["known:a", "open:b"]);
    assert_eq!(last.close_code(), 4401);
}

#[test]
fn rooms_that_ask_end_with_the_token_of_a_join_and_can_be_joined_again() {
    let mut policy = short();
    policy.required = false;
    let server = serve_rooms(policy);
    let mut client = connect(&server, "", "").unwrap();
    enter(&mut client, "open:b");
    let payload = json!({"access_token": short_token("u1")});
    assert_eq!(try_join(&mut client, "known:a", payload), ok());
    let expired = after_warnings(&mut client, &["open:b", "known:a"]).json();
    assert_eq!(
        (&expired[2], &expired[3]),
        (&json!("known:a"), &json!("lobbyd:token_expired"))
    );
    let error = client.json();
    assert_eq!(
        (&error[2], &error[3]),
        (&json!("known:a"), &json!("phx_error"))
    );
    let told = refused("token expired", "token_expired");
    assert_eq!(try_join(&mut client, "known:a", json!({})), told);
    let newer = json!({"access_token": token("u1", json!({}))});
    assert_eq!(try_join(&mut client, "known:a", newer), ok());
    client.send(json!(["1", "2", "open:b", "chat", {}]));
    assert_eq!(client.json()[3], "chat");
}

#[test]
fn newer_token_keeps_the_connection() {
    let server = serve_rooms(short());
    let mut client = connect_with(&server, &short_token("u1"));
    enter(&mut client, "known:a");
    assert_eq!(client.json()[3], "lobbyd:token_expiring");
    let newer = json!({"access_token": sign(&claims("u1", 600_000, json!({})))});
    client.send(json!(["1", "9", "known:a", "access_token", newer]));
    assert_eq!(reply(&mut client, "9").0, "ok");
    // Longer than the first token and its grace.
    std::thread::sleep(std::time::Duration::from_millis(4_000));
    client.send(json!(["1", "2", "known:a", "chat", {}]));
    assert_eq!(client.json()[3], "chat");
}

#[test]
fn client_with_an_old_token_is_let_in_and_told_until_its_time_is_over() {
    let mut policy = policy();
    policy.told_ms_max = 500;
    let server = serve_rooms(policy);
    let mut client = connect_with(&server, &old_token("u1"));
    let told = refused("token expired", "token_expired");
    assert_eq!(try_join(&mut client, "known:a", json!({})), told);
    assert_eq!(try_join(&mut client, "user:u1", json!({})), told);
    assert_eq!(client.close_code(), 4401);
}

#[test]
fn client_that_was_told_stays_with_a_newer_token() {
    let mut policy = policy();
    policy.told_ms_max = 1_500;
    let server = serve_rooms(policy);
    let mut client = connect_with(&server, &old_token("u1"));
    let newer = json!({"access_token": token("u1", json!({}))});
    assert_eq!(try_join(&mut client, "known:a", newer), ok());
    std::thread::sleep(std::time::Duration::from_millis(3_000));
    client.send(json!(["1", "2", "known:a", "chat", {}]));
    assert_eq!(client.json()[3], "chat");
}

#[test]
fn old_token_is_refused_where_the_mount_says_so_and_where_it_was_forged() {
    let mut policy = policy();
    policy.expired = lobbyd::credentials::ExpiredToken::Refuse;
    let server = serve_rooms(policy);
    let old = old_token("u1");
    let answer = connect(&server, &format!("&token={old}"), "")
        .err()
        .unwrap();
    assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
    let server = serve_rooms(super::policy());
    let forged = format!("{}x{}", &old[..old.len() - 5], &old[old.len() - 4..]);
    let answer = connect(&server, &format!("&token={forged}"), "")
        .err()
        .unwrap();
    assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
}

#[test]
fn token_whose_key_is_gone_stays_or_has_the_grace_alone_as_the_mount_says() {
    let mut policy = short();
    for (removed_key, stays) in [(RemovedKey::Keep, true), (RemovedKey::Expire, false)] {
        policy.removed_key = removed_key;
        let server = serve_rooms(policy.clone());
        let mut client = connect_with(&server, &token("u1", json!({})));
        enter(&mut client, "known:a");
        let other = checks_by(b"another secret of more than 32 bytes for tests");
        server
            .endpoint()
            .reload(Reload::new(router(other, policy.clone())));
        if !stays {
            assert_eq!(client.close_code(), 4401);
            continue;
        }
        // Rounds in which it would have been found.
        std::thread::sleep(std::time::Duration::from_millis(2_500));
        client.send(json!(["1", "2", "known:a", "chat", {}]));
        assert_eq!(client.json()[3], "chat");
    }
}
