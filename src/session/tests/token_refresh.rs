//! Newer tokens of a client that is connected, and what ends when a token does.

use std::sync::Arc;

use serde_json::{Value, json};

use super::Client;
use super::token_setup::*;
use crate::channel::{Lost, Routes, SessionSettings};
use crate::credentials::{Credentials, unix_ms};
use crate::session::Expired;
use crate::{Channel, Handled, Join, Payload, Socket};

/// Returns a client whose connect had a token with these grants.
fn known(grants: &[(&str, &[&str])]) -> Client {
    let mut client = stranger();
    client.session = client.session.known(Some(credentials("u17", grants)));
    client
}

/// True if the frame answers a refresh with `ok`, and a time of about ten minutes.
fn is_taken(frame: &str, topic: &str) -> bool {
    let message: Value = serde_json::from_str(frame).unwrap();
    let left_ms = message[4]["response"]["expires_in_ms"].as_u64();
    message[2] == topic
        && message[4]["status"] == "ok"
        && left_ms.is_some_and(|left_ms| (500_000..=600_000).contains(&left_ms))
}

#[test]
fn newer_token_counts_at_once_and_is_answered_with_its_time() {
    let mut client = known(&[]);
    client.joins("open:a", &json!({}));
    assert_eq!(
        client.joins("room:a", &json!({})),
        [refused("1", "room:a", "forbidden")]
    );
    assert_eq!(
        client.pushes("open:a", "say", &json!({})),
        [refused("5", "open:a", "forbidden")]
    );
    let newer = token("u17", json!({"room:a": ["join"], "open:a": ["push:say"]}));
    let answer = client.refreshes("open:a", &newer);
    assert!(
        answer.len() == 1 && is_taken(&answer[0], "open:a"),
        "{answer:?}"
    );
    assert_eq!(
        client.joins("room:a", &json!({})),
        [reply("1", "room:a", "ok", "{}")]
    );
    assert_eq!(client.pushes("open:a", "say", &json!({})).len(), 2);
    let answer = client.refreshes("phoenix", &newer);
    assert!(
        answer.len() == 1 && is_taken(&answer[0], "phoenix"),
        "{answer:?}"
    );
}

