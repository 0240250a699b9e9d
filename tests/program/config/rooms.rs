//! Rooms from a file, as seen by clients of the real binary.

use std::sync::Barrier;

use lobbyd::Retention;
use lobbyd::broker::FanoutSettings;
use lobbyd::config::Config;
use lobbyd::rooms::{Rate, TopicRates, tutorial};
use serde_json::json;
use testkit::{Client, Process, ROOM, connect_to, eventually};

use crate::config::fixture::Folder;

const TARGET: &str = "/socket/websocket?vsn=2.0.0";

const ROOMS: &str = r#"
[[room]]
topic = "room:vip"
join = "deny"
reason = "not today"

[[room]]
topic = "room:*"
[[room.event]]
name = "say"
relay = ["body", "id"]
echo = false
acknowledge = true
[[room.event]]
name = "short"
bytes_max = 12
[[room.event]]
name = "rare"
messages_per_second = 1
burst = 3
[[room.event]]
name = "whole"
[room.retention]
bytes_max = 100_000
messages_max = 100
time_ms_max = 5_000
"#;

fn two_in(served: &Process) -> [Client; 2] {
    [(); 2].map(|()| {
        let mut client = connect_to(served.address(), TARGET);
        client.join(ROOM);
        client
    })
}

#[test]
fn rooms_without_a_file_are_the_tutorials() {
    assert_eq!(Config::default().room_rules(), tutorial());
}

#[test]
fn room_is_shut_by_two_lines_and_keeps_its_others() {
    let text = "[[room]]\ntopic = \"a\"\nmembers_max = 9\nmessages_per_second = 5\njoin = \"deny\"\n\
                reason = \"closed\"\n[[room.event]]\nname = \"say\"\n[room.retention]\nmessages_max = 500\n";
    let folder = Folder::of("shut").with(text);
    let (code, _, stderr) = folder.run(&["config", "check", "lobbyd.toml"]);
    assert_eq!((code, &*stderr), (0, ""));
}

#[test]
fn room_has_rates_of_its_own_or_those_of_the_limits() {
    let own = "[[room]]\ntopic = \"a\"\nmessages_per_second = 100\nmessages_burst = 200\n\
               bytes_per_second = 70_000\n";
    let rates = |file: &str| {
        let folder = Folder::of("rooms_rates").with(file);
        let rules = folder.config().room_rules();
        rules.iter().map(|room| room.rates).collect::<Vec<_>>()
    };
    let set = TopicRates::default()
        .with_messages(Rate::per_second(100).with_burst(200))
        .with_bytes(Rate::per_second(70_000));
    let other = "[[room]]\ntopic = \"b\"\n";
    assert_eq!(
        rates(&format!("{own}{other}")),
        [set, TopicRates::default()]
    );
    let limits = "[limits]\nroom_messages_per_second.max = 7\nroom_bytes_per_second.max = 80_000\n";
    let of_limits = TopicRates::default()
        .with_messages(Rate::per_second(7))
        .with_bytes(Rate::per_second(80_000));
    assert_eq!(rates(&format!("{limits}{own}{other}")), [set, of_limits]);
}

#[test]
fn rate_of_a_room_bites_is_observed_and_changes_by_sighup() {
    let file = |mode: &str, burst: u32| {
        format!(
            "limits.room_messages_per_second.mode = \"{mode}\"\n\
             [[room]]\ntopic = \"room:*\"\nmessages_per_second = 1\nmessages_burst = {burst}\n\
             [[room.event]]\nname = \"say\"\necho = false\nacknowledge = true\n"
        )
    };
    let folder = Folder::of("rooms_rate").with(&file("observe", 1));
    let served = folder.serve(&[]);
    let [mut one, mut other] = two_in(&served);
    let reached = |mode: &str| {
        let labels = format!("limit=\"room_messages_per_second\",mode=\"{mode}\"");
        served.metric(&format!("lobbyd_limit_reached_total{{{labels}}}"))
    };
    for number in 0..10 {
        one.push("say", json!({ "number": number }));
        one.expect_reply("ok", json!({}));
        other.expect_event("say", json!({ "number": number }));
    }
    assert!(reached("observe") > 0);
    assert_eq!(reached("enforce"), 0);
    folder.write(&file("enforce", 3));
    served.reload(&["setting=\"room room:* messages_burst\"", "old=1", "new=3"]);
    eventually("the rate bites", || {
        one.push("say", json!({}));
        one.json()[4]["response"]["reason"] == "too many messages in this room"
    });
    served.logs(&[
        "refusal=\"room_messages\"",
        "raise the room's messages_per_second",
    ]);
    assert!(reached("enforce") > 0);
}

