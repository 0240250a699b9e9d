//! SIGHUP for connected clients: new rules and limits apply from their next message on.

use serde_json::json;
use testkit::{Client, Process, ROOM, connect_to, eventually, upgrade};

use crate::config::fixture::Folder;

const TARGET: &str = "/socket/websocket?vsn=2.0.0";

/// Writes `file` and waits until every shard uses it. An answer that arrives now may be of the turn
/// that reloaded, but a message sent after it is read in a later turn.
fn reload(folder: &Folder, served: &Process, file: &str, clients: &mut [&mut Client]) {
    folder.write(file);
    served.reload(&["the configuration was read again"]);
    for client in clients {
        client.expect_nothing();
    }
}

fn client_of(served: &Process) -> Client {
    connect_to(served.address(), TARGET)
}

#[test]
fn members_meet_the_rooms_new_rules_with_their_next_push() {
    let room = |more: &str| format!("[[room]]\ntopic = \"room:*\"\n{more}");
    let folder = Folder::of("reload_rules").with(&room(""));
    let served = folder.serve(&["--shards", "2"]);
    let (mut one, mut other) = (client_of(&served), client_of(&served));
    one.join(ROOM);
    other.join(ROOM);
    one.push("say", json!({}));
    one.expect_error("unknown event \"say\"");
    let say = "[[room.event]]\nname = \"say\"\n";
    let full = format!("members_max = 1\n{say}");
    reload(&folder, &served, &room(&full), &mut [&mut one, &mut other]);
    one.push("say", json!({"a": 1}));
    one.expect_event("say", json!({"a": 1}));
    other.expect_event("say", json!({"a": 1}));
    let mut third = client_of(&served);
    assert_eq!(third.try_join(ROOM), Err("room full".to_owned()));
    let closed = room("join = \"deny\"\nreason = \"over\"\n");
    reload(&folder, &served, &closed, &mut [&mut one, &mut other]);
    one.push("say", json!({"a": 2}));
    one.expect_error("over");
    assert_eq!(third.try_join(ROOM), Err("over".to_owned()));
    other.expect_nothing();
}

#[test]
fn wrong_file_changes_nothing_for_clients() {
    let right = "[[room]]\ntopic = \"room:*\"\n[[room.event]]\nname = \"say\"\n";
    let folder = Folder::of("reload_wrong_rules").with(right);
    let served = folder.serve(&[]);
    let mut client = client_of(&served);
    client.join(ROOM);
    // All settings but the last line could take effect.
    folder.write(
        "[limits]\nmessage_bytes.max = 10\n[socket]\norigins = \"any\"\n[[room]]\ntopic = \"room:*\"\n\
         join = \"deny\"\nreason = \"over\"\n[[room.event]]\nname = \"say\"\n",
    );
    served.reload(&["ERROR", "nothing was changed"]);
    client.expect_nothing();
    client.push("say", json!({"a": "more than ten bytes"}));
    client.expect_event("say", json!({"a": "more than ten bytes"}));
    client.leave(ROOM);
    client.join(ROOM);
    let refused = upgrade(served.address(), TARGET, "Origin: http://other\r\n");
    assert!(refused.is_err_and(|answer| answer.starts_with("HTTP/1.1 403 ")));
    served.shows("lobbyd_refusals_total{reason=\"origin\"}", 1);
}

#[test]
fn limits_and_origins_change_for_who_is_connected_and_for_who_comes() {
    let open = "[[room]]\ntopic = \"room:*\"\n[[room.event]]\nname = \"say\"\n";
    let folder = Folder::of("reload_limits").with(open);
    let served = folder.serve(&[]);
    let mut client = client_of(&served);
    client.join(ROOM);
    client.join("room:b");
    let strict = format!(
        "[server]\ntrusted_proxies = [\"127.0.0.0/8\"]\n[socket]\norigins = [\"//a.example\"]\n\
         [limits]\nmessage_bytes.max = 200\nchannels_per_connection.max = 2\n\
         connections_per_address.max = 1\n{open}"
    );
    reload(&folder, &served, &strict, &mut [&mut client]);
    served.logs(&["takes a restart to change", "server.trusted_proxies"]);
    assert_eq!(
        client.try_join("room:c"),
        Err("too many channels joined".to_owned())
    );
    client.push("say", json!({"a": "x".repeat(100)}));
    client.expect_event("say", json!({"a": "x".repeat(100)}));
    client.push("say", json!({"a": "x".repeat(200)}));
    assert_eq!(client.close_code(), 1009);
    let from = |origin: &str| upgrade(served.address(), TARGET, &format!("Origin: {origin}\r\n"));
    assert!(from("https://a.example").is_ok());
    let own = format!("http://{}", served.address());
    assert!(from(&own).is_err_and(|answer| answer.starts_with("HTTP/1.1 403 ")));
    served.shows(
        "lobbyd_limit_reached_total{limit=\"message_bytes\",mode=\"enforce\"}",
        1,
    );
    served.shows(
        "lobbyd_limit_reached_total{limit=\"channels_per_connection\",mode=\"enforce\"}",
        1,
    );
}

#[test]
fn proxies_counts_by_address_and_metrics_survive_a_reload() {
    let file = |max: u32| {
        format!(
            "[server]\ntrusted_proxies = [\"127.0.0.0/8\"]\n[limits]\n\
             connections_per_address.max = {max}\njoins_per_second.burst = 2_000\n"
        )
    };
    let folder = Folder::of("reload_door").with(&file(2));
    let served = folder.serve(&[]);
    let come = || upgrade(served.address(), TARGET, "X-Forwarded-For: 192.0.2.1\r\n");
    let mut first = come().expect("the first of its address");
    first.join("room:lobby");
    let joins = served.metric("lobbyd_joins_total{result=\"ok\"}");
    reload(&folder, &served, &file(1), &mut [&mut first]);
    // A client of before the reload still counts, at the address that the proxy named.
    assert!(come().is_err_and(|answer| answer.starts_with("HTTP/1.1 429 ")));
    served.shows("lobbyd_refusals_total{reason=\"address\"}", 1);
    assert_eq!(served.metric("lobbyd_joins_total{result=\"ok\"}"), joins);
    reload(&folder, &served, &file(2), &mut [&mut first]);
    let second = come().expect("there is room for another");
    drop((first, second));
    served.shows("lobbyd_connections{state=\"websocket\"}", 0);
    eventually("both places are free again", || {
        let both = [come(), come()];
        both.iter().all(Result::is_ok)
    });
}

#[test]
fn reload_during_a_drain_does_no_harm() {
    let drain = "[drain]\nready_delay_ms = 1_000\nwindow_ms = 500\n";
    let folder = Folder::of("reload_draining").with(drain);
    let served = folder.serve(&[]);
    let mut client = client_of(&served);
    client.join("room:lobby");
    served.signal("TERM");
    served.logs(&["asked to end"]);
    folder.write("[log]\nlevel = \"debug\"\n");
    served.signal("HUP");
    client.expect_nothing();
    served.signal("HUP");
    assert_eq!(client.close_code(), 1012);
    drop(client);
    assert_eq!(served.ended().code, Some(0));
}
