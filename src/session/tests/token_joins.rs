//! Joins of rooms that ask for credentials, and joins that bring a token of their own.

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::token_setup::*;
use crate::channel::SessionSettings;
use crate::rooms::JoinRule;

const NONE: [&str; 0] = [];

#[test]
fn rooms_let_in_whom_their_rule_names_and_say_why_not() {
    let mut known = stranger();
    let grants: &[(&str, &[&str])] = &[("room:a", &["join"])];
    known.session = known.session.known(Some(credentials("u17", grants)));
    let mut told = stranger();
    told.session = told.session.told(true);
    let mut nobody = stranger();
    let (ok, no) = ("", "forbidden");
    let table = [
        ("open:a", ok, ok, ok),
        ("known:a", "token_missing", "token_expired", ok),
        ("user:u17", "token_missing", "token_expired", ok),
        ("user:u18", "token_missing", "token_expired", no),
        ("user:", "token_missing", "token_expired", no),
        ("room:a", "token_missing", "token_expired", ok),
        ("room:b", "token_missing", "token_expired", no),
    ];
    for (topic, of_nobody, of_told, of_known) in table {
        let clients = [
            (&mut nobody, of_nobody),
            (&mut told, of_told),
            (&mut known, of_known),
        ];
        for (client, code) in clients {
            let expected = match code {
                "" => reply("1", topic, "ok", "{}"),
                code => refused("1", topic, code),
            };
            assert_eq!(client.joins(topic, &json!({})), [expected]);
        }
    }
}

#[test]
fn token_of_a_join_becomes_the_connections_and_the_params_stay() {
    let mut client = stranger();
    let params = json!({"do": "params", "access_token": token("u17", json!({}))});
    let answer = client.joins("app:a", &params);
    assert_eq!(answer, [reply("1", "app:a", "ok", &params.to_string())]);
    assert_eq!(
        client.session.credentials().unwrap().subject.as_deref(),
        Some("u17")
    );
    assert_eq!(
        client.joins("user:u17", &json!({})),
        [reply("1", "user:u17", "ok", "{}")]
    );
    let params = json!({"user_token": token("u17", json!({"room:a": ["join"]}))});
    assert_eq!(
        client.joins("room:a", &params),
        [reply("1", "room:a", "ok", "{}")]
    );
}

#[test]
fn value_for_no_token_is_none_and_one_that_is_no_text_is_malformed() {
    for absent in [json!(null), json!(""), json!("undefined"), json!("null")] {
        let answer = stranger().joins("known:a", &json!({"access_token": absent}));
        assert_eq!(answer, [refused("1", "known:a", "token_missing")]);
    }
    for wrong in [
        json!(7),
        json!({}),
        json!(["a"]),
        json!("x"),
        json!("a.b.c"),
    ] {
        let answer = stranger().joins("open:a", &json!({"access_token": wrong}));
        assert_eq!(
            answer,
            [refused("1", "open:a", "token_malformed")],
            "{wrong}"
        );
    }
    let long = "x".repeat(8_193);
    let answer = stranger().joins("open:a", &json!({"access_token": long}));
    assert_eq!(answer, [refused("1", "open:a", "token_too_long")]);
}

#[test]
fn bad_token_of_a_join_refuses_it_and_changes_nothing() {
    let mut client = stranger();
    let before = credentials("u17", &[]);
    client.session = client.session.known(Some(before.clone()));
    let of_another = token("u18", json!({"room:a": ["join"]}));
    let expired = signed(&claims("u17", -600, json!({})));
    let forged = format!("{}x", token("u17", json!({})));
    for (token, code) in [
        (of_another, "subject_changed"),
        (expired, "token_expired"),
        (forged, "token_signature"),
    ] {
        let answer = client.joins("known:a", &json!({"access_token": token}));
        assert_eq!(answer, [refused("1", "known:a", code)]);
        assert!(Arc::ptr_eq(client.session.credentials().unwrap(), &before));
    }
    assert_eq!(
        client.joins("known:a", &json!({})),
        [reply("1", "known:a", "ok", "{}")]
    );
}

