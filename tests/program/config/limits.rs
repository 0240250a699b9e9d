//! Limits from a file, enforced or observed, as seen by clients and in the metrics.

use serde_json::json;
use testkit::{Client, Process, ROOM, connect_to, upgrade};

use crate::config::fixture::Folder;

const TARGET: &str = "/socket/websocket?vsn=2.0.0";

const ROOM_OF_ALL: &str = "[[room]]\ntopic = \"room:*\"\n[[room.event]]\nname = \"say\"\nacknowledge = true\necho = false\n";

fn reached(served: &Process, limit: &str) -> [u64; 2] {
    ["enforce", "observe"].map(|mode| {
        let sample = format!("lobbyd_limit_reached_total{{limit=\"{limit}\",mode=\"{mode}\"}}");
        served.metric(&sample)
    })
}

fn serve(test: &str, mode: &str) -> (Folder, Process) {
    let file = format!(
        "[server]\ntrusted_proxies = [\"127.0.0.0/8\"]\n[limits]\n\
         connections_per_address = {{ max = 1, mode = \"{mode}\" }}\n\
         channels_per_connection = {{ max = 1, mode = \"{mode}\" }}\n\
         message_bytes = {{ max = 100, mode = \"{mode}\" }}\n\
         messages_per_second = {{ max = 1, burst = 8, over_ms = 1, mode = \"{mode}\" }}\n{ROOM_OF_ALL}"
    );
    let folder = Folder::of(test).with(&file);
    let served = folder.serve(&[]);
    (folder, served)
}

fn come(served: &Process) -> Result<Client, String> {
    upgrade(served.address(), TARGET, "X-Forwarded-For: 192.0.2.1\r\n")
}

const LIMITS: [&str; 4] = [
    "connections_per_address",
    "channels_per_connection",
    "message_bytes",
    "messages_per_second",
];

#[test]
fn limits_of_the_file_bite_and_each_time_is_counted() {
    let (_folder, served) = serve("limits_bite", "enforce");
    let mut client = come(&served).expect("the first of its address");
    assert!(come(&served).is_err_and(|answer| answer.starts_with("HTTP/1.1 429 ")));
    client.join(ROOM);
    let refused = client.try_join("room:b");
    assert_eq!(refused, Err("too many channels joined".to_owned()));
    client.push("say", json!({"a": "x".repeat(100)}));
    assert_eq!(client.close_code(), 1009);
    drop(client);
    // The address's earlier connection must be gone first.
    let mut flooding = connect_to(served.address(), TARGET);
    // The heartbeats are more than a minute's worth, and the longest wait is a millisecond.
    (0..100).for_each(|_| flooding.send(json!([null, "1", "phoenix", "heartbeat", {}])));
    let codes = std::iter::from_fn(|| flooding.next_frame()).find(|frame| frame.opcode == 8);
    assert_eq!(codes.map(|frame| frame.close_code()), Some(1008));
    for limit in LIMITS {
        let [enforced, observed] = reached(&served, limit);
        assert!(enforced >= 1, "{limit}");
        assert_eq!(observed, 0, "{limit}");
    }
    assert_eq!(reached(&served, "message_bytes")[0], 1);
    served.shows("lobbyd_refusals_total{reason=\"address\"}", 1);
    served.shows("lobbyd_closes_total{reason=\"message_too_big\"}", 1);
    served.shows("lobbyd_closes_total{reason=\"rate_exceeded\"}", 1);
}

#[test]
fn limits_that_the_file_has_observed_count_and_nobody_notices() {
    let (_folder, served) = serve("limits_observed", "observe");
    let mut clients = [(); 2].map(|()| come(&served).expect("it is let in"));
    for client in &mut clients {
        client.join(ROOM);
        client.join("room:b");
    }
    let [one, other] = &mut clients;
    for _ in 0..20 {
        one.push("say", json!({"a": "x".repeat(100)}));
        one.expect_reply("ok", json!({}));
        other.expect_event("say", json!({"a": "x".repeat(100)}));
    }
    for limit in LIMITS {
        let [enforced, observed] = reached(&served, limit);
        assert_eq!(enforced, 0, "{limit}");
        assert!(observed >= 1, "{limit}");
    }
    assert_eq!(reached(&served, "connections_per_address"), [0, 1]);
    assert_eq!(reached(&served, "channels_per_connection"), [0, 2]);
    served.shows("lobbyd_refusals_total{reason=\"address\"}", 0);
}

#[test]
fn joins_held_and_joins_too_late_are_counted_as_they_are_answered() {
    let file =
        format!("[limits.joins_per_second]\nmax = 2\nburst = 1\nwait_ms = 1_200\n{ROOM_OF_ALL}");
    let folder = Folder::of("limits_joins").with(&file);
    let served = folder.serve(&[]);
    let mut client = connect_to(served.address(), TARGET);
    for number in 0..12 {
        client.send(json!(["1", "1", format!("room:{number}"), "phx_join", {}]));
    }
    let answers: Vec<_> = (0..12).map(|_| client.json()).collect();
    let is_ok = |answer: &&serde_json::Value| answer[4]["status"] == "ok";
    let in_time = answers.iter().filter(is_ok).count();
    // One join at once and two that were held; more only if reading the answers took seconds.
    assert!((2..12).contains(&in_time), "{answers:?}");
    let late = answers.iter().filter(|answer| !is_ok(answer));
    for answer in late {
        assert_eq!(answer[4]["response"]["reason"], "too many joins");
    }
    served.shows("lobbyd_joins_total{result=\"ok\"}", in_time as u64);
    served.shows(
        "lobbyd_joins_total{result=\"refused\"}",
        12 - in_time as u64,
    );
    served.shows("lobbyd_channels", in_time as u64);
    assert!(reached(&served, "joins_per_second")[0] >= 11 - in_time as u64);
}
