//! A newer token, handed over while the client is connected.

use serde_json::json;

use super::*;

/// Hands over a token on `topic`.
fn refresh(client: &mut Client, topic: &str, token: &str) -> (String, Value) {
    client.send(json!(["1", "9", topic, "access_token", {"access_token": token}]));
    reply(client, "9")
}

fn wait_for_the_next() {
    // A connection may hand over one token a second.
    std::thread::sleep(std::time::Duration::from_millis(1_050));
}

#[test]
fn newer_token_is_taken_on_a_joined_topic_and_on_phoenix() {
    let server = serve_rooms(policy());
    let mut client = connect_with(&server, &token("u1", json!({})));
    enter(&mut client, "known:a");
    let newer = token("u1", json!({"granted:*": ["join"]}));
    let (status, response) = refresh(&mut client, "phoenix", &newer);
    assert_eq!(status, "ok");
    let expires_in_ms = response["expires_in_ms"].as_u64().unwrap();
    assert!(
        (3_500_000..=3_601_000).contains(&expires_in_ms),
        "{response}"
    );
    assert_eq!(try_join(&mut client, "granted:a", json!({})), ok());
    // Again, as supabase-js does on each of its channels: at once, and as often as it likes.
    for _ in 0..5 {
        assert_eq!(refresh(&mut client, "known:a", &newer).0, "ok");
    }
    let soon = refresh(&mut client, "known:a", &token("u1", json!({"x": ["join"]})));
    assert_eq!(soon, refused("too many messages", "too_many"));
}

#[test]
fn bad_token_changes_nothing() {
    let server = serve_rooms(policy());
    let mut client = connect_with(&server, &token("u1", json!({})));
    enter(&mut client, "user:u1");
    let cases = [
        (
            token("u2", json!({})),
            refused("subject changed", "subject_changed"),
        ),
        (old_token("u1"), refused("token expired", "token_expired")),
        (String::new(), refused("token missing", "token_missing")),
    ];
    for (token, expected) in cases {
        assert_eq!(refresh(&mut client, "phoenix", &token), expected);
        wait_for_the_next();
    }
    client.send(json!(["1", "3", "user:u1", "chat", {}]));
    assert_eq!(client.json()[3], "chat");
}

#[test]
fn room_that_is_granted_no_longer_ends_and_its_pushes_are_judged_anew() {
    let server = serve_rooms(policy());
    let grants = json!({"granted:a": ["join", "push"], "granted:b": ["join", "push"]});
    let mut client = connect_with(&server, &token("u1", grants));
    enter(&mut client, "granted:a");
    enter(&mut client, "granted:b");
    client.send(json!(["1", "2", "granted:b", "rare", {}]));
    assert_eq!(client.json()[3], "rare");
    let less = token("u1", json!({"granted:b": ["join"]}));
    assert_eq!(refresh(&mut client, "granted:b", &less).0, "ok");
    let forbidden = client.json();
    assert_eq!(
        (&forbidden[2], &forbidden[3]),
        (&json!("granted:a"), &json!("lobbyd:token_forbidden"))
    );
    let closed = client.json();
    assert_eq!(
        (&closed[2], &closed[3]),
        (&json!("granted:a"), &json!("phx_close"))
    );
    client.send(json!(["1", "2", "granted:b", "rare", {}]));
    assert_eq!(reply(&mut client, "2"), refused("forbidden", "forbidden"));
}

#[test]
fn event_of_that_name_is_the_apps_own_where_no_tokens_are_checked() {
    let server = testkit::tutorial();
    let mut client = testkit::connect(&server);
    enter(&mut client, "room:lobby");
    client.send(json!(["1", "2", "room:lobby", "access_token", {"access_token": "x"}]));
    let (status, response) = reply(&mut client, "2");
    assert_eq!(status, "error");
    assert!(
        response["reason"]
            .as_str()
            .unwrap()
            .contains("unknown event"),
        "{response}"
    );
}

#[test]
fn flood_of_newer_tokens_costs_one_check_a_second_and_nobody_notices() {
    let server = serve_rooms(policy());
    let mut honest = connect_with(&server, &token("u1", json!({})));
    enter(&mut honest, "known:a");
    let mut flood = connect_with(&server, &token("u2", json!({})));
    let tokens: Vec<String> = (0..50)
        .map(|n| token("u2", json!({n.to_string(): ["join"]})))
        .collect();
    let begun = std::time::Instant::now();
    let mut taken = 0;
    for token in &tokens {
        taken += u64::from(refresh(&mut flood, "phoenix", token).0 == "ok");
        honest.send(json!(["1", "3", "known:a", "chat", {}]));
        assert_eq!(honest.json()[3], "chat");
    }
    let most = 1 + begun.elapsed().as_secs();
    assert!((1..=most).contains(&taken), "{taken} of at most {most}");
    let page = crate::metrics::page::scrape(server.local_addr());
    let count = |result| page.value("lobbyd_refreshes_total", &[("result", result)]);
    assert_eq!(
        (count("ok"), count("refused")),
        (taken as f64, 50.0 - taken as f64)
    );
}
