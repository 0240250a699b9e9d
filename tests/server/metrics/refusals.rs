//! Refusals are reported by reason: in the metrics and, for joins and requests, in the log.

use std::fs;
use std::path::Path;

use lobbyd::rooms::{EventName, EventRule, Rate, Relay, RoomRules, TopicRates, declare};
use lobbyd::server::{Limit, ServerLimits};
use lobbyd::{Channel, Handled, Join, Payload, Reload, Router, Socket, UserSocket};
use serde_json::json;
use testkit::{Client, Process, connect, connect_to, eventually, serve, serve_with, upgrade};

use crate::metrics::page::scrape;

/// Returns the answer that a client gets to a join of `topic`: the reason of a refusal, or "ok".
fn answer(client: &mut Client, topic: &str) -> String {
    client.send(json!(["1", "1", topic, "phx_join", {}]));
    let reply = client.json();
    assert_eq!(reply[3], "phx_reply", "{reply}");
    reply[4]["response"]["reason"]
        .as_str()
        .unwrap_or("ok")
        .into()
}

/// A channel that refuses in every way that an app can.
struct Doorman;

impl Channel for Doorman {
    fn join(&self, topic: &str, _: Payload<'_>, _: &mut Socket<'_>) -> Join {
        match topic {
            "room:full" => Join::accept().members_max(0).into(),
            "room:crashes" => std::panic::resume_unwind(Box::new("on purpose")),
            "room:slow" => Join::later(std::future::pending::<()>(), |(), _| Join::ok()),
            "room:ok" => Join::ok(),
            _ => Join::error(lobbyd::reason("no")),
        }
    }

    fn handle_in(&self, _: &str, _: Payload<'_>, _: &mut Socket<'_>) -> Handled {
        Handled::no_reply()
    }
}

#[test]
fn refused_join_counts_under_its_reason() {
    let socket = UserSocket::new().channels_max(1).channel("room:*", Doorman);
    let limits = ServerLimits::default().with_max(Limit::CallbackTime, 50);
    let server = serve_with(Router::new().socket("/socket", socket), 2, limits);
    let mut client = connect(&server);
    let long = format!("room:{}", "x".repeat(2_000));
    for (topic, told) in [
        ("elsewhere", "unmatched topic"),
        ("room:closed", "no"),
        ("room:full", "room full"),
        ("room:crashes", "join crashed"),
        ("room:slow", "join timed out"),
        (&long, "topic or ref too long"),
        ("room:ok", "ok"),
        ("room:other", "too many channels joined"),
    ] {
        assert_eq!(answer(&mut client, topic), told);
    }
    let none_in_time = ServerLimits::default()
        .with_max(Limit::JoinsPerSecond, 1)
        .with_burst(Limit::JoinsPerSecond, 1)
        .with_wait_ms(Limit::JoinsPerSecond, 0);
    let endpoint = server.endpoint();
    endpoint.set_admission(&none_in_time);
    eventually("a join comes too late", || {
        let mut late = connect(&server);
        answer(&mut late, "room:ok") == "too many joins"
    });
    let page = scrape(server.local_addr());
    let name = "lobbyd_joins_refused_total";
    for reason in [
        "unmatched",
        "full",
        "crashed",
        "timed_out",
        "name_too_long",
        "too_many_channels",
        "too_many_joins",
    ] {
        assert_eq!(page.value(name, &[("reason", reason)]), 1.0, "{reason}");
    }
    assert!(page.value(name, &[("reason", "denied")]) >= 1.0);
    let refused = page.value("lobbyd_joins_total", &[("result", "refused")]);
    assert_eq!(page.sum(name), refused);
}

#[test]
fn push_that_a_room_by_rules_refuses_counts_under_its_reason() {
    let open = || RoomRules {
        events: vec![
            EventRule {
                relay: Relay::Fields(vec!["body".into()]),
                bytes_max: Some(20),
                rate: Some(Rate::per_second(1).with_burst(1)),
                ..EventRule::relaying(EventName::Named("say".into()))
            },
            EventRule::relaying(EventName::Named("move".into())),
        ],
        rates: TopicRates::default()
            .with_messages(Rate::per_second(1).with_burst(2))
            .with_bytes(Rate::per_second(1).with_burst(30)),
        ..RoomRules::open("room:a")
    };
    let router = |rules| Router::new().socket("/socket", declare(UserSocket::new(), [rules]));
    let server = serve(router(open()));
    let mut client = connect(&server);
    client.join("room:a");
    let mut push = |event: &str, payload: serde_json::Value| {
        client.send(json!(["11", "2", "room:a", event, payload]));
        let reply = client.json();
        reply[4]["response"]["reason"].as_str().map(str::to_owned)
    };
    assert_eq!(push("say", json!({"body": "a"})), None);
    let told = [
        push("shout", json!({"body": "a"})),
        push("say", json!({"body": "far too long for it"})),
        push("say", json!({})),
        push("say", json!({"body": "b"})),
    ];
    assert_eq!(told[3].as_deref(), Some("too many messages"), "{told:?}");
    // The room's rates are met last.
    assert_eq!(push("move", json!({"x": 1})), None);
    let told = [json!({"x": 2}), json!({"x": "too many bytes"})].map(|p| push("move", p));
    let expected = ["messages", "bytes"].map(|what| Some(format!("too many {what} in this room")));
    assert_eq!(told, expected);
    server
        .endpoint()
        .reload(Reload::new(router(RoomRules::closed("room:a", "over"))));
    eventually("the room is closed", || {
        push("say", json!({"body": "c"})).as_deref() == Some("over")
    });
    let page = scrape(server.local_addr());
    let count = |reason| page.value("lobbyd_pushes_refused_total", &[("reason", reason)]);
    let exact = ["unknown_event", "too_large", "bad_payload"].map(count);
    assert_eq!(exact, [1.0; 3]);
    assert!(count("too_many") >= 1.0);
    assert_eq!(["room_messages", "room_bytes"].map(count), [1.0; 2]);
    assert_eq!(count("denied"), 1.0);
    let reloads = |result| page.value("lobbyd_reloads_total", &[("result", result)]);
    assert_eq!(["ok", "failed"].map(reloads), [1.0, 0.0]);
    server.endpoint().reload_failed();
    let page = scrape(server.local_addr());
    assert_eq!(
        page.value("lobbyd_reloads_total", &[("result", "failed")]),
        1.0
    );
}