#[test]
fn token_for_one_topic_counts_there_alone_and_ends_there_alone() {
    let claims = |topic: &str, ends_s| {
        let mut claims = claims("u17", ends_s, json!({}));
        claims["iss"] = "centrifugo".into();
        claims["channel"] = topic.into();
        json!({"access_token": signed(&claims)})
    };
    let mut client = stranger();
    assert_eq!(
        client.joins("room:a", &claims("room:a", 600)),
        [reply("1", "room:a", "ok", "{}")]
    );
    assert_eq!(
        client.joins("room:b", &json!({})),
        [refused("1", "room:b", "token_missing")]
    );
    let other = reply(
        "1",
        "room:b",
        "error",
        r#"{"reason":"token claims: channel","code":"token_claims"}"#,
    );
    assert_eq!(client.joins("room:b", &claims("room:a", 600)), [other]);
    // What changes for the connection does not touch it.
    let refreshed = client.refreshes("phoenix", &token("u17", json!({})));
    assert_eq!(refreshed.len(), 1, "{refreshed:?}");
    assert_eq!(
        client.joins("room:c", &claims("room:c", -10)),
        [reply("1", "room:c", "ok", "{}")]
    );
    client.session.expire(&mut client.host);
    let ended = told("room:c", "lobbyd:token_expired", "token_expired");
    let error = r#"["1","1","room:c","phx_error",{"reason":"channel_crash"}]"#;
    assert_eq!(client.hears(), [&*ended, error]);
    assert_eq!(client.pushes("room:a", "cheer", &json!({})).len(), 2);
    assert!(!client.session.is_due(crate::credentials::unix_ms()));
}

