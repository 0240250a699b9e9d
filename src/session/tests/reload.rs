//! A session that goes on under other settings.

use std::sync::Arc;

use super::Client;
use super::app::{Diary, TestChannel};
use crate::channel::SessionSettings;
use crate::channel::{Assigns, Channel, Handled, Join, Routes, Socket};
use crate::object;
use crate::protocol::Payload;
use crate::protocol::Version;

/// The channel after a reload: it answers with the values that its socket keeps.
struct Next;

/// A number that `connect` assigned, and that the new channel finds.
#[derive(Clone)]
struct Left(u32);

impl Channel for Next {
    fn join(&self, _: &str, _: Payload<'_>, _: &mut Socket<'_>) -> Join {
        Join::ok()
    }

    fn handle_in(&self, _: &str, _: Payload<'_>, socket: &mut Socket<'_>) -> Handled {
        Handled::ok(object! { "next": socket.assigns::<Left>().map_or(0, |left| left.0) })
    }
}

fn settings(pattern: &str, channels_max: usize) -> Arc<SessionSettings> {
    let mut routes = Routes::default();
    routes.push(pattern, Arc::new(Next));
    let mut settings = SessionSettings::new(routes);
    settings.channels_max = channels_max;
    Arc::new(settings)
}

const SAY: &str = r#"["1","2","room:a","echo",{"a":1}]"#;
const ECHO: &str = r#"["1","2","room:a","phx_reply",{"response":{"a":1},"status":"ok"}]"#;

#[test]
fn joined_topic_is_served_by_its_route_of_now_with_what_was_assigned() {
    let mut assigns = Assigns::default();
    assigns.insert(Left(7));
    let mut client = Client::with(Version::V2, assigns, |_| {});
    client.says(r#"["1","1","room:a","phx_join",{}]"#);
    assert_eq!(client.says(SAY), [ECHO]);
    client.session.reload(&settings("room:*", 100));
    assert_eq!(client.hears(), [""; 0], "nobody is told");
    let next = r#"["1","2","room:a","phx_reply",{"response":{"next":7},"status":"ok"}]"#;
    assert_eq!(client.says(SAY), [next]);
}

#[test]
fn topic_that_no_route_matches_now_keeps_its_channel_until_it_is_left() {
    let mut client = Client::in_room();
    client.session.reload(&settings("other:*", 100));
    client.session.reload(&settings("other:*", 100));
    assert_eq!(client.says(SAY), [ECHO]);
    client.says(r#"["1","3","room:a","phx_leave",{}]"#);
    assert_eq!(client.diary.read(), ["join room:a", "Left"]);
    let unmatched = r#"[null,"1","room:a","phx_reply",{"response":{"reason":"unmatched topic"},"status":"error"}]"#;
    let frames = client.says(r#"["1","1","room:a","phx_join",{}]"#);
    assert_eq!(frames, [unmatched]);
}

#[test]
fn join_under_way_is_answered_as_it_began_and_then_has_the_new_route() {
    let mut client = Client::v2();
    client.says(r#"["1","1","room:a","phx_join",{"do":"later"}]"#);
    client.says(SAY);
    client.session.reload(&settings("room:*", 100));
    let expected = [
        r#"["1","1","room:a","phx_reply",{"response":{"word":"late"},"status":"ok"}]"#,
        r#"["1","2","room:a","phx_reply",{"response":{"next":0},"status":"ok"}]"#,
    ];
    assert_eq!(client.finishes_job(), expected);
}

#[test]
fn next_join_meets_the_new_limit_and_topics_beyond_it_stay() {
    let mut client = Client::in_room();
    client.session.reload(&settings("room:*", 1));
    let refused = r#"["1","1","room:b","phx_reply",{"response":{"reason":"too many channels joined"},"status":"error"}]"#;
    let frames = client.says(r#"["1","1","room:b","phx_join",{}]"#);
    assert_eq!(frames, [refused]);
    let mut routes = Routes::default();
    routes.push("room:*", Arc::new(TestChannel(Diary::default())));
    let mut none = SessionSettings::new(routes);
    none.channels_max = 0;
    client.session.reload(&Arc::new(none));
    assert_eq!(client.says(SAY), [ECHO]);
}
