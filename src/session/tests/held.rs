//! Joins whose moment has not come: the messages that wait with them, and the ends of their wait.

use super::Client;
use crate::broker::SubscriptionId;
use crate::channel::PushRefusal;
use crate::session::busy::QueueItem;

const NOTHING: [&str; 0] = [];

fn reply(reference: &str, status: &str, response: &str) -> String {
    format!(
        r#"["{reference}","{reference}","room:a","phx_reply",{{"response":{response},"status":"{status}"}}]"#
    )
}

/// Returns a client whose host answers no join at once, and which has sent `join`.
fn held(join: &str) -> Client {
    let mut client = Client::v2();
    client.host.holds_joins = true;
    assert_eq!(client.says(join), NOTHING);
    client
}

fn moment_comes(client: &mut Client, in_time: bool) -> Vec<String> {
    let id: SubscriptionId = client.host.held.pop_front().expect("a join is held");
    client.session.answer_join(id, in_time, &mut client.host);
    client.hears()
}

#[test]
fn join_whose_moment_has_come_is_answered_as_it_would_have_been_at_once() {
    let join = r#"["1","1","room:a","phx_join",{"do":"early"}]"#;
    let mut at_once = Client::v2();
    let expected = at_once.says(join);
    let mut client = held(join);
    assert!(client.host.topics().is_empty());
    assert_eq!(moment_comes(&mut client, true), expected);
    assert_eq!(client.host.topics(), ["room:a"]);
}

#[test]
fn join_that_waited_too_long_is_refused_and_what_follows_finds_no_topic() {
    let mut client = held(r#"["1","1","room:a","phx_join",{}]"#);
    assert_eq!(client.says(r#"["1","2","room:a","echo",{}]"#), NOTHING);
    let answers = moment_comes(&mut client, false);
    assert_eq!(
        answers[0],
        reply("1", "error", r#"{"reason":"too many joins"}"#)
    );
    assert!(answers[1].contains("unmatched topic"), "{answers:?}");
    assert_eq!((answers.len(), client.session.channels_len()), (2, 0));
    assert!(client.host.topics().is_empty());
}

#[test]
fn leave_and_new_join_behind_a_held_join_keep_order_and_the_new_one_waits() {
    let mut client = held(r#"["1","1","room:a","phx_join",{}]"#);
    client.says(r#"["1","2","room:a","phx_leave",{}]"#);
    assert_eq!(client.says(r#"["3","3","room:a","phx_join",{}]"#), NOTHING);
    let answers = moment_comes(&mut client, true);
    assert_eq!(answers[0], reply("1", "ok", "{}"));
    assert!(answers.iter().any(|answer| answer.contains("phx_close")));
    assert!(client.host.topics().is_empty(), "the new join waits");
    assert_eq!(moment_comes(&mut client, true), [reply("3", "ok", "{}")]);
}

#[test]
fn held_joins_of_a_connection_keep_a_bounded_number_of_bytes() {
    let mut client = Client::v2();
    client.host.holds_joins = true;
    let join = |n: u32| {
        let long = "x".repeat(60_000);
        format!(r#"["{n}","{n}","room:{n}","phx_join",{{"long":"{long}"}}]"#)
    };
    assert!((0..4).all(|n| client.says(&join(n)).is_empty()));
    let fifth = client.says(&join(4));
    assert!(fifth[0].contains("too many messages waiting"), "{fifth:?}");
    moment_comes(&mut client, false);
    assert_eq!(client.says(&join(5)), NOTHING, "there is room again");
}

#[test]
fn part_of_what_waits_weighs_what_it_keeps_whichever_it_is() {
    const LONG: usize = 40_000;
    let text = "x".repeat(LONG);
    let zeros = format!("[{}0]", "0,".repeat(LONG / 2));
    let mut client = held(r#"["1","1","room:a","phx_join",{}]"#);
    for message in [
        format!(r#"["1","2","room:a",{zeros},{{}}]"#),
        format!(r#"["1","2","room:a","{text}",{{}}]"#),
        format!(r#"["1","2","room:a","echo","{text}"]"#),
        format!(r#"["1","{text}","room:a","echo",{{}}]"#),
        format!(r#"["1",{zeros},"room:a","echo",{{}}]"#),
        format!(r#"["{text}","2","room:a","echo",{{}}]"#),
    ] {
        let before = client.session.waiting_bytes;
        assert_eq!(client.says(&message), NOTHING);
        let weighs = client.session.waiting_bytes - before;
        assert!((LONG..LONG + 300).contains(&weighs), "{weighs}");
    }
    let before = client.session.waiting_bytes;
    client.says(r#"["1","2","room:a","echo",{}]"#);
    let weighs = client.session.waiting_bytes - before;
    assert!(weighs > size_of::<QueueItem>(), "{weighs}");
    let seventh = format!(r#"["1","2","room:a",{zeros},{{}}]"#);
    let refused = client.says(&seventh);
    assert!(refused[0].contains("too many messages waiting"));
    assert_eq!(client.host.refused, [PushRefusal::TooManyWaiting]);
    moment_comes(&mut client, false);
    assert_eq!(client.session.waiting_bytes, 0);
}

#[test]
fn held_join_weighs_its_refs_and_one_with_a_long_ref_is_refused() {
    let text = "x".repeat(1_000);
    let mut client = held(&format!(
        r#"["{text}","{text}","room:{}","phx_join",{{}}]"#,
        &text[5..]
    ));
    assert!(client.session.waiting_bytes > 3 * 990);
    let long = "x".repeat(40_000);
    for refs in [format!(r#""1","{long}""#), format!(r#""{long}","1""#)] {
        let refused = client.says(&format!(r#"[{refs},"room:b","phx_join",{{}}]"#));
        assert!(refused[0].contains("topic or ref too long"));
    }
    assert_eq!(client.session.channels_len(), 1);
}

#[test]
fn connection_that_ends_takes_its_held_joins_with_it() {
    let mut client = held(r#"["1","1","room:a","phx_join",{}]"#);
    client.session.terminate(&mut client.host);
    assert_eq!(moment_comes(&mut client, true), NOTHING);
    assert!(client.diary.read().is_empty(), "no callback has run");
}
