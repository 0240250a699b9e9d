//! Channels that wait for a future: messages that go on, messages that stand in line, and the end
//! of the wait.

use super::Client;
use super::app::Note;
use crate::channel::{Assigns, Lost, PushRefusal, StopReason};
use crate::object;
use crate::protocol::IntoPayload;
use crate::protocol::Version;

const NOTHING: [&str; 0] = [];
const BYE: &str = r#"["1",null,"room:a","bye",{}]"#;
const CLOSE: &str = r#"["1","1","room:a","phx_close",{}]"#;
const ERROR: &str = r#"["1","1","room:a","phx_error",{"reason":"channel_crash"}]"#;
const HEARTBEAT: &str = r#"[null,"7","phoenix","phx_reply",{"response":{},"status":"ok"}]"#;
const LATE: &str = r#"["1","1","room:a","phx_reply",{"response":{"word":"late"},"status":"ok"}]"#;

fn ok(join_ref: &str, reference: &str) -> String {
    format!(
        r#"["{join_ref}","{reference}","room:a","phx_reply",{{"response":{{}},"status":"ok"}}]"#
    )
}

fn error(join_ref: &str, reference: &str, reason: &str) -> String {
    format!(
        r#"["{join_ref}","{reference}","room:a","phx_reply",{{"response":{{"reason":"{reason}"}},"status":"error"}}]"#
    )
}