#[test]
fn room_without_a_retention_keeps_as_the_limits_say_observed_ones_too() {
    let room = "[[room]]\ntopic = \"room:*\"\nretention.messages_max = 7\n";
    let limits = "[limits]\nretention_bytes = { max = 1_000, mode = \"observe\" }\n";
    let folder = Folder::of("rooms_kept").with(&format!("{limits}{room}"));
    let rules = folder.config().room_rules();
    let expected = Retention {
        bytes_max: 16 * 1_000,
        entries_max: 7,
        ms_max: FanoutSettings::default().retention_ms_max,
    };
    assert_eq!(rules[0].retention, Some(expected));
    folder.write(ROOMS);
    let expected = Retention {
        bytes_max: 100_000,
        entries_max: 100,
        ms_max: 5_000,
    };
    let rules = folder.config().room_rules();
    assert_eq!(
        [rules[0].retention, rules[1].retention],
        [None, Some(expected)]
    );
}

#[test]
fn join_rules_are_those_of_the_file_and_replace_the_tutorials_room() {
    let folder = Folder::of("rooms_joined").with(ROOMS);
    let served = folder.serve(&[]);
    let mut client = connect_to(served.address(), TARGET);
    assert_eq!(client.try_join("room:vip"), Err("not today".to_owned()));
    assert_eq!(client.try_join("hall"), Err("unmatched topic".to_owned()));
    client.join("room:lobby");
    client.send(json!(["11", "5", "room:lobby", "new_msg", {"body": 1}]));
    let error = json!({"status": "error", "response": {"reason": "unknown event \"new_msg\""}});
    client.expect(json!(["11", "5", "room:lobby", "phx_reply", error]));
    client.leave("room:lobby");
    served.shows("lobbyd_joins_total{result=\"ok\"}", 1);
    served.shows("lobbyd_joins_total{result=\"refused\"}", 2);
}

#[test]
fn relays_and_answers_are_as_the_file_says() {
    let folder = Folder::of("rooms_relayed").with(ROOMS);
    let served = folder.serve(&["--shards", "2"]);
    let [mut one, mut other] = two_in(&served);
    one.push("say", json!({"id": 7, "spy": true, "body": "hello"}));
    one.expect_reply("ok", json!({}));
    let relayed = format!(r#"[null,null,"{ROOM}","say",{{"body":"hello","id":7}}]"#);
    assert_eq!(other.recv().text(), relayed);
    one.push("say", json!({"body": "hello"}));
    one.expect_error("say needs an object with an id");
    let whole = format!(r#"["11","5","{ROOM}","whole",{{ "a":1.0, "a":[ ] }}]"#);
    one.send_text(&whole);
    let relayed = format!(r#"[null,null,"{ROOM}","whole",{{ "a":1.0, "a":[ ] }}]"#);
    assert_eq!(one.recv().text(), relayed);
    assert_eq!(other.recv().text(), relayed);
    one.push("short", json!({"a": 123456}));
    one.expect_event("short", json!({"a": 123456}));
    one.push("short", json!({"a": 1234567}));
    one.expect_error("payload too large");
    other.expect_event("short", json!({"a": 123456}));
    for _ in 0..3 {
        one.push("rare", json!({}));
        one.expect_event("rare", json!({}));
        other.expect_event("rare", json!({}));
    }
    // On a slow machine there may be a fourth and a fifth message by now, but not twenty.
    (0..20).for_each(|_| one.push("rare", json!({})));
    let mut refused = 0;
    for _ in 0..20 {
        let answer = one.json();
        refused += usize::from(answer[4]["response"]["reason"] == "too many messages");
    }
    assert!(refused > 0);
    let mut heard = 0;
    other.send(json!([null, "hb", "phoenix", "heartbeat", {}]));
    while other.json()[3] == "rare" {
        heard += 1;
    }
    assert_eq!(heard + refused, 20, "each is relayed or refused");
}

#[test]
fn room_stormed_on_two_shards_lets_in_what_the_file_says_and_counts_it() {
    const CROWD: usize = 60;
    let file = "[[room]]\ntopic = \"room:*\"\nmembers_max = 25\n";
    let folder = Folder::of("rooms_stormed").with(file);
    let served = folder.serve(&["--shards", "2"]);
    let start = Barrier::new(CROWD);
    let clients: Vec<_> = std::thread::scope(|scope| {
        let join = || {
            let mut client = connect_to(served.address(), TARGET);
            start.wait();
            let answer = client.try_join("room:full");
            (client, answer)
        };
        let threads: Vec<_> = (0..CROWD).map(|_| scope.spawn(join)).collect();
        threads.into_iter().map(|t| t.join().unwrap()).collect()
    });
    let (mut inside, mut outside): (Vec<_>, Vec<_>) =
        clients.into_iter().partition(|(_, answer)| answer.is_ok());
    assert_eq!(inside.len(), 25);
    let full = Err("room full".to_owned());
    assert!(outside.iter().all(|(_, answer)| *answer == full));
    served.shows("lobbyd_joins_total{result=\"ok\"}", 25);
    served.shows("lobbyd_joins_total{result=\"refused\"}", 35);
    served.shows("lobbyd_channels", 25);
    // A place that a client gives back can be taken again.
    let (one, other) = (&mut inside[0].0, &mut outside[0].0);
    one.leave("room:full");
    other.join("room:full");
    served.shows("lobbyd_channels", 25);
}