#[test]
fn credentials_of_one_topic_are_among_those_that_may_be_revoked() {
    let mut claims = claims("u17", 600, json!({}));
    for (name, value) in [("iss", "centrifugo"), ("channel", "room:a"), ("jti", "one")] {
        claims[name] = value.into();
    }
    let mut client = stranger();
    let is_one = |client: &super::Client| {
        let session = &client.session;
        session.any_credentials(|known| known.id.as_deref() == Some("one"))
    };
    client.joins("room:a", &json!({"access_token": signed(&claims)}));
    assert!(client.session.credentials().is_none() && is_one(&client));
    client.says(r#"["1","9","room:a","phx_leave",{}]"#);
    assert!(!is_one(&client));
}

#[test]
fn dear_token_is_waited_for_and_checked_once_for_all_joins_of_a_frame() {
    let (mut client, threads) = threaded();
    let token = signed_dearly(&claims("u17", 600, json!({"room:*": ["join"]})));
    let topics: Vec<String> = (0..20).map(|n| format!("room:{n}")).collect();
    for topic in &topics {
        assert_eq!(client.joins(topic, &json!({"access_token": token})), NONE);
    }
    assert_eq!(
        client.pushes("room:0", "cheer", &json!({})),
        NONE,
        "it waits behind its join"
    );
    assert_eq!(threads.waiting(), 1);
    threads.run_all();
    let answers: Vec<String> = topics.iter().flat_map(|_| client.finishes_job()).collect();
    assert_eq!(answers[0], reply("1", "room:0", "ok", "{}"));
    assert_eq!(
        answers.len(),
        20 + 2,
        "joins, a push and its answer: {answers:?}"
    );
    assert_eq!(client.session.channels_len(), 20);
}

#[test]
fn check_that_is_lost_refuses_its_join_and_lets_the_line_go_on() {
    let (mut client, threads) = threaded();
    let forged = signed_dearly(&claims("u17", 600, json!({})))[..80].to_owned();
    assert_eq!(
        client
            .joins("known:b", &json!({"access_token": forged}))
            .len(),
        1
    );
    let token = signed_dearly(&claims("u17", 600, json!({})));
    assert_eq!(
        client.joins("known:a", &json!({"access_token": token})),
        NONE
    );
    assert_eq!(threads.waiting(), 1);
    let id = client.host.lose_job();
    client
        .session
        .resume(id, Err(crate::channel::Lost::TimedOut), &mut client.host);
    assert_eq!(
        client.hears(),
        [refused("1", "known:a", "keys_unavailable")]
    );
    assert_eq!(
        client.joins("known:a", &json!({})),
        [refused("1", "known:a", "token_missing")]
    );
}

#[test]
fn pushes_ask_for_the_right_of_their_rule() {
    let mut client = stranger();
    let grants: &[(&str, &[&str])] = &[
        ("room:a", &["join", "push:say"]),
        ("room:b", &["join", "push"]),
        ("room:c", &["join"]),
    ];
    client.session = client.session.known(Some(credentials("u17", grants)));
    let table = [
        ("room:a", "cheer", true),
        ("room:a", "say", true),
        ("room:a", "whisper", false),
        ("room:a", "decree", false),
        ("room:b", "say", true),
        ("room:b", "whisper", true),
        ("room:b", "decree", false),
        ("room:c", "cheer", true),
        ("room:c", "say", false),
        ("open:a", "say", false),
        ("open:a", "cheer", true),
    ];
    for topic in ["room:a", "room:b", "room:c", "open:a"] {
        client.joins(topic, &json!({}));
    }
    for (topic, event, may) in table {
        let answer = client.pushes(topic, event, &json!({}));
        let expected = match may {
            true => reply("5", topic, "ok", "{}"),
            false => refused("5", topic, "forbidden"),
        };
        assert_eq!(answer.last(), Some(&expected), "{topic} {event}");
        assert_eq!(answer.len(), if may { 2 } else { 1 }, "{topic} {event}");
    }
    for (event, right) in [("say", "push:say"), ("whisper", "push:whisper")] {
        let answer = stranger().joins(
            "open:a",
            &json!({"access_token": token("u", json!({"open:a": [right]}))}),
        );
        assert_eq!(answer, [reply("1", "open:a", "ok", "{}")], "{event}");
    }
}

#[test]
fn reload_that_changes_rules_changes_what_members_may_push() {
    let mut client = stranger();
    client.session = client
        .session
        .known(Some(credentials("u17", &[("open:a", &["push:say"])])));
    client.joins("open:a", &json!({}));
    assert_eq!(client.pushes("open:a", "say", &json!({})).len(), 2);
    for (join, code) in [
        (JoinRule::Known, ""),
        (JoinRule::Granted, "forbidden"),
        (JoinRule::Own, "forbidden"),
    ] {
        let mut settings = SessionSettings::new(crate::channel::Routes::default());
        settings
            .routes
            .push("open:*", Arc::new(room("open:*", join.clone())));
        settings.token_policy = Some(Box::default());
        client.session.reload(&Arc::new(settings));
        let answer = client.pushes("open:a", "say", &json!({}));
        match code {
            "" => assert_eq!(answer.len(), 2, "{answer:?}"),
            code => assert_eq!(answer, [refused("5", "open:a", code)], "{join:?}"),
        }
    }
}

#[test]
fn mount_that_checks_no_tokens_looks_at_none() {
    let mut client = super::Client::with(
        crate::protocol::Version::V2,
        Default::default(),
        |settings| {
            settings.routes = routes();
        },
    );
    let answer = client.joins("open:a", &json!({"access_token": 7}));
    assert_eq!(answer, [reply("1", "open:a", "ok", "{}")]);
    let answer = client.joins("app:a", &json!({}));
    assert_eq!(answer.len(), 1);
    let answer = client.refreshes_at_once("app:a", "no token");
    assert!(
        answer[0].contains("unknown event"),
        "the app's own event: {answer:?}"
    );
}

/// Says whether one of the patterns fits and has the operation, by the rules of the docs alone.
fn is_granted(grants: &[(String, Vec<String>)], topic: &str, wanted: &[&str]) -> bool {
    grants.iter().any(|(pattern, operations)| {
        let fits = match pattern.strip_suffix('*') {
            Some(prefix) => topic.starts_with(prefix),
            None => pattern == topic,
        };
        fits && operations
            .iter()
            .any(|has| has == "*" || wanted.contains(&&**has))
    })
}

proptest! {
    #[test]
    fn rooms_grant_what_a_naive_matcher_grants(
        grants in proptest::collection::btree_map(
            "(room:|open:)?[ab]{0,2}[*]?",
            proptest::collection::vec("join|push|push:say|push:whisper|[*]", 0..3),
            0..5,
        ),
        name in "[ab]{0,3}",
    ) {
        let token = token("u17", serde_json::to_value(&grants).unwrap());
        let grants: Vec<_> = grants.into_iter().collect();
        let mut client = stranger();
        for room in ["room", "open"] {
            let topic = format!("{room}:{name}");
            let answer = client.joins(&topic, &json!({"access_token": token}));
            let may_join = room == "open" || is_granted(&grants, &topic, &["join"]);
            prop_assert_eq!(answer[0].contains(r#""status":"ok""#), may_join);
            for event in ["say", "whisper"] {
                let answer: Vec<String> = client.pushes(&topic, event, &Value::Object(Default::default()));
                let own = format!("push:{event}");
                let may = may_join && is_granted(&grants, &topic, &["push", &own]);
                prop_assert_eq!(answer.last().unwrap().contains(r#""status":"ok""#), may);
            }
        }
    }
}