/// Returns a client whose join of `room:a` waits.
fn joining(wish: &str) -> Client {
    let mut client = Client::v2();
    let join = format!(r#"["1","1","room:a","phx_join",{{"do":"{wish}"}}]"#);
    assert_eq!(client.says(&join), NOTHING);
    client
}

/// Returns a client in `room:a` whose event with ref "2" waits.
fn waiting() -> Client {
    let mut client = Client::in_room();
    assert_eq!(client.says(r#"["1","2","room:a","later",{}]"#), NOTHING);
    client
}

#[test]
fn join_that_waits_lets_heartbeats_and_other_topics_go_on() {
    let mut client = joining("later");
    let beat = client.says(r#"[null,"7","phoenix","heartbeat",{}]"#);
    assert_eq!(beat, [HEARTBEAT]);
    let other = client.says(r#"["5","5","room:b","phx_join",{}]"#);
    assert_eq!(other.len(), 1);
    assert_eq!(client.finishes_job(), [LATE]);
    assert_eq!(client.host.topics(), ["room:a", "room:b"]);
}

#[test]
fn join_that_waits_is_not_yet_in_the_topic() {
    let mut client = joining("later");
    assert_eq!(client.host.topics(), NOTHING);
    client
        .host
        .publish("room:a", "x", &object! {}.into_payload(), None);
    assert_eq!(client.finishes_job(), [LATE]);
}

#[test]
fn slow_join_sends_nothing_in_front_of_its_reply() {
    let mut client = joining("later");
    let handle = client.diary.handle();
    handle.push("a", object! {});
    handle.send(Note("b"));
    handle.broadcast("c", object! {});
    assert_eq!(client.delivers_mail(), NOTHING);
    let expected = [
        LATE,
        r#"["1",null,"room:a","a",{}]"#,
        r#"["1",null,"room:a","info",{"text":"b"}]"#,
        r#"[null,null,"room:a","c",{}]"#,
    ];
    assert_eq!(client.finishes_job(), expected);
}

#[test]
fn join_may_wait_twice() {
    let mut client = joining("later twice");
    client.says(r#"["1","2","room:a","echo",{}]"#);
    assert_eq!(client.finishes_job(), NOTHING);
    let pushed = r#"["1",null,"room:a","between",{}]"#.to_owned();
    assert_eq!(client.finishes_job(), [ok("1", "1"), pushed, ok("1", "2")]);
}

#[test]
fn slow_join_that_is_refused_or_lost_leaves_nothing() {
    let mut client = joining("refuse late");
    client.says(r#"["1","2","room:a","echo",{}]"#);
    let unmatched = r#"[null,"2","room:a","phx_reply",{"response":{"reason":"unmatched topic"},"status":"error"}]"#;
    assert_eq!(client.finishes_job(), [&*error("1", "1", "no"), unmatched]);
    let mut client = joining("later panic");
    assert_eq!(client.finishes_job(), [error("1", "1", "join crashed")]);
    let mut client = joining("later");
    let id = client.host.lose_job();
    let lost = Err(Lost::TimedOut);
    client.session.resume(id, lost, &mut client.host);
    assert_eq!(client.hears(), [error("1", "1", "join timed out")]);
    assert_eq!(client.session.channels_len(), 0);
    assert_eq!(client.diary.read(), NOTHING);
}

#[test]
fn leave_and_a_new_join_behind_a_slow_join_are_all_answered_in_order() {
    let mut client = joining("later");
    assert_eq!(client.says(r#"["1","2","room:a","phx_leave",{}]"#), NOTHING);
    assert_eq!(client.says(r#"["3","3","room:a","phx_join",{}]"#), NOTHING);
    assert_eq!(client.says(r#"["3","4","room:a","echo",{}]"#), NOTHING);
    assert_eq!(client.says(r#"["1","5","room:a","echo",{}]"#), NOTHING);
    let expected = [
        LATE.to_owned(),
        ok("1", "2"),
        CLOSE.to_owned(),
        BYE.to_owned(),
        ok("3", "3"),
        ok("3", "4"),
    ];
    assert_eq!(client.finishes_job(), expected);
}

#[test]
fn new_join_behind_a_slow_join_replaces_it_and_may_be_slow_too() {
    let mut client = joining("later");
    client.says(r#"["3","3","room:a","phx_join",{"do":"later"}]"#);
    client.says(r#"["3","4","room:a","echo",{}]"#);
    assert_eq!(client.finishes_job(), [LATE, BYE, CLOSE]);
    let late = LATE.replacen(r#""1","1""#, r#""3","3""#, 1);
    assert_eq!(client.finishes_job(), [late, ok("3", "4")]);
}

#[test]
fn messages_of_a_topic_wait_in_order_while_an_event_is_answered_later() {
    let mut client = waiting();
    assert_eq!(client.says(r#"["1","3","room:a","echo",{}]"#), NOTHING);
    client.diary.handle().send(Note("info"));
    assert_eq!(client.delivers_mail(), NOTHING);
    let payload = object! {}.into_payload();
    client.host.publish("room:a", "secret", &payload, None);
    assert_eq!(client.delivers_broadcasts(), NOTHING);
    assert_eq!(client.says(r#"["1","4","room:a","phx_leave",{}]"#), NOTHING);
    assert_eq!(
        client.says(r#"[null,"7","phoenix","heartbeat",{}]"#),
        [HEARTBEAT]
    );
    let expected = [
        ok("1", "2"),
        ok("1", "3"),
        r#"["1",null,"room:a","info",{"text":"info"}]"#.to_owned(),
        r#"["1",null,"room:a","secret",{"opened":true}]"#.to_owned(),
        ok("1", "4"),
        CLOSE.to_owned(),
        BYE.to_owned(),
    ];
    assert_eq!(client.finishes_job(), expected);
}

#[test]
fn broadcasts_and_pushes_of_handles_go_out_while_an_event_waits() {
    let mut client = waiting();
    client
        .host
        .publish("room:a", "x", &object! {}.into_payload(), None);
    assert_eq!(client.hears(), [r#"[null,null,"room:a","x",{}]"#]);
    client.diary.handle().push("progress", object! {});
    assert_eq!(
        client.delivers_mail(),
        [r#"["1",null,"room:a","progress",{}]"#]
    );
}

#[test]
fn event_in_line_may_wait_too_and_later_messages_wait_behind_it() {
    let mut client = waiting();
    client.says(r#"["1","3","room:a","later",{}]"#);
    client.says(r#"["1","4","room:a","echo",{}]"#);
    assert_eq!(client.finishes_job(), [ok("1", "2")]);
    assert_eq!(client.host.jobs_len(), 1);
    assert_eq!(client.finishes_job(), [ok("1", "3"), ok("1", "4")]);
}

#[test]
fn event_answered_later_may_end_its_channel() {
    let ends = [
        ("later stop", vec![CLOSE, BYE]),
        ("later panic", vec![BYE, ERROR]),
        ("later then panic", vec![BYE, ERROR]),
    ];
    for (event, end) in ends {
        let mut client = Client::in_room();
        client.says(&format!(r#"["1","2","room:a","{event}",{{}}]"#));
        client.says(r#"["5","5","room:a","phx_join",{}]"#);
        let mut expected: Vec<_> = end.into_iter().map(str::to_owned).collect();
        expected.push(ok("5", "5"));
        assert_eq!(client.finishes_job(), expected, "{event}");
    }
}

#[test]
fn event_whose_later_outlasts_the_deadline_ends_the_channel() {
    let mut client = waiting();
    let id = client.host.lose_job();
    let lost = Err(Lost::TimedOut);
    client.session.resume(id, lost, &mut client.host);
    assert_eq!(client.hears(), [BYE, ERROR]);
}

#[test]
fn handle_info_that_returns_a_later_makes_other_messages_wait() {
    let mut client = Client::in_room();
    client.diary.handle().send(Note("later"));
    client.diary.handle().stop(StopReason::Normal);
    assert_eq!(client.delivers_mail(), NOTHING);
    assert_eq!(client.finishes_job(), [CLOSE, BYE]);
}

#[test]
fn message_for_a_full_line_gets_an_error_only_if_it_has_a_ref() {
    let mut client = waiting();
    for n in 0..64 {
        let nothing = client.says(&format!(r#"["1","{n}","room:a","fail",{{}}]"#));
        assert_eq!(nothing, NOTHING);
    }
    let refused = error("1", "x", "too many messages waiting");
    assert_eq!(client.says(r#"["1","x","room:a","fail",{}]"#), [refused]);
    assert_eq!(client.says(r#"["1",null,"room:a","fail",{}]"#), NOTHING);
    let frames = client.finishes_job();
    assert_eq!(frames.len(), 1 + 64);
    assert_eq!(frames[64], error("1", "63", "no"));
}

#[test]
fn line_is_limited_in_bytes_too() {
    let mut client = Client::with(Version::V2, Assigns::default(), |settings| {
        settings.waiting_bytes_max = 1000;
    });
    client.says(r#"["1","1","room:a","phx_join",{}]"#);
    client.says(r#"["1","2","room:a","later",{}]"#);
    let big = "x".repeat(600);
    let event = |n| format!(r#"["1","{n}","room:a","echo","{big}"]"#);
    assert_eq!(client.says(&event(3)), NOTHING);
    let refused = error("1", "4", "too many messages waiting");
    assert_eq!(client.says(&event(4)), [refused]);
    assert_eq!(client.finishes_job().len(), 2);
    assert_eq!(client.says(&event(5)).len(), 1);
}

#[test]
fn event_whose_ref_is_too_long_to_be_kept_is_refused() {
    let mut client = Client::in_room();
    let long = "x".repeat(1_025);
    let refused = client.says(&format!(r#"["1","{long}","room:a","later",{{}}]"#));
    assert_eq!(refused, [error("1", &long, "topic or ref too long")]);
    assert_eq!(client.host.refused, [PushRefusal::NameTooLong]);
    assert_eq!(client.host.jobs_len(), 0, "no callback has run");
    let short = "x".repeat(1_024);
    client.says(&format!(r#"["1","{short}","room:a","later",{{}}]"#));
    assert!(client.session.waiting_bytes >= 1_024, "it is kept");
    assert_eq!(client.finishes_job(), [ok("1", &short)]);
    assert_eq!(client.session.waiting_bytes, 0);
}

#[test]
fn messages_of_the_app_that_overflow_the_line_end_the_channel() {
    let mut client = waiting();
    client.says(r#"["1","3","room:a","echo",{}]"#);
    for _ in 0..64 {
        client.diary.handle().send(Note("info"));
    }
    let frames = client.delivers_mail();
    let unmatched = r#"[null,"3","room:a","phx_reply",{"response":{"reason":"unmatched topic"},"status":"error"}]"#;
    assert_eq!(frames, [BYE, ERROR, unmatched]);
    assert_eq!(client.finishes_job(), NOTHING);
    let mut client = joining("later");
    for _ in 0..65 {
        client.diary.handle().push("x", object! {});
    }
    let refused = error("1", "1", "too many messages waiting");
    assert_eq!(client.delivers_mail(), [refused]);
    assert_eq!(client.finishes_job(), NOTHING);
}

#[test]
fn job_runs_on_without_its_continuation_when_the_connection_ends() {
    let mut client = waiting();
    client.session.terminate(&mut client.host);
    assert_eq!(client.diary.read(), ["join room:a", "Closed"]);
    client.hears();
    assert_eq!(client.finishes_job(), NOTHING);
    let mut client = joining("later");
    client.session.terminate(&mut client.host);
    assert_eq!(client.finishes_job(), NOTHING);
    assert_eq!(client.diary.read(), NOTHING);
}
