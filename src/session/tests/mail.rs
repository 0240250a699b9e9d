//! Handles: requests of other threads to a channel, through its connection's mailbox.

use super::Client;
use super::app::Note;
use crate::channel::{Assigns, ReplyHandle, SocketHandle, StopReason};
use crate::object;
use crate::protocol::Version;

const BYE: &str = r#"["1",null,"room:a","bye",{}]"#;
const ERROR: &str = r#"["1","1","room:a","phx_error",{"reason":"channel_crash"}]"#;

#[test]
fn handles_can_be_sent_to_other_threads_and_shared() {
    fn is_portable<T: Send + Sync + Clone + 'static>() {}
    is_portable::<SocketHandle>();
    is_portable::<ReplyHandle>();
}

#[test]
fn saved_handle_answers_its_event_later_and_more_than_once() {
    let mut client = Client::in_room();
    assert_eq!(client.says(r#"["1","9","room:a","save",{}]"#), [""; 0]);
    let reply = client.diary.reply_handle();
    std::thread::spawn(move || {
        reply.reply("ok", object! { "n": 1 });
        reply.reply("error", vec![5, 6]);
    })
    .join()
    .unwrap();
    let expected = [
        r#"["1","9","room:a","phx_reply",{"response":{"n":1},"status":"ok"}]"#,
        "01010106053139726f6f6d3a616572726f720506",
    ];
    assert_eq!(client.delivers_mail(), expected);
}

#[test]
fn handle_for_a_reply_that_nobody_waits_for_is_none() {
    let mut client = Client::in_room();
    client.says(r#"["1",null,"room:a","save",{}]"#);
    assert_eq!(client.diary.read()[1], "saved false");
}

#[test]
fn handle_pushes_broadcasts_and_informs_in_order() {
    let mut client = Client::in_room();
    let handle = client.diary.handle();
    handle.push("a", object! {});
    handle.send(Note("b"));
    handle.broadcast("c", object! {});
    handle.broadcast_from("d", object! {});
    handle.push("e", object! {});
    let expected = [
        r#"["1",null,"room:a","a",{}]"#,
        r#"["1",null,"room:a","info",{"text":"b"}]"#,
        r#"[null,null,"room:a","c",{}]"#,
        r#"["1",null,"room:a","e",{}]"#,
    ];
    assert_eq!(client.delivers_mail(), expected);
    assert!(client.host.calls.contains(&"broadcast room:a d".into()));
}

#[test]
fn mail_of_a_channel_to_itself_comes_when_the_callback_is_over() {
    let mut client = Client::in_room();
    let reply = r#"["1","2","room:a","phx_reply",{"response":{},"status":"ok"}]"#;
    assert_eq!(client.says(r#"["1","2","room:a","note",{}]"#), [reply]);
    let push = r#"["1",null,"room:a","info",{"text":"to myself"}]"#;
    assert_eq!(client.delivers_mail(), [push]);
}

#[test]
fn handle_stops_the_channel() {
    let mut client = Client::in_room();
    client.diary.handle().stop(StopReason::Normal);
    let close = r#"["1","1","room:a","phx_close",{}]"#;
    assert_eq!(client.delivers_mail(), [close, BYE]);
    let mut client = Client::in_room();
    client.diary.handle().stop(StopReason::Failed("x".into()));
    assert_eq!(client.delivers_mail(), [BYE, ERROR]);
}

#[test]
fn handle_info_may_stop_the_channel_and_what_comes_after_is_dropped() {
    let mut client = Client::in_room();
    let handle = client.diary.handle();
    handle.send(Note("stop"));
    handle.send(Note("too late"));
    let close = r#"["1","1","room:a","phx_close",{}]"#;
    assert_eq!(client.delivers_mail(), [close, BYE]);
}

#[test]
fn reply_to_nobody_is_a_mistake_that_ends_the_channel() {
    let mut client = Client::in_room();
    client.diary.handle().send(Note("reply"));
    assert_eq!(client.delivers_mail(), [BYE, ERROR]);
}

#[test]
fn handle_that_sends_what_has_no_form_ends_the_channel() {
    let mut client = Client::in_room();
    client.diary.handle().push("x", serde_json::json!([1]));
    assert_eq!(client.delivers_mail(), [BYE, ERROR]);
    client.says(r#"["1","1","room:a","phx_join",{}]"#);
    client.diary.handle().broadcast("x", serde_json::json!(1));
    assert_eq!(client.delivers_mail(), [BYE, ERROR]);
    let mut client = Client::with(Version::V1, Assigns::default(), |_| {});
    client.says(r#"{"topic":"room:a","event":"phx_join","payload":{},"ref":"1"}"#);
    client.diary.handle().push("x", vec![1]);
    assert!(client.delivers_mail()[1].contains("phx_error"));
}

#[test]
fn mail_for_a_channel_that_was_replaced_does_not_reach_the_new_one() {
    let mut client = Client::in_room();
    let old = client.diary.handle();
    client.says(r#"["2","2","room:a","phx_join",{}]"#);
    old.push("x", object! {});
    old.stop(StopReason::Normal);
    assert_eq!(client.delivers_mail(), [""; 0]);
    assert_eq!(client.session.channels_len(), 1);
}
