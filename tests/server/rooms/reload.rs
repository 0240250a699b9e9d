//! The changes of a reload, the clients that they apply to, and the state that a reload keeps.

use std::io::Write;
use std::sync::Arc;
use std::thread;

use lobbyd::rooms::{DeclaredRoom, EventRule, Rate, RoomRules, declare};
use lobbyd::server::{Limit, Server, ServerLimits};
use lobbyd::{Connect, Router, UserSocket};
use serde_json::json;
use testkit::{Client, connect, connect_to, eventually, open, request, serve, upgrade_request};
use tokio::sync::Notify;

use crate::rooms::fixture::{ROOM, any, fields, named, reload_of, room_with, router, serve_rooms};

/// Returns the rules of a room that relays `say` with its body alone.
fn strict() -> RoomRules {
    room_with(EventRule {
        relay: fields(&["body"]),
        ..named("say")
    })
}

#[test]
fn rule_changes_for_members_that_are_in_already() {
    let server = serve_rooms([strict()]);
    let [mut one, mut other] = [connect(&server), connect(&server)];
    one.join(ROOM);
    other.join(ROOM);
    let payload = json!({"text": "hi"});
    one.push("say", payload.clone());
    one.expect_error("say needs an object with a body");
    server
        .endpoint()
        .reload(reload_of(router([room_with(any())])));
    eventually("the new rule holds", || {
        one.push("say", payload.clone());
        one.json() == json!([null, null, ROOM, "say", payload])
    });
    other.expect_event("say", payload);
    other.expect_nothing();
}

#[test]
fn members_of_a_room_that_is_closed_stay_hear_and_may_not_push() {
    let server = serve_rooms([strict()]);
    let mut member = connect(&server);
    member.join(ROOM);
    let closed = RoomRules::closed("room:*", "closed for today");
    server.endpoint().reload(reload_of(router([closed])));
    eventually("nobody new gets in", || {
        connect(&server).try_join(ROOM) == Err("closed for today".to_owned())
    });
    server.endpoint().broadcast(ROOM, "news", ());
    member.expect_event("news", json!({}));
    eventually("the member may not push", || {
        member.push("say", json!({"body": 1}));
        member.json()[4]["response"]["reason"] == "closed for today"
    });
}

#[test]
fn members_stay_in_when_there_are_fewer_places() {
    let places = |members_max| RoomRules {
        members_max: Some(members_max),
        ..room_with(any())
    };
    let server = serve_rooms([places(2)]);
    let mut members = [connect(&server), connect(&server)];
    members.iter_mut().for_each(|member| member.join(ROOM));
    server.endpoint().reload(reload_of(router([places(1)])));
    server.endpoint().broadcast(ROOM, "news", ());
    for member in &mut members {
        member.expect_event("news", json!({}));
    }
    members[0].leave(ROOM);
    eventually("one is one too many", || {
        let outcome = members[0].try_join(ROOM);
        if outcome.is_ok() {
            members[0].leave(ROOM);
        }
        outcome == Err("room full".to_owned())
    });
}

#[test]
fn limits_of_a_mount_hold_for_connections_that_it_has_already() {
    let with = |limit: fn(UserSocket) -> UserSocket| {
        let socket = declare(UserSocket::new(), [room_with(any())]);
        Router::new().socket("/socket", limit(socket))
    };
    let server = serve(with(|socket| socket));
    let mut idle = connect(&server);
    idle.join(ROOM);
    server
        .endpoint()
        .reload(reload_of(with(|socket| socket.idle_timeout_ms(300))));
    assert_eq!(idle.close_code(), 1001);
    let mut wordy = connect(&server);
    server
        .endpoint()
        .reload(reload_of(with(|socket| socket.message_bytes_max(1_000))));
    wordy.join(ROOM);
    wordy.push("say", json!({"long": "x".repeat(2_000)}));
    let last = std::iter::from_fn(|| wordy.next_frame()).last();
    assert_eq!(last.map(|frame| frame.close_code()), Some(1009));
}

#[test]
fn mount_that_is_gone_serves_those_it_has_and_nobody_else() {
    let server = serve_rooms([strict()]);
    let mut member = connect(&server);
    member.join(ROOM);
    let elsewhere = Router::new().socket("/elsewhere", declare(UserSocket::new(), [strict()]));
    server.endpoint().reload(reload_of(elsewhere));
    let ask = upgrade_request(server.local_addr(), "/socket/websocket?vsn=2.0.0", "");
    eventually("the old path is gone", || {
        // The server keeps the connection after any answer but 404, so the request asks it to
        // close.
        let ask = ask.replace("Connection: Upgrade", "Connection: Upgrade, close");
        request_head(&server, &ask).starts_with("HTTP/1.1 404 ")
    });
    member.push("say", json!({"body": 1}));
    member.expect_event("say", json!({"body": 1}));
    connect_to(server.local_addr(), "/elsewhere/websocket?vsn=2.0.0").join(ROOM);
    // The path is configured again with other rules, and the server finds it.
    server
        .endpoint()
        .reload(reload_of(router([room_with(any())])));
    eventually("the new rule holds", || {
        member.push("say", json!({"n": 1}));
        member.json()[3] == "say"
    });
}