#[test]
fn push_that_reaches_no_channel_counts_under_its_reason() {
    let server = testkit::tutorial();
    let mut client = connect(&server);
    let long = "r".repeat(1_025);
    let mut push = |reference: &str, topic: &str, event: serde_json::Value| {
        client.send(json!(["11", reference, topic, event, {}]));
        let reply = client.json();
        reply[4]["response"]["reason"].as_str().map(str::to_owned)
    };
    assert_eq!(push("1", "room:lobby", json!("phx_join")), None);
    for (reference, topic, event, told) in [
        ("2", "room:elsewhere", json!("new_msg"), "unmatched topic"),
        ("3", "phoenix", json!("beat"), "unmatched topic"),
        ("4", "room:lobby", json!([0]), "event is not a string"),
        (&long, "room:lobby", json!("x"), "topic or ref too long"),
    ] {
        assert_eq!(push(reference, topic, event).as_deref(), Some(told));
    }
    let page = scrape(server.local_addr());
    let count = |reason| page.value("lobbyd_pushes_refused_total", &[("reason", reason)]);
    let counts = ["unmatched", "no_event_name", "name_too_long"].map(count);
    assert_eq!(counts, [2.0, 1.0, 1.0]);
}

#[test]
fn request_that_is_no_valid_http_is_counted_and_logged_with_what_is_wrong() {
    let mut command = testkit::lobbyd!();
    command.args(["--listen", "127.0.0.1:0"]);
    let lobbyd = Process::start(command);
    let target = "/socket/websocket?vsn=2.0.0";
    let good = testkit::upgrade_request(lobbyd.address(), target, "");
    let with = |line: &str| good.replacen("Host:", &format!("{line}Host:"), 1);
    let many = "A: b\r\n".repeat(200);
    let long = format!("A: {}\r\n", "b".repeat(200_000));
    for (request, status) in [
        (with("Bad Header: x\r\n"), "400"),
        (with("Content-Length: 1\r\nContent-Length: 2\r\n"), "400"),
        (good.replacen("HTTP/1.1", "HTTP/1.2", 1), "400"),
        (with(&many), "431"),
        (with(&long), "431"),
    ] {
        let answer = testkit::request(lobbyd.address(), &request);
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}")),
            "{answer}"
        );
    }
    lobbyd.shows("lobbyd_refusals_total{reason=\"malformed\"}", 3);
    let malformed = ["request refused", "refusal=\"malformed\"", "why=", "hint="];
    lobbyd.logs(&malformed);
    lobbyd.logs(&[
        "request refused",
        "refusal=\"head_lines\"",
        "why=\"the request head has too many lines\"",
        "raise limits.head_lines",
    ]);
    lobbyd.logs(&[
        "request refused",
        "refusal=\"head_bytes\"",
        "why=\"the request head has too many bytes\"",
        "raise limits.head_bytes",
    ]);
}

/// Texts that the lines of the log must have.
const TOLD: [[&str; 4]; 4] = [
    [
        "join refused",
        "refusal=\"denied\"",
        "topic=\"room:vip\"",
        "connection=1.0",
    ],
    [
        "join refused",
        "refusal=\"unmatched\"",
        "topic=\"nowhere\\n\"",
        "shard=",
    ],
    [
        "socket refused",
        "refusal=\"address\"",
        "client=203.0.113.7",
        "peer=",
    ],
    [
        "socket refused",
        "refusal=\"origin\"",
        "evil.example",
        "peer=",
    ],
];

#[test]
fn log_tells_refused_joins_and_requests_by_the_names_of_the_metrics() {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("refused.toml");
    let file = r#"
        server.trusted_proxies = ["127.0.0.1/32"]
        limits.connections_per_address.max = 1
        [[room]]
        topic = "room:lobby"
        [[room]]
        topic = "room:*"
        join = "deny"
        reason = "members only"
    "#;
    fs::write(&path, file).unwrap();
    let mut command = testkit::lobbyd!();
    command.args([
        "--listen",
        "127.0.0.1:0",
        "--log-level",
        "debug",
        "--config",
    ]);
    command.arg(&path);
    let lobbyd = Process::start(command);
    let address = lobbyd.address();
    let target = "/socket/websocket?vsn=2.0.0";
    let from = "X-Forwarded-For: 203.0.113.7\r\n";
    let mut client = upgrade(address, target, from).expect("the first is let in");
    answer(&mut client, "room:vip");
    answer(&mut client, "nowhere\n");
    assert!(upgrade(address, target, from).is_err());
    assert!(upgrade(address, target, "Origin: http://evil.example\r\n").is_err());
    drop((client, connect_to(address, target)));
    for parts in TOLD {
        lobbyd.logs(&parts);
    }
    fs::remove_file(path).unwrap();
}
