//! Topics and connections that come and go in large numbers.

use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;
use testkit::{Client, at_any_pace, connect, connect_to, eventually, frame};

use crate::fixture::{Chat, arena, nothing_is_left};

const TOPICS: usize = 100;

fn all_topics(client: usize, round: usize, event: &str) -> Vec<u8> {
    let message = |topic: usize| {
        // All clients share half of the topics. The other half belong to this client and round
        // alone.
        let topic = match topic % 2 {
            0 => format!("room:{topic}"),
            _ => format!("room:{client}:{round}:{topic}"),
        };
        frame(
            1,
            json!(["11", "1", topic, event, {}]).to_string().as_bytes(),
        )
    };
    (0..TOPICS).flat_map(message).collect()
}

fn join_all(client: &mut Client, number: usize, round: usize) {
    client.send_raw(&all_topics(number, round, "phx_join"));
    for _ in 0..TOPICS {
        assert_eq!(client.json()[4]["status"], "ok");
    }
}

fn leave_all(client: &mut Client, number: usize, round: usize) {
    client.send_raw(&all_topics(number, round, "phx_leave"));
    for _ in 0..TOPICS {
        assert_eq!(client.json()[4]["status"], "ok");
        assert_eq!(client.json()[3], "phx_close");
    }
    client.expect_nothing();
}

#[test]
fn storm_of_joins_and_leaves_on_thousands_of_topics_leaves_no_topic() {
    let server = arena(2, at_any_pace());
    let chat = Chat::start(&server, "room:chat");
    let address = server.local_addr();
    let storm: Vec<_> = (0..8)
        .map(|number| {
            std::thread::spawn(move || {
                let mut client = connect_to(address, "/socket/websocket?vsn=2.0.0");
                for round in 0..6 {
                    join_all(&mut client, number, round);
                    // In every third round the connection ends without leaves.
                    if round % 3 == 2 {
                        client = connect_to(address, "/socket/websocket?vsn=2.0.0");
                    } else {
                        leave_all(&mut client, number, round);
                    }
                }
            })
        })
        .collect();
    for client in storm {
        client.join().expect("every join and leave is answered");
    }
    chat.end();
    nothing_is_left(server);
}

#[test]
fn broadcasts_to_topics_that_come_and_go_reach_only_their_members() {
    let server = arena(2, at_any_pace());
    let chat = Chat::start(&server, "room:chat");
    let endpoint = server.endpoint().clone();
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                for topic in ["room:a", "room:b", "room:c"] {
                    endpoint.broadcast(topic, "said", json!({"topic": topic}));
                }
            }
        });
        let churning: Vec<_> = (0..4)
            .map(|_| connect(&server))
            .map(|mut client| scope.spawn(move || {
                for turn in 0..150 {
                    let topic = ["room:a", "room:b", "room:c"][turn % 3];
                    let join_ref = turn.to_string();
                    client.send(json!([join_ref, "1", topic, "phx_join", {}]));
                    client.send(json!([join_ref, "2", topic, "phx_leave", {}]));
                    // Only frames of this join come between its reply and its close.
                    client.expect(json!([join_ref, "1", topic, "phx_reply", {"status": "ok", "response": {}}]));
                    loop {
                        let message = client.json();
                        if message[3] != "said" {
                            assert_eq!((&message[1], &message[3]), (&json!("2"), &json!("phx_reply")));
                            break;
                        }
                        assert_eq!(message, json!([null, null, topic, "said", {"topic": topic}]));
                    }
                    client.expect(json!([join_ref, join_ref, topic, "phx_close", {}]));
                }
            }))
            .collect();
        let ended: Vec<_> = churning.into_iter().map(|client| client.join()).collect();
        over.store(true, Ordering::Relaxed);
        assert!(ended.iter().all(Result::is_ok));
    });
    chat.end();
    nothing_is_left(server);
}

#[test]
fn connections_reset_in_the_middle_of_everything_leave_nothing() {
    let server = arena(2, at_any_pace());
    let chat = Chat::start(&server, "room:chat");
    for number in 0..200 {
        let mut client = connect(&server);
        client.send_raw(&all_topics(number % 4, 0, "phx_join")[..number * 20]);
        if number % 2 == 0 {
            reset(client);
        }
    }
    chat.end();
    nothing_is_left(server);
}

/// Closes the connection with RST, in the middle of its work.
pub fn reset(mut client: Client) {
    let _ = client.stream.flush();
    let linger = Some(std::time::Duration::ZERO);
    socket2::SockRef::from(&client.stream)
        .set_linger(linger)
        .unwrap();
}

#[test]
fn clients_that_come_and_go_without_joining_leave_nothing() {
    let server = arena(2, at_any_pace());
    let chat = Chat::start(&server, "room:chat");
    for number in 0..300 {
        let client = connect(&server);
        if number % 2 == 0 {
            reset(client);
        }
    }
    eventually("only the chat is left", || {
        server.endpoint().topics_len() == 1
    });
    chat.end();
    nothing_is_left(server);
}
