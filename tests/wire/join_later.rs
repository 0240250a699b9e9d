//! A join that waits holds up its topic alone: `examples/join_later.rs` over a real socket.

#[path = "../../examples/join_later.rs"]
mod example;

use std::time::Duration;

use example::TokenTable;
use lobbyd::server::Running;
use serde_json::{Value, json};
use testkit::{Client, connect, frame, serve};

/// Length of a look-up. A heartbeat takes this long only if the join holds up its connection.
const LOOK_UP: Duration = Duration::from_millis(700);

fn doors() -> Running {
    serve(example::router(TokenTable::new(LOOK_UP)))
}

/// Sends all messages at once, so that the server reads them together.
fn send_all(client: &mut Client, messages: &[Value]) {
    let frames = messages
        .iter()
        .map(|message| frame(1, message.to_string().as_bytes()));
    client.send_raw(&frames.collect::<Vec<_>>().concat());
}

fn heartbeat(reference: &str) -> Value {
    json!([null, reference, "phoenix", "heartbeat", {}])
}

fn beaten(reference: &str) -> Value {
    json!([null, reference, "phoenix", "phx_reply", {"response": {}, "status": "ok"}])
}

fn reply(reference: &str, topic: &str, status: &str, response: Value) -> Value {
    json!(["11", reference, topic, "phx_reply", {"response": response, "status": status}])
}

#[test]
fn heartbeats_and_other_topics_go_on_while_a_join_waits() {
    let server = doors();
    let mut client = connect(&server);
    send_all(
        &mut client,
        &[
            json!(["11", "1", "door:1", "phx_join", {"token": "open sesame"}]),
            json!(["11", "2", "door:1", "who_am_i", {}]),
            heartbeat("3"),
            json!(["11", "4", "door:2", "phx_join", {}]),
            heartbeat("5"),
        ],
    );
    client.expect(beaten("3"));
    client.expect(reply(
        "4",
        "door:2",
        "error",
        json!({"reason": "a token is needed"}),
    ));
    client.expect(beaten("5"));
    client.expect(reply("1", "door:1", "ok", json!({"name": "Ali"})));
    client.expect(reply("2", "door:1", "ok", json!({"name": "Ali"})));
}

#[test]
fn join_that_waits_may_still_be_refused_and_two_wait_side_by_side() {
    let server = doors();
    let mut client = connect(&server);
    send_all(
        &mut client,
        &[
            json!(["11", "1", "door:1", "phx_join", {"token": "please"}]),
            json!(["11", "2", "door:2", "phx_join", {"token": "xyzzy"}]),
            heartbeat("3"),
        ],
    );
    client.expect(beaten("3"));
    client.expect(reply(
        "1",
        "door:1",
        "error",
        json!({"reason": "unknown token"}),
    ));
    client.expect(reply("2", "door:2", "ok", json!({"name": "Will"})));
}

#[test]
fn client_that_gives_up_and_joins_anew_is_answered_in_order() {
    let server = doors();
    let mut client = connect(&server);
    send_all(
        &mut client,
        &[
            json!(["11", "1", "door:1", "phx_join", {"token": "xyzzy"}]),
            json!(["11", "2", "door:1", "phx_leave", {}]),
            json!(["13", "3", "door:1", "phx_join", {"token": "open sesame"}]),
            heartbeat("4"),
        ],
    );
    client.expect(beaten("4"));
    client.expect(reply("1", "door:1", "ok", json!({"name": "Will"})));
    client.expect(reply("2", "door:1", "ok", json!({})));
    client.expect(json!(["11", "11", "door:1", "phx_close", {}]));
    client.expect(
        json!(["13", "3", "door:1", "phx_reply", {"response": {"name": "Ali"}, "status": "ok"}]),
    );
}

#[test]
fn client_that_goes_away_while_its_join_waits_disturbs_nobody() {
    let server = doors();
    let mut client = connect(&server);
    send_all(
        &mut client,
        &[json!(["11", "1", "door:1", "phx_join", {"token": "xyzzy"}])],
    );
    drop(client);
    let mut other = connect(&server);
    other.send(json!(["11", "1", "door:1", "phx_join", {"token": "xyzzy"}]));
    other.expect(reply("1", "door:1", "ok", json!({"name": "Will"})));
    drop(other);
    assert_eq!(server.stop().unwrap().cut_off, 0);
}