/// Returns the head of the answer to `ask`.
fn request_head(server: &lobbyd::Running, ask: &str) -> String {
    use std::io::Read;
    let mut stream = open(server.local_addr());
    stream.write_all(ask.as_bytes()).unwrap();
    let mut head = [0; 64];
    let read = stream.read(&mut head).unwrap();
    String::from_utf8_lossy(&head[..read]).into_owned()
}

#[test]
fn client_let_in_during_a_reload_meets_the_new_rooms() {
    let gate = Arc::new(Notify::new());
    let (asked, was_asked) = std::sync::mpsc::channel();
    let opens = Arc::clone(&gate);
    let slow = UserSocket::new()
        .channel(
            "room:*",
            DeclaredRoom::new(RoomRules::closed("room:*", "old")),
        )
        .connect(move |_, _| {
            let _ = asked.send(());
            let gate = Arc::clone(&opens);
            Connect::later(async move { gate.notified().await }, |()| Connect::ok())
        });
    let server = serve(Router::new().socket("/socket", slow));
    let mut stream = open(server.local_addr());
    let ask = upgrade_request(server.local_addr(), "/socket/websocket?vsn=2.0.0", "");
    stream.write_all(ask.as_bytes()).unwrap();
    was_asked.recv_timeout(testkit::DEADLINE).unwrap();
    server.endpoint().reload(reload_of(router([strict()])));
    gate.notify_one();
    Client::upgraded(stream).join(ROOM);
}

#[test]
fn reload_before_the_start_is_what_it_starts_with() {
    let old = router([RoomRules::closed("*", "old")]);
    let bound = Server::new(old)
        .shards(2)
        .bind("127.0.0.1:0".parse().unwrap())
        .unwrap();
    bound.endpoint().reload(reload_of(router([strict()])));
    let server = bound.start();
    connect(&server).join(ROOM);
}

#[test]
fn replaced_configuration_is_let_go() {
    let kept = Arc::new(DeclaredRoom::new(strict()));
    let socket = UserSocket::new().channel("room:*", Arc::clone(&kept));
    let server = serve(Router::new().socket("/socket", socket));
    let mut client = connect(&server);
    client.join(ROOM);
    assert_eq!(Arc::strong_count(&kept), 2);
    server.endpoint().reload(reload_of(router([strict()])));
    eventually("nobody holds the old room", || {
        Arc::strong_count(&kept) == 1
    });
    client.push("say", json!({"body": 1}));
    client.expect_event("say", json!({"body": 1}));
}

#[test]
fn new_limits_of_http_hold_for_those_who_connect_then() {
    let server = serve_rooms([strict()]);
    let limits = ServerLimits::default().with_max(Limit::HeadTime, 100);
    let reload = reload_of(router([strict()])).limits(limits);
    server.endpoint().reload(reload);
    // With the default the server would wait 10 s.
    let start = std::time::Instant::now();
    let answer = request(server.local_addr(), "GET /healthz HTTP/1.1\r\nHost: x\r\n");
    let waited = start.elapsed();
    assert!(waited.as_secs() < 8, "{waited:?}: {answer}");
}

#[test]
fn hundred_reloads_under_traffic_lose_and_repeat_nothing_on_two_shards() {
    const RELOADS: usize = 100;
    const EACH: usize = 15;
    let server = serve_rooms([strict()]);
    let mut members: Vec<Client> = (0..6).map(|_| connect(&server)).collect();
    members.iter_mut().for_each(|member| member.join(ROOM));
    let mut publisher = connect(&server);
    publisher.join(ROOM);
    let endpoint = server.endpoint().clone();
    let reader = thread::spawn(move || {
        for member in &mut members {
            for number in 0..RELOADS * EACH {
                member.expect_event("say", json!({ "body": number }));
            }
            member.expect_nothing();
        }
        members
    });
    for round in 0..RELOADS {
        // Each round has a new room, with the same meaning for these messages.
        let mut rules = vec![strict(), RoomRules::closed("room:*", round.to_string())];
        rules[0].members_max = Some(100 + round as u32);
        endpoint.reload(reload_of(router(rules)));
        for number in round * EACH..(round + 1) * EACH {
            publisher.push("say", json!({ "body": number }));
        }
        // The publisher waits for its own copies, so that rounds and turns run in step.
        for number in round * EACH..(round + 1) * EACH {
            publisher.expect_event("say", json!({ "body": number }));
        }
    }
    let members = reader.join().unwrap();
    let closes = server.endpoint().closes();
    assert_eq!(closes.by_reason().map(|(_, count)| count).sum::<u64>(), 0);
    drop(members);
}

#[test]
fn member_at_the_end_of_a_slow_rate_may_push_at_another_rate_at_once() {
    let at = |per_second, burst| {
        let rate = Some(Rate::per_second(per_second).with_burst(burst));
        room_with(EventRule { rate, ..any() })
    };
    let server = serve_rooms([at(1, 500)]);
    let mut member = connect(&server);
    member.join(ROOM);
    for number in 0..500 {
        member.push("say", json!({ "n": number }));
        member.expect_event("say", json!({ "n": number }));
    }
    let started = std::time::Instant::now();
    server.endpoint().reload(reload_of(router([at(1000, 10)])));
    eventually("the new rate holds", || {
        member.push("say", json!({}));
        member.json()[3] == "say"
    });
    // At the old rate the missing tokens would need 490 s.
    assert!(started.elapsed() < testkit::DEADLINE);
}