#[test]
fn token_without_an_end_is_answered_with_null() {
    let mut claims = claims("u17", 0, json!({}));
    claims["iss"] = "centrifugo".into();
    claims["exp"] = (unix_ms() / 1_000 + 600).into();
    claims["expire_at"] = 0.into();
    let answer = known(&[]).refreshes("phoenix", &signed(&claims));
    assert_eq!(
        answer,
        [reply("5", "phoenix", "ok", r#"{"expires_in_ms":null}"#)]
    );
}

#[test]
fn grant_that_is_gone_ends_its_room_for_good_and_no_other() {
    let mut client = known(&[("room:*", &["join", "push"])]);
    for topic in ["room:a", "room:b", "open:a", "app:a"] {
        client.joins(topic, &json!({}));
    }
    let less = token("u17", json!({"room:b": ["join"]}));
    let answer = client.refreshes("room:b", &less);
    assert!(is_taken(&answer[0], "room:b"), "{answer:?}");
    let ended = told("room:a", "lobbyd:token_forbidden", "forbidden");
    assert_eq!(
        answer[1..],
        [&*ended, r#"["1","1","room:a","phx_close",{}]"#]
    );
    let topics = client.host.topics();
    assert_eq!((topics.len(), topics.contains(&"room:a")), (3, false));
    assert_eq!(
        client.pushes("room:b", "say", &json!({})),
        [refused("5", "room:b", "forbidden")]
    );
    assert_eq!(client.pushes("room:b", "cheer", &json!({})).len(), 2);
}

#[test]
fn join_whose_token_grants_less_ends_the_rooms_that_it_does_not_grant() {
    let mut client = known(&[("room:a", &["join"])]);
    client.joins("room:a", &json!({}));
    let other = json!({"access_token": token("u17", json!({"room:b": ["join"]}))});
    let answer = client.joins("room:b", &other);
    let ended = told("room:a", "lobbyd:token_forbidden", "forbidden");
    let closed = r#"["1","1","room:a","phx_close",{}]"#;
    assert_eq!(answer, [&*ended, closed, &reply("1", "room:b", "ok", "{}")]);
}

#[test]
fn bad_newer_token_changes_nothing() {
    let mut client = known(&[("room:a", &["join", "push"])]);
    client.joins("room:a", &json!({}));
    let good = token("u17", json!({}));
    let table = [
        (
            json!({"access_token": token("u18", json!({}))}),
            "subject_changed",
        ),
        (
            json!({"access_token": signed(&claims("u17", -600, json!({})))}),
            "token_expired",
        ),
        (
            json!({"access_token": format!("{good}x")}),
            "token_signature",
        ),
        (json!({"access_token": "x".repeat(8_193)}), "token_too_long"),
        (json!({"access_token": 7}), "token_malformed"),
        (json!({"access_token": null}), "token_missing"),
        (json!({"token": good}), "token_missing"),
        (json!(null), "token_missing"),
    ];
    for (payload, code) in table {
        if let Some(sent) = &mut client.session.sent {
            sent.refreshed_ms = 0;
        }
        let answer = client.pushes("room:a", "access_token", &payload);
        assert_eq!(answer, [refused("5", "room:a", code)], "{payload}");
        assert_eq!(
            client.pushes("room:a", "say", &json!({})).len(),
            2,
            "{payload}"
        );
    }
}

#[test]
fn thousand_newer_tokens_a_second_cost_one_check() {
    let (mut client, threads) = threaded();
    let busy = r#"{"reason":"too many messages","code":"too_many"}"#;
    let dear = |n: i64| signed_dearly(&claims("u17", 600 + n, json!({})));
    // Two signatures take longer than what is tested, so few of them serve for all.
    let tokens: Vec<String> = (0..4).map(dear).collect();
    assert_eq!(client.refreshes_at_once("phoenix", &tokens[0]).len(), 0);
    for n in 0..1_000 {
        let answer = client.refreshes_at_once("phoenix", &tokens[1 + n % 3]);
        assert_eq!(answer, [reply("5", "phoenix", "error", busy)]);
    }
    assert_eq!((threads.waiting(), client.host.jobs_len()), (1, 1));
}

#[test]
fn same_token_on_each_channel_is_one_check_and_each_is_answered() {
    let (mut client, threads) = threaded();
    let topics = ["open:a", "open:b", "app:a"];
    for topic in topics {
        client.joins(topic, &json!({}));
    }
    let newer = signed_dearly(&claims("u17", 600, json!({})));
    for topic in topics {
        assert_eq!(client.refreshes_at_once(topic, &newer).len(), 0);
    }
    assert_eq!((threads.waiting(), client.host.jobs_len()), (1, 1));
    threads.run_all();
    let answers = client.finishes_job();
    let taken = topics
        .iter()
        .zip(&answers)
        .all(|(topic, frame)| is_taken(frame, topic));
    assert!(answers.len() == 3 && taken, "{answers:?}");
    for topic in topics {
        let answer = client.refreshes_at_once(topic, &newer);
        assert!(
            answer.len() == 1 && is_taken(&answer[0], topic),
            "{answer:?}"
        );
    }
    assert_eq!(client.session.waiting_bytes, 0);
}

#[test]
fn messages_that_wait_for_one_check_are_bounded_in_number_and_length() {
    let (mut client, _threads) = threaded();
    let newer = signed_dearly(&claims("u17", 600, json!({})));
    let most = 101;
    for n in 0..most {
        assert_eq!(client.refreshes_at_once("phoenix", &newer).len(), 0, "{n}");
    }
    let answer = client.refreshes_at_once("phoenix", &newer);
    let too_many = r#"{"reason":"too many messages waiting"}"#;
    assert_eq!(answer, [reply("5", "phoenix", "error", too_many)]);
    let long = "x".repeat(1_025);
    let message = json!(["1", long, "phoenix", "access_token", {"access_token": newer}]);
    let answer = client.says(&message.to_string());
    assert!(answer[0].contains("topic or ref too long"), "{answer:?}");
}

#[test]
fn check_of_a_newer_token_that_is_lost_changes_nothing() {
    let (mut client, _threads) = threaded();
    let newer = signed_dearly(&claims("u17", 600, json!({})));
    client.refreshes_at_once("phoenix", &newer);
    let id = client.host.lose_job();
    client
        .session
        .resume(id, Err(Lost::TimedOut), &mut client.host);
    assert_eq!(
        client.hears(),
        [refused("5", "phoenix", "keys_unavailable")]
    );
    assert!(client.session.credentials().is_none());
}

#[test]
fn newer_token_is_taken_while_the_channel_waits() {
    let mut client = known(&[]);
    client.joins("app:a", &json!({}));
    client.pushes("app:a", "later", &json!({}));
    let answer = client.refreshes("app:a", &token("u17", json!({})));
    assert!(
        answer.len() == 1 && is_taken(&answer[0], "app:a"),
        "{answer:?}"
    );
    assert_eq!(client.finishes_job(), [reply("5", "app:a", "ok", "{}")]);
}

#[test]
fn end_of_a_token_ends_the_rooms_that_ask_until_a_newer_one_comes() {
    let mut client = stranger();
    // Taken still, because clocks may differ by 30 s.
    let over = json!({"access_token": signed(&claims("u17", -10, json!({"room:*": ["join"]})))});
    let topics = ["known:a", "room:a", "user:u17", "open:a", "app:a"];
    for topic in topics {
        assert_eq!(client.joins(topic, &over).len(), 1);
    }
    assert!(client.session.is_due(unix_ms()));
    assert_eq!(client.session.expire(&mut client.host), Expired::Stays);
    let warned = client.hears();
    assert_eq!(warned.len(), topics.len());
    for (topic, frame) in topics.iter().zip(&warned) {
        let event =
            format!(r#"["1",null,"{topic}","lobbyd:token_expiring",{{"expires_in_ms":0}}]"#);
        assert_eq!(*frame, event);
    }
    assert_eq!(client.session.expire(&mut client.host), Expired::Stays);
    let ended = client.hears();
    assert_eq!(ended.len(), 6, "{ended:?}");
    for topic in &topics[..3] {
        let event = told(topic, "lobbyd:token_expired", "token_expired");
        let error = format!(r#"["1","1","{topic}","phx_error",{{"reason":"channel_crash"}}]"#);
        let at = ended.iter().position(|frame| *frame == event).unwrap();
        assert_eq!(ended[at + 1], error);
        assert_eq!(
            client.joins(topic, &json!({})),
            [refused("1", topic, "token_expired")]
        );
    }
    assert_eq!(client.session.channels_len(), 2);
    let of_another = json!({"access_token": token("u18", json!({}))});
    let answer = client.joins("known:a", &of_another);
    assert_eq!(
        answer,
        [refused("1", "known:a", "subject_changed")],
        "it is u17's connection"
    );
    let newer = json!({"access_token": token("u17", json!({}))});
    assert_eq!(
        client.joins("known:a", &newer),
        [reply("1", "known:a", "ok", "{}")]
    );
}

/// A channel that answers later, and keeps members that are granted something.
struct Slow;

impl Channel for Slow {
    fn join(&self, _: &str, params: Payload<'_>, _: &mut Socket<'_>) -> Join {
        match params.get("later") {
            Some(_) => Join::later(async {}, |(), _| Join::ok()),
            None => Join::ok(),
        }
    }

    fn handle_in(&self, _: &str, _: Payload<'_>, _: &mut Socket<'_>) -> Handled {
        Handled::later(async {}, |(), _| Handled::ok(()))
    }

    fn allows(&self, _: &str, credentials: Option<&Credentials>) -> bool {
        credentials.is_some_and(|known| !known.grants.is_empty())
    }
}

/// Returns a client whose token grants something, of a mount with a slow channel.
fn beside_slow() -> Client {
    let mut client = stranger();
    let settings = &client.session.settings;
    let mut next = SessionSettings::new(Routes::default());
    next.routes.push("slow:*", Arc::new(Slow));
    next.token_policy = settings.token_policy.clone();
    next.token_checks = settings.token_checks.clone();
    client.session.reload(&Arc::new(next));
    client.session = client
        .session
        .known(Some(credentials("u17", &[("slow:a", &["join"])])));
    client
}

#[test]
fn line_of_a_channel_that_ends_by_its_token_meets_no_joined_topic() {
    let mut client = beside_slow();
    client.joins("slow:a", &json!({}));
    client.pushes("slow:a", "one", &json!({}));
    client.pushes("slow:a", "two", &json!({}));
    let answer = client.refreshes("phoenix", &token("u17", json!({})));
    assert!(is_taken(&answer[0], "phoenix"));
    let ended = told("slow:a", "lobbyd:token_forbidden", "forbidden");
    assert_eq!(
        answer[1..3],
        [&*ended, r#"["1","1","slow:a","phx_close",{}]"#]
    );
    assert!(
        answer.len() == 4 && answer[3].contains("unmatched topic"),
        "{answer:?}"
    );
    assert_eq!(
        (client.session.waiting_bytes, client.finishes_job().len()),
        (0, 0)
    );
}

#[test]
fn join_that_waited_is_judged_by_the_token_of_its_end() {
    let mut client = beside_slow();
    let later = json!({"later": true});
    client.joins("slow:a", &later);
    assert_eq!(
        client.refreshes("phoenix", &token("u17", json!({}))).len(),
        1
    );
    assert_eq!(client.finishes_job(), [refused("1", "slow:a", "forbidden")]);
    client.joins("slow:a", &later);
    client.refreshes("phoenix", &token("u17", json!({"a": ["join"]})));
    assert_eq!(client.finishes_job(), [reply("1", "slow:a", "ok", "{}")]);
}

#[test]
fn token_with_256_patterns_is_checked_once_for_a_hundred_joins() {
    let (mut client, threads) = threaded();
    let patterns = (0..256).map(|n| (format!("room:{n}:*"), json!(["join"])));
    let token = signed_dearly(&claims("u17", 600, patterns.collect()));
    let params = json!({"access_token": token});
    let mut checks = 0;
    for n in 156..256 {
        client.joins(&format!("room:{n}:a"), &params);
        checks += threads.waiting();
        threads.run_all();
        while client.host.jobs_len() > 0 {
            client.finishes_job();
        }
    }
    assert_eq!((checks, client.session.channels_len()), (1, 100));
}
