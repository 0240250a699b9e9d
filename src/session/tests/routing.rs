//! The way of each message: heartbeats, topics that are not joined, stale refs, routes.

use std::sync::Arc;

use super::Client;
use super::app::{Diary, TestChannel};
use crate::channel::PushRefusal;
use crate::channel::Routes;
use crate::protocol::{Undecodable, Version};

#[test]
fn heartbeat_is_answered_without_its_join_ref() {
    let mut client = Client::v2();
    let answer = [r#"[null,"1","phoenix","phx_reply",{"response":{},"status":"ok"}]"#];
    assert_eq!(
        client.says(r#"[null,"1","phoenix","heartbeat",{}]"#),
        answer
    );
    assert_eq!(client.says(r#"["9","1","phoenix","heartbeat",{}]"#), answer);
    let binary = b"\x00\x00\x01\x07\x091phoenixheartbeat";
    assert_eq!(client.says_bytes(binary), answer);
}

#[test]
fn heartbeat_of_version_1_is_answered_in_its_shape() {
    let answer = client_v1(r#"{"topic":"phoenix","event":"heartbeat","payload":{},"ref":"3"}"#);
    let expected = r#"{"topic":"phoenix","event":"phx_reply","payload":{"response":{},"status":"ok"},"ref":"3"}"#;
    assert_same_object(&answer, expected);
}

#[test]
fn phoenix_topic_takes_other_events_as_ordinary_ones() {
    let answer = Client::v2().says(r#"["1","2","phoenix","shout",{}]"#);
    assert_eq!(answer, [unmatched("2", "phoenix")]);
}

#[test]
fn event_for_an_unjoined_topic_gets_an_error_with_a_null_join_ref() {
    let mut client = Client::v2();
    let answer = client.says(r#"["4","9","room:zz","new_msg",{}]"#);
    assert_eq!(answer, [unmatched("9", "room:zz")]);
}

#[test]
fn leave_of_a_topic_that_is_not_joined_is_answered_with_both_refs() {
    let answer = Client::v2().says(r#"["4","9","room:zz","phx_leave",{}]"#);
    let expected = r#"["4","9","room:zz","phx_reply",{"response":{},"status":"ok"}]"#;
    assert_eq!(answer, [expected]);
}

#[test]
fn topic_that_is_no_string_matches_nothing_and_is_echoed() {
    let mut client = Client::v2();
    let expected = r#"[null,"9",{"a":1},"phx_reply",{"response":{"reason":"unmatched topic"},"status":"error"}]"#;
    assert_eq!(
        client.says(r#"["4","9",{"a":1},"phx_join",{}]"#),
        [expected]
    );
    assert_eq!(client.host.refused, []);
    assert_eq!(client.says(r#"["4","9",{"a":1},"x",{}]"#), [expected]);
    assert_eq!(client.host.refused, [PushRefusal::Unmatched]);
}

#[test]
fn event_that_is_no_string_is_an_error_and_the_channel_lives_on() {
    let mut client = Client::in_room();
    let expected = r#"["1","2","room:a","phx_reply",{"response":{"reason":"event is not a string"},"status":"error"}]"#;
    assert_eq!(client.says(r#"["1","2","room:a",5,{}]"#), [expected]);
    assert_eq!(client.session.channels_len(), 1);
    assert_eq!(client.host.refused, [PushRefusal::NoEventName]);
}

#[test]
fn stale_join_ref_is_ignored_without_an_answer() {
    let mut client = Client::in_room();
    // As refs, a number is not a string, and another number is not the same number.
    for join_ref in [r#""2""#, "1", "1.0", r#""""#, r#""01""#, "[]"] {
        for event in ["echo", "phx_leave"] {
            let message = format!(r#"[{join_ref},"5","room:a","{event}",{{}}]"#);
            assert_eq!(client.says(&message), [""; 0], "{message}");
        }
    }
    assert_eq!(client.session.channels_len(), 1);
}

#[test]
fn null_join_ref_belongs_to_whatever_is_joined() {
    let mut client = Client::in_room();
    let reply = r#"["1","5","room:a","phx_reply",{"response":{},"status":"ok"}]"#;
    assert_eq!(client.says(r#"[null,"5","room:a","echo",{}]"#), [reply]);
    let left = client.says(r#"[null,"5","room:a","phx_leave",{}]"#);
    assert_eq!(left[0], reply);
}

#[test]
fn binary_push_without_join_ref_is_stale_since_an_empty_string_is_no_null() {
    let mut client = Client::in_room();
    let nothing = client.says_bytes(b"\x00\x00\x01\x06\x042room:aecho\x01");
    assert_eq!(nothing, [""; 0]);
}

#[test]
fn channel_joined_with_a_number_as_its_ref_is_addressed_by_that_number() {
    let mut client = Client::v2();
    let reply = r#"[7,8,"room:a","phx_reply",{"response":{},"status":"ok"}]"#;
    assert_eq!(client.says(r#"[7,8,"room:a","phx_join",{}]"#), [reply]);
    assert_eq!(client.says(r#"["7",8,"room:a","echo",{}]"#), [""; 0]);
    assert_eq!(client.says(r#"[7,8,"room:a","echo",{}]"#), [reply]);
}

#[test]
fn bytes_that_are_no_message_end_the_connection() {
    use Undecodable::{MissingKey, NotJson, Shape, UnknownKind};
    let table = [
        ("", NotJson),
        ("nonsense", NotJson),
        ("{}", Shape),
        (r#"["1","2"]"#, Shape),
        ("[1,2,3,4,5", NotJson),
    ];
    for (text, why) in table {
        let sent = Client::v2().sends(text);
        assert_eq!(sent, Err(why), "{text}");
    }
    let sent = Client::v1().sends(r#"["1","2","t","e",{}]"#);
    assert_eq!(sent, Err(Shape));
    let sent = Client::v1().sends(r#"{"topic":"t"}"#);
    assert_eq!(sent, Err(MissingKey));
    let reply_from_a_client = b"\x01\x01\x01\x06\x0212room:aok";
    let sent = Client::v2().sends_bytes(reply_from_a_client);
    assert_eq!(sent, Err(UnknownKind));
}

#[test]
fn message_with_a_fault_is_answered_with_its_refs_and_nothing_else_ends() {
    let mut client = Client::v2();
    client.says(r#"["7","8","room:a","phx_join",{}]"#);
    let answer = |why| {
        format!(
            r#"["7","9","room:a","phx_reply",{{"response":{{"reason":"message cannot be read: {why}"}},"status":"error"}}]"#
        )
    };
    let half = r#"["7","9","room:a","echo",{"name":"aaa\ud83d"}]"#;
    assert_eq!(
        client.says(half),
        [answer("half of a surrogate pair is no character")]
    );
    let no_json = r#"["7","9","room:a","echo",nonsense]"#;
    assert_eq!(client.says(no_json), [answer("not valid JSON")]);
    let cut = b"\x00\x01\x01\x06\x0479room:aec";
    assert_eq!(client.sends_bytes(cut), Ok(()));
    assert_eq!(client.hears(), [answer("binary frame is cut short")]);
    let topic = r#"["7","9","room:\ud83d","phx_join",{}]"#;
    let [reply] = &client.says(topic)[..] else {
        panic!("one reply");
    };
    assert!(
        reply.starts_with(r#"["7","9","room:\ud83d","phx_reply""#),
        "{reply}"
    );
    let echo = r#"["7","9","room:a","phx_reply",{"response":{},"status":"ok"}]"#;
    assert_eq!(client.says(r#"["7","9","room:a","echo",{}]"#), [echo]);
}

#[test]
fn first_route_that_matches_counts_and_a_star_matches_the_bare_prefix_too() {
    let mut routes = Routes::default();
    let channels = ["food*", "foo*", "foo:exact", "room:lobby"].map(|pattern| {
        let channel = Arc::new(TestChannel(Diary::default()));
        routes.push(pattern, channel.clone());
        channel
    });
    let found = |topic| {
        let route = routes.find(topic)?;
        let same = |channel: &Arc<TestChannel>| {
            std::ptr::addr_eq(Arc::as_ptr(channel), Arc::as_ptr(route))
        };
        channels.iter().position(same)
    };
    assert_eq!(found("food:1"), Some(0));
    assert_eq!(found("foo:1"), Some(1));
    assert_eq!(found("foo"), Some(1));
    assert_eq!(found("foo:exact"), Some(1));
    assert_eq!(found("room:lobby"), Some(3));
    assert_eq!(found("room:lobby2"), None);
    assert_eq!(found("fo"), None);
}

#[test]
#[should_panic(expected = "a star may only stand at its end")]
fn star_in_the_middle_of_a_pattern_stops_the_program() {
    Routes::default().push("room:*:a", Arc::new(TestChannel(Diary::default())));
}

fn unmatched(reference: &str, topic: &str) -> String {
    format!(
        r#"[null,"{reference}","{topic}","phx_reply",{{"response":{{"reason":"unmatched topic"}},"status":"error"}}]"#
    )
}

fn client_v1(message: &str) -> String {
    let mut answer = Client::new(Version::V1).says(message);
    assert_eq!(answer.len(), 1);
    answer.remove(0)
}

#[track_caller]
pub(super) fn assert_same_object(left: &str, right: &str) {
    let object = |text| serde_json::from_str::<serde_json::Value>(text).unwrap();
    assert_eq!(object(left), object(right));
}
