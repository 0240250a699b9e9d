//! Outcomes of a join: accepted, refused, crashed, too many, twice.

use super::Client;
use super::app::Luggage;
use super::routing::assert_same_object;
use crate::channel::Assigns;
use crate::object;
use crate::protocol::IntoPayload;
use crate::protocol::Version;

#[test]
fn accepted_join_is_answered_with_its_refs() {
    let mut client = Client::v2();
    let reply = r#"["11","1","room:a","phx_reply",{"response":{},"status":"ok"}]"#;
    assert_eq!(client.says(r#"["11","1","room:a","phx_join",{}]"#), [reply]);
    assert_eq!(client.host.topics(), ["room:a"]);
}

#[test]
fn params_reach_the_app_as_they_are_and_its_response_the_client() {
    let mut client = Client::v2();
    let reply = r#"["1","1","room:a","phx_reply",{"response":{"do" : "params","n":123456789012345678901234567890},"status":"ok"}]"#;
    let frames = client.says(
        r#"["1","1","room:a","phx_join", {"do" : "params","n":123456789012345678901234567890} ]"#,
    );
    assert_eq!(frames, [reply]);
}

#[test]
fn join_of_version_1_is_answered_without_a_join_ref() {
    let mut client = Client::v1();
    let join = r#"{"topic":"room:a","event":"phx_join","payload":{},"ref":"1"}"#;
    let frames = client.says(join);
    let reply = r#"{"topic":"room:a","event":"phx_reply","payload":{"status":"ok","response":{}},"ref":"1"}"#;
    assert_same_object(&frames[0], reply);
    assert_eq!(frames.len(), 1);
}

#[test]
fn join_may_come_as_a_binary_message() {
    let mut client = Client::v2();
    let reply = r#"["1","1","room:a","phx_reply",{"response":{},"status":"ok"}]"#;
    let frames = client.says_bytes(b"\x00\x01\x01\x06\x0811room:aphx_join");
    assert_eq!(frames, [reply]);
}

#[test]
fn join_may_be_answered_in_bytes() {
    let mut client = Client::v2();
    let frames = client.says(r#"["1","2","room:a","phx_join",{"do":"accept in bytes"}]"#);
    assert_eq!(frames, ["01010106023132726f6f6d3a616f6b0506"]);
    let frames = client.says(r#"["1","2","room:b","phx_join",{"do":"refuse in bytes"}]"#);
    assert_eq!(frames, ["01010106053132726f6f6d3a626572726f720506"]);
    assert_eq!(client.session.channels_len(), 1);
}

#[test]
fn join_of_version_1_that_is_answered_in_bytes_has_crashed() {
    for wish in ["accept in bytes", "refuse in bytes"] {
        let mut client = Client::v1();
        let frames = client.says(&format!(
            r#"{{"topic":"room:a","event":"phx_join","payload":{{"do":"{wish}"}},"ref":"1"}}"#
        ));
        let reply = r#"{"topic":"room:a","event":"phx_reply","payload":{"status":"error","response":{"reason":"join crashed"}},"ref":"1"}"#;
        assert_same_object(&frames[0], reply);
        assert_eq!((frames.len(), client.session.channels_len()), (1, 0));
    }
}

#[test]
fn null_join_ref_of_a_join_is_its_ref_in_replies_and_pushes_alone() {
    let mut client = Client::v2();
    let reply = r#"[null,"1","room:a","phx_reply",{"response":{},"status":"ok"}]"#;
    assert_eq!(client.says(r#"[null,"1","room:a","phx_join",{}]"#), [reply]);
    let push = r#"["1",null,"room:a","pushed",{"n":1}]"#;
    assert_eq!(client.says(r#"[null,"2","room:a","push",{"n":1}]"#), [push]);
    assert_eq!(client.says(r#"["1","3","room:a","echo",{}]"#), [""; 0]);
    let reply = r#"["1","4","room:a","phx_reply",{"response":{},"status":"ok"}]"#;
    assert_eq!(client.says(r#"[null,"4","room:a","echo",{}]"#), [reply]);
    let left = [
        r#"["1","5","room:a","phx_reply",{"response":{},"status":"ok"}]"#,
        r#"[null,null,"room:a","phx_close",{}]"#,
        r#"["1",null,"room:a","bye",{}]"#,
    ];
    assert_eq!(client.says(r#"[null,"5","room:a","phx_leave",{}]"#), left);
}

#[test]
fn crash_of_a_channel_joined_without_refs_is_sent_with_null_refs() {
    let mut client = Client::v2();
    let reply = r#"[null,null,"room:a","phx_reply",{"response":{},"status":"ok"}]"#;
    assert_eq!(
        client.says(r#"[null,null,"room:a","phx_join",{}]"#),
        [reply]
    );
    let frames = client.says(r#"[null,null,"room:a","panic",{}]"#);
    let error = r#"[null,null,"room:a","phx_error",{"reason":"channel_crash"}]"#;
    assert_eq!(frames.last().unwrap(), error);
}

#[test]
fn topic_without_a_route_is_unmatched_with_a_null_join_ref() {
    let mut client = Client::v2();
    let reply = r#"[null,"3","lobby","phx_reply",{"response":{"reason":"unmatched topic"},"status":"error"}]"#;
    assert_eq!(client.says(r#"["3","3","lobby","phx_join",{}]"#), [reply]);
}

#[test]
fn refused_join_leaves_no_channel_mail_or_subscription() {
    let mut client = Client::v2();
    let refused = r#"["1","2","room:a","phx_reply",{"response":{"reason":"no"},"status":"error"}]"#;
    for wish in ["refuse", "early then refuse"] {
        let join = format!(r#"["1","2","room:a","phx_join",{{"do":"{wish}"}}]"#);
        assert_eq!(client.says(&join), [refused]);
    }
    assert_eq!(client.delivers_mail(), [""; 0]);
    assert_eq!(client.host.topics(), [""; 0]);
    assert_eq!(client.session.channels_len(), 0);
    let answer = client.says(r#"["1","3","room:a","echo",{}]"#);
    assert!(answer[0].contains("unmatched topic"));
    assert_eq!(client.diary.read(), [""; 0]);
}

#[test]
fn join_that_panics_is_refused_and_the_connection_lives_on() {
    let mut client = Client::v2();
    let crashed =
        r#"["1","2","room:a","phx_reply",{"response":{"reason":"join crashed"},"status":"error"}]"#;
    let join = r#"["1","2","room:a","phx_join",{"do":"panic"}]"#;
    assert_eq!(client.says(join), [crashed]);
    let reply = r#"["3","3","room:a","phx_reply",{"response":{},"status":"ok"}]"#;
    assert_eq!(client.says(r#"["3","3","room:a","phx_join",{}]"#), [reply]);
}

#[test]
fn join_reply_comes_first_then_the_joins_pushes_then_its_after_join_work() {
    let mut client = Client::v2();
    let frames = client.says(r#"["1","1","room:a","phx_join",{"do":"early"}]"#);
    let expected = [
        r#"["1","1","room:a","phx_reply",{"response":{},"status":"ok"}]"#,
        r#"["1",null,"room:a","early",{}]"#,
        r#"["1",null,"room:a","info",{"text":"after join"}]"#,
    ];
    assert_eq!(frames, expected);
    // The channel is subscribed behind its join reply, so that no broadcast can come in front of
    // the reply.
    let calls = [
        "broadcast room:a new",
        "send",
        "subscribe 1 room:a",
        "send",
        "send",
    ];
    assert_eq!(client.host.calls, calls);
}

#[test]
fn join_starts_with_a_copy_of_what_connect_assigned() {
    let mut assigns = Assigns::default();
    assigns.insert(Luggage(5));
    let mut client = Client::with(Version::V2, assigns, |_| {});
    for topic in ["room:a", "room:b"] {
        let frames = client.says(&format!(
            r#"["1","1","{topic}","phx_join",{{"do":"luggage"}}]"#
        ));
        assert!(frames[0].contains(r#"{"luggage":5}"#));
    }
}

#[test]
fn channel_number_101_is_refused_but_an_unmatched_topic_is_told_first() {
    let mut client = Client::v2();
    for n in 0..100 {
        let frames = client.says(&format!(r#"["1","{n}","room:{n}","phx_join",{{}}]"#));
        assert!(frames[0].contains(r#""status":"ok""#));
    }
    let full = r#"["7","8","room:100","phx_reply",{"response":{"reason":"too many channels joined"},"status":"error"}]"#;
    assert_eq!(client.says(r#"["7","8","room:100","phx_join",{}]"#), [full]);
    let unmatched = client.says(r#"["7","8","lobby","phx_join",{}]"#);
    assert!(unmatched[0].contains("unmatched topic"));
    // A join of a joined topic first frees the topic's place, and so does a leave.
    let again = client.says(r#"["9","9","room:50","phx_join",{}]"#);
    let reply = r#"["9","9","room:50","phx_reply",{"response":{},"status":"ok"}]"#;
    assert_eq!(again.last().unwrap(), reply);
    client.says(r#"["1","9","room:0","phx_leave",{}]"#);
    let frames = client.says(r#"["7","8","room:100","phx_join",{}]"#);
    assert!(frames[0].contains(r#""status":"ok""#));
    assert_eq!(client.session.channels_len(), 100);
}

#[test]
fn second_join_is_refused_with_a_limit_of_one() {
    let mut client = Client::with(Version::V2, Assigns::default(), |settings| {
        settings.channels_max = 1;
    });
    client.says(r#"["1","1","room:a","phx_join",{}]"#);
    let frames = client.says(r#"["2","2","room:b","phx_join",{}]"#);
    assert!(frames[0].contains("too many channels joined"));
}

#[test]
fn names_that_are_too_long_to_be_kept_are_refused() {
    let long = "x".repeat(2000);
    let mut client = Client::v2();
    let joins = [
        format!(r#"["1","1","room:{long}","phx_join",{{}}]"#),
        format!(r#"["{long}","1","room:a","phx_join",{{}}]"#),
        format!(r#"[null,"{long}","room:a","phx_join",{{}}]"#),
    ];
    for join in joins {
        assert!(client.says(&join)[0].contains("too long"), "{join}");
    }
    assert_eq!(client.session.channels_len(), 0);
}

#[test]
fn topic_and_ref_of_a_join_may_each_have_1_024_bytes_and_no_more() {
    for (bytes, is_taken) in [(1_024, true), (1_025, false)] {
        let mut client = Client::v2();
        let (reference, topic) = ("r".repeat(bytes), "x".repeat(bytes - "room:".len()));
        for join in [
            format!(r#"["{reference}","1","room:a","phx_join",{{}}]"#),
            format!(r#"["1","1","room:{topic}","phx_join",{{}}]"#),
        ] {
            let answer = &client.says(&join)[0];
            assert_eq!(!answer.contains("too long"), is_taken, "{bytes}");
        }
    }
}

#[test]
fn second_join_closes_the_old_channel_in_front_of_its_reply() {
    let mut client = Client::in_room();
    client.host.calls.clear();
    let frames = client.says(r#"["5","5","room:a","phx_join",{}]"#);
    let expected = [
        r#"["1",null,"room:a","bye",{}]"#,
        r#"["1","1","room:a","phx_close",{}]"#,
        r#"["5","5","room:a","phx_reply",{"response":{},"status":"ok"}]"#,
    ];
    assert_eq!(frames, expected);
    assert_eq!(client.diary.read()[1..], ["JoinedAgain", "join room:a"]);
    assert_eq!(client.host.calls[0], "unsubscribe 1");
    assert_eq!(client.host.calls.last().unwrap(), "subscribe 2 room:a");
    assert_eq!(client.says(r#"["1","6","room:a","echo",{}]"#), [""; 0]);
    client
        .host
        .publish("room:a", "x", &object! {}.into_payload(), None);
    assert_eq!(client.hears(), [r#"[null,null,"room:a","x",{}]"#]);
}

#[test]
fn second_join_that_is_refused_has_closed_the_old_channel_all_the_same() {
    let mut client = Client::in_room();
    let frames = client.says(r#"["5","5","room:a","phx_join",{"do":"refuse"}]"#);
    let expected = [
        r#"["1",null,"room:a","bye",{}]"#,
        r#"["1","1","room:a","phx_close",{}]"#,
        r#"["5","5","room:a","phx_reply",{"response":{"reason":"no"},"status":"error"}]"#,
    ];
    assert_eq!(frames, expected);
    assert_eq!(client.session.channels_len(), 0);
    assert_eq!(client.host.topics(), [""; 0]);
}

#[test]
fn second_join_of_version_1_closes_with_the_old_join_ref_as_ref() {
    let mut client = Client::v1();
    let join = |reference: &str, join_ref: &str| {
        format!(
            r#"{{"topic":"room:a","event":"phx_join","payload":{{}},"ref":"{reference}"{join_ref}}}"#
        )
    };
    client.says(&join("1", r#","join_ref":"4""#));
    let frames = client.says(&join("2", ""));
    let close = r#"{"topic":"room:a","event":"phx_close","payload":{},"ref":"4"}"#;
    assert_same_object(&frames[1], close);
    let frames = client.says(&join("3", ""));
    let close = r#"{"topic":"room:a","event":"phx_close","payload":{},"ref":null}"#;
    assert_same_object(&frames[1], close);
}
