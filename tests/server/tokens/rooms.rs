//! What rooms by rules ask of a client's credentials.

use lobbyd::Reload;
use serde_json::json;

use super::*;

fn push(client: &mut Client, topic: &str, event: &str) {
    client.send(json!(["1", "2", topic, event, {"body": "hi"}]));
}

#[test]
fn client_joins_what_its_credentials_let_it() {
    let server = serve_rooms(policy());
    let grants = json!({"granted:a": ["join"], "granted:b:*": ["join"]});
    let mut client = connect_with(&server, &token("u1", grants));
    let forbidden = refused("forbidden", "forbidden");
    let table = [
        ("open:a", ok()),
        ("known:a", ok()),
        ("user:u1", ok()),
        ("user:u2", forbidden.clone()),
        ("user:", forbidden.clone()),
        ("user:u1x", forbidden.clone()),
        ("granted:a", ok()),
        ("granted:b:7", ok()),
        ("granted:c", forbidden),
    ];
    for (topic, expected) in table {
        assert_eq!(try_join(&mut client, topic, json!({})), expected, "{topic}");
    }
}

#[test]
fn member_pushes_what_is_granted_and_nobody_what_is_the_servers() {
    let server = serve_rooms(policy());
    let grants = json!({"open:a": ["push:rare"], "open:b": ["push"], "open:c": ["push:chat"]});
    let mut client = connect_with(&server, &token("u1", grants));
    for (topic, is_granted) in [("open:a", true), ("open:b", true), ("open:c", false)] {
        enter(&mut client, topic);
        // Twice, because what is granted is looked up once.
        for _ in 0..2 {
            push(&mut client, topic, "chat");
            assert_eq!(client.json()[3], "chat");
            push(&mut client, topic, "rare");
            match is_granted {
                true => assert_eq!(client.json()[3], "rare"),
                false => assert_eq!(reply(&mut client, "2"), refused("forbidden", "forbidden")),
            }
            push(&mut client, topic, "news");
            assert_eq!(reply(&mut client, "2"), refused("forbidden", "forbidden"));
        }
    }
    server
        .endpoint()
        .broadcast("open:a", "news", lobbyd::object! {"n": 1});
    assert_eq!(client.json()[3], "news");
}

#[test]
fn token_of_a_join_opens_the_room_and_counts_from_then_on() {
    let mut policy = policy();
    policy.required = false;
    let server = serve_rooms(policy);
    let mut client = connect(&server, "", "").unwrap();
    let bad = json!({"access_token": "x.y.z"});
    let malformed = refused("token malformed", "token_malformed");
    assert_eq!(try_join(&mut client, "known:a", bad), malformed);
    let expired = refused("token expired", "token_expired");
    let old = json!({"access_token": old_token("u1")});
    assert_eq!(try_join(&mut client, "known:a", old), expired);
    let missing = refused("token missing", "token_missing");
    for absent in [
        json!({}),
        json!({"access_token": null}),
        json!({"access_token": ""}),
    ] {
        assert_eq!(try_join(&mut client, "known:a", absent), missing);
    }
    let good = json!({"access_token": token("u1", json!({}))});
    assert_eq!(try_join(&mut client, "known:a", good.clone()), ok());
    assert_eq!(try_join(&mut client, "user:u1", json!({})), ok());
    let other = json!({"user_token": token("u2", json!({}))});
    let changed = refused("subject changed", "subject_changed");
    assert_eq!(try_join(&mut client, "known:b", other), changed);
    assert_eq!(try_join(&mut client, "known:b", good), ok());
}

#[test]
fn joins_with_one_token_in_one_write_are_all_answered() {
    let mut policy = policy();
    policy.required = false;
    let server = serve_rooms(policy);
    let mut client = connect(&server, "", "").unwrap();
    let payload = json!({"access_token": token("u1", json!({}))});
    let joins = (0..50).map(|n| {
        let join = json!([
            "1",
            n.to_string(),
            format!("known:{n}"),
            "phx_join",
            payload
        ]);
        testkit::frame(1, join.to_string().as_bytes())
    });
    client.send_raw(&joins.flatten().collect::<Vec<u8>>());
    for n in 0..50 {
        assert_eq!(reply(&mut client, &n.to_string()), ok());
    }
}

#[test]
fn reload_that_brings_a_rule_keeps_members_and_refuses_some_pushes() {
    let socket = || UserSocket::new().tokens(checks(), policy());
    let router = |rules| Router::new().socket("/socket", declare(socket(), [rules]));
    let server = serve(router(room("room:*", JoinRule::Allow)));
    let mut clients = [json!({}), json!({"room:a": ["join"]})].map(|grants| {
        let mut client = connect_with(&server, &token("u1", grants));
        enter(&mut client, "room:a");
        client
    });
    let reloaded = Reload::new(router(room("room:*", JoinRule::Granted)));
    server.endpoint().reload(reloaded);
    let [other, granted] = &mut clients;
    testkit::eventually("the rule is in force", || {
        push(other, "room:a", "chat");
        match other.json() {
            message if message[3] == "chat" => false,
            message => message[4]["response"]["code"] == "forbidden",
        }
    });
    // It is a member still, and hears what the other says.
    push(granted, "room:a", "chat");
    assert_eq!(other.json()[3], "chat");
    assert_eq!(
        try_join(other, "room:b", json!({})),
        refused("forbidden", "forbidden")
    );
}
