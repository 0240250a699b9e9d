//! The channel that serves each topic of each mount: protocol.md §3.3.
//!
//! The numbers behind B are those of the table in `mod.rs`.

use lobbyd::protocol::Payload;
use lobbyd::{Channel, Handled, Join, Router, Socket, UserSocket, object};
use serde_json::json;
use testkit::serve;

use crate::phoenix::peer::{BOTH, Peer, Version};

/// A channel whose join reply says which channel it is.
pub struct Says(pub &'static str);

impl Channel for Says {
    fn join(&self, _: &str, _: Payload<'_>, _: &mut Socket<'_>) -> Join {
        Join::ok_with(object! { "says": self.0 })
    }

    fn handle_in(&self, _: &str, _: Payload<'_>, _: &mut Socket<'_>) -> Handled {
        Handled::no_reply()
    }
}

/// B 90: patterns are tried in the order of declaration.
#[test]
fn first_pattern_that_matches_serves_the_topic() {
    let socket = UserSocket::new()
        .channel("food*", Says("food"))
        .channel("foo*", Says("foo"))
        .channel("foo:exact", Says("never"));
    let server = serve(Router::new().socket("/socket", socket));
    let mut peer = Peer::connect(&server, Version::V2);
    for (topic, says) in [
        ("food:1", "food"),
        ("foo:1", "foo"),
        ("foo:exact", "foo"),
        ("foo", "foo"),
    ] {
        peer.join_with(topic, json!({}));
        peer.expect_reply("1", topic, "ok", json!({"says": says}));
    }
    peer.join_with("fo", json!({}));
    peer.expect_unmatched("1", "fo");
}

/// B 1: two mounts, of which one path begins with the other.
#[test]
fn mounts_stand_side_by_side() {
    let socket = |says| UserSocket::new().channel("room:*", Says(says));
    let router = Router::new()
        .socket("/ws", socket("user"))
        .socket("/ws/admin", socket("admin"));
    let server = serve(router);
    for version in BOTH {
        for (path, says) in [("/ws", "user"), ("/ws/admin", "admin")] {
            let path = format!("{path}/websocket");
            let mut peer = Peer::connect_at(&server, version, &path, "");
            peer.join_with("room:a", json!({}));
            peer.expect_reply("1", "room:a", "ok", json!({"says": says}));
        }
    }
}
