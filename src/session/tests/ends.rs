//! How channels end: leaves, stops, crashes, the end of the connection.

use super::Client;
use super::routing::assert_same_object;
use crate::object;
use crate::protocol::IntoPayload;

const BYE: &str = r#"["1",null,"room:a","bye",{}]"#;
const CLOSE: &str = r#"["1","1","room:a","phx_close",{}]"#;
const ERROR: &str = r#"["1","1","room:a","phx_error",{"reason":"channel_crash"}]"#;
const OK: &str = r#"["1","2","room:a","phx_reply",{"response":{},"status":"ok"}]"#;

#[test]
fn leave_is_answered_then_closed_then_terminated() {
    let mut client = Client::in_room();
    let frames = client.says(r#"["1","2","room:a","phx_leave",{}]"#);
    assert_eq!(frames, [OK, CLOSE, BYE]);
    assert_eq!(client.diary.read(), ["join room:a", "Left"]);
    assert_eq!(client.host.topics(), [""; 0]);
    let again = client.says(r#"["1","2","room:a","phx_leave",{}]"#);
    assert_eq!(again, [OK]);
    let event = client.says(r#"["1","2","room:a","echo",{}]"#);
    assert!(event[0].starts_with(r#"[null,"2","room:a""#) && event[0].contains("unmatched"));
}

#[test]
fn leave_and_a_join_back_to_back_are_both_answered() {
    let mut client = Client::in_room();
    let left = client.says(r#"["1","2","room:a","phx_leave",{}]"#);
    assert_eq!(left, [OK, CLOSE, BYE]);
    let joined = client.says(r#"["3","3","room:a","phx_join",{}]"#);
    let reply = r#"["3","3","room:a","phx_reply",{"response":{},"status":"ok"}]"#;
    assert_eq!(joined, [reply]);
}

#[test]
fn normal_stop_closes_then_terminates() {
    let mut client = Client::in_room();
    let frames = client.says(r#"["1","2","room:a","stop",{}]"#);
    assert_eq!(frames, [CLOSE, BYE]);
    assert_eq!(client.diary.read()[1], "Stopped(Normal)");
    assert_eq!(client.session.channels_len(), 0);
}

#[test]
fn stop_with_a_reply_replies_first_and_survives_a_panic_in_terminate() {
    let mut client = Client::in_room();
    let frames = client.says(r#"["1","2","room:a","shutdown",{}]"#);
    assert_eq!(frames, [OK, CLOSE, BYE]);
    assert_eq!(client.diary.read()[1], "Stopped(Shutdown)");
    assert_eq!(client.says(r#"["3","2","room:a","phx_join",{}]"#).len(), 1);
}

#[test]
fn stop_because_of_a_failure_terminates_then_tells_of_an_error() {
    let mut client = Client::in_room();
    let frames = client.says(r#"["1","2","room:a","give up",{}]"#);
    let reply = r#"["1","2","room:a","phx_reply",{"response":{},"status":"error"}]"#;
    assert_eq!(frames, [reply, BYE, ERROR]);
    assert_eq!(client.diary.read()[1], r#"Stopped(Failed("worn out"))"#);
}

#[test]
fn panic_keeps_what_was_pushed_and_ends_the_channel_with_an_error() {
    let mut client = Client::in_room();
    let frames = client.says(r#"["1","2","room:a","panic",{}]"#);
    let pushed = r#"["1",null,"room:a","last",{}]"#;
    assert_eq!(frames, [pushed, BYE, ERROR]);
    assert_eq!(client.diary.read()[1], r#"Crashed("asked to")"#);
    assert_eq!(client.host.topics(), [""; 0]);
    let heartbeat = client.says(r#"[null,"3","phoenix","heartbeat",{}]"#);
    assert_eq!(heartbeat.len(), 1);
    let event = client.says(r#"["1","2","room:a","echo",{}]"#);
    assert!(event[0].contains("unmatched topic"));
}

#[test]
fn version_1_tells_of_close_and_error_with_the_join_ref_as_ref() {
    let join = r#"{"topic":"room:a","event":"phx_join","payload":{},"ref":"1","join_ref":"1"}"#;
    let event = |name| format!(r#"{{"topic":"room:a","event":"{name}","payload":{{}},"ref":"2"}}"#);
    let mut client = Client::v1();
    client.says(join);
    let close = r#"{"topic":"room:a","event":"phx_close","payload":{},"ref":"1"}"#;
    assert_same_object(&client.says(&event("stop"))[0], close);
    client.says(join);
    let error =
        r#"{"topic":"room:a","event":"phx_error","payload":{"reason":"channel_crash"},"ref":"1"}"#;
    assert_same_object(&client.says(&event("panic"))[2], error);
}

#[test]
fn bytes_for_a_client_of_version_1_crash_the_channel() {
    for event in ["bytes", "push bytes"] {
        let mut client = Client::v1();
        client.says(r#"{"topic":"room:a","event":"phx_join","payload":{},"ref":"1"}"#);
        let frames = client.says(&format!(
            r#"{{"topic":"room:a","event":"{event}","payload":{{}},"ref":"2"}}"#
        ));
        let error = r#"{"topic":"room:a","event":"phx_error","payload":{"reason":"channel_crash"},"ref":null}"#;
        assert_same_object(frames.last().unwrap(), error);
        assert!(client.diary.read()[1].contains("version 1"), "{event}");
    }
}

#[test]
fn push_or_broadcast_that_is_no_object_crashes_the_channel() {
    for event in ["push", "broadcast"] {
        let mut client = Client::in_room();
        let frames = client.says(&format!(r#"["1","2","room:a","{event}",[1]]"#));
        assert_eq!(frames, [BYE, ERROR]);
        assert!(client.diary.read()[1].contains("not an object"));
    }
}

#[test]
fn binary_reply_whose_ref_is_too_long_for_it_crashes_the_channel() {
    let mut client = Client::in_room();
    let long = "x".repeat(256);
    let frames = client.says(&format!(r#"["1","{long}","room:a","bytes",{{}}]"#));
    assert_eq!(frames, [BYE, ERROR]);
}

#[test]
fn handle_out_may_stop_the_channel() {
    let mut client = Client::in_room();
    client.says(r#"["1","2","room:a","secret",{"stop":true}]"#);
    assert_eq!(client.delivers_broadcasts(), [CLOSE, BYE]);
    let payload = object! {}.into_payload();
    client.host.publish("room:a", "secret", &payload, None);
    assert_eq!(client.delivers_broadcasts(), [""; 0]);
}

#[test]
fn broadcast_of_terminate_does_not_come_back_but_reaches_the_others() {
    let mut client = Client::in_room();
    client.says(r#"["1","2","room:a","phx_leave",{}]"#);
    let calls = [
        "send",
        "subscribe 1 room:a",
        "unsubscribe 1",
        "send",
        "send",
        "send",
        "broadcast room:a gone",
    ];
    assert_eq!(client.host.calls, calls);
}

#[test]
fn end_of_the_connection_terminates_every_channel() {
    let mut client = Client::in_room();
    client.says(r#"["2","2","room:b","phx_join",{}]"#);
    client.diary.read();
    client.session.terminate(&mut client.host);
    assert_eq!(client.diary.read(), ["Closed", "Closed"]);
    assert_eq!(client.host.topics(), [""; 0]);
    assert_eq!(client.session.channels_len(), 0);
    client.diary.handle().push("late", object! {});
    client.hears();
    assert_eq!(client.delivers_mail(), [""; 0]);
}
