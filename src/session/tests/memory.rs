//! The memory of a session while nothing happens.

use super::Client;
use crate::protocol::Ref;
use crate::session::Session;
use crate::session::joined::{Channels, Joined};

#[test]
fn idle_session_with_one_channel_is_small_and_needs_no_heap_of_its_own() {
    assert_eq!(size_of::<Ref>(), 16);
    assert!(size_of::<Joined>() <= 80, "{}", size_of::<Joined>());
    // 8 of them point to the credentials, 16 say when those are to be seen to, and 8 point to what
    // is known of tokens in messages.
    assert!(size_of::<Session>() <= 144, "{}", size_of::<Session>());
}

#[test]
fn topics_that_a_connection_has_left_hold_no_memory() {
    let mut client = Client::v2();
    for topic in ["room:a", "room:b", "room:c"] {
        client.says(&format!(r#"["1","1","{topic}","phx_join",{{}}]"#));
    }
    for topic in ["room:a", "room:b", "room:c"] {
        client.says(&format!(r#"["1","1","{topic}","phx_leave",{{}}]"#));
    }
    assert!(matches!(client.session.channels, Channels::Few(None)));
}
