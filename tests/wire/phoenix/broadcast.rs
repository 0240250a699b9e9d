//! The order of replies, pushes and broadcasts: protocol.md §4.
//!
//! The numbers behind B are those of the table in `mod.rs`.

use lobbyd::object;
use serde_json::json;

use crate::phoenix::fixture::{Stage, stage};
use crate::phoenix::peer::{BOTH, Peer, Version};

/// Joins `room:a` with a name, which is in the client's copies of an intercepted event.
fn named(stage: &Stage, version: Version, name: &str) -> Peer {
    let mut peer = stage.peer(version);
    peer.join_with("room:a", json!({"name": name}));
    peer.expect_reply("1", "room:a", "ok", json!({}));
    peer
}

/// §4 ordering: a client's own copy of a broadcast comes between the pushes around the broadcast,
/// and before the reply.
#[test]
fn broadcast_comes_in_front_of_the_reply_and_between_the_pushes() {
    for version in BOTH {
        let stage = stage();
        let mut peer = stage.peer(version);
        peer.join("room:a");
        peer.say("2", "room:a", "shout and reply", json!({"n": 1}));
        peer.expect_push("room:a", "before", json!({}));
        peer.expect_broadcast("room:a", "shout", json!({"n": 1}));
        peer.expect_push("room:a", "after", json!({}));
        peer.expect_reply("2", "room:a", "ok", json!({}));
    }
}

/// §4 ordering: an intercepted broadcast is a callback of its own, which runs after the reply of
/// this one.
#[test]
fn reply_comes_in_front_of_an_intercepted_broadcast() {
    for version in BOTH {
        let stage = stage();
        let mut peer = named(&stage, version, "ann");
        peer.say("2", "room:a", "tagged and reply", json!({"body": 1}));
        peer.expect_reply("2", "room:a", "ok", json!({}));
        peer.expect_push("room:a", "tagged", json!({"tag": "ann", "body": 1}));
    }
}

/// §4 ordering: of two broadcasts, the intercepted one takes longer and does not delay the other.
#[test]
fn intercepted_broadcast_does_not_hold_back_the_next_one() {
    let stage = stage();
    let mut peer = named(&stage, Version::V2, "ann");
    peer.say("2", "room:a", "tagged, shout and reply", json!({"body": 1}));
    peer.expect_broadcast("room:a", "shout", json!({"body": 1}));
    peer.expect_reply("2", "room:a", "ok", json!({}));
    peer.expect_push("room:a", "tagged", json!({"tag": "ann", "body": 1}));
}

/// §4 ordering: FIFO for each channel, for all publishers; all members see one order.
#[test]
fn many_broadcasts_of_several_publishers_come_in_one_order() {
    const EACH: usize = 200;
    let stage = stage();
    let mut peers: Vec<_> = (0..4).map(|_| stage.peer(Version::V2)).collect();
    peers.iter_mut().for_each(|peer| peer.join("room:a"));
    for n in 0..EACH {
        for (by, peer) in peers.iter_mut().enumerate() {
            peer.say("2", "room:a", "shout", json!({"by": by, "n": n}));
        }
    }
    let total = EACH * peers.len();
    let seen: Vec<Vec<_>> = peers
        .iter_mut()
        .map(|peer| (0..total).map(|_| peer.json()).collect())
        .collect();
    for by in 0..peers.len() {
        let of_one = seen[0].iter().filter(|message| message[4]["by"] == by);
        let numbers: Vec<_> = of_one.map(|message| message[4]["n"].clone()).collect();
        assert_eq!(numbers, (0..EACH).map(|n| json!(n)).collect::<Vec<_>>());
    }
    assert!(seen.iter().all(|order| *order == seen[0]));
    for peer in &mut peers {
        peer.expect_silence_in("room:a");
    }
}

/// §4 with §3.3: a member gets messages published after its join, none from before, and none after
/// its leave.
#[test]
fn member_gets_what_is_published_between_its_join_and_its_leave() {
    let stage = stage();
    let endpoint = stage.server.endpoint();
    let mut resident = stage.peer(Version::V2);
    let mut guest = stage.peer(Version::V2);
    resident.join("room:a");
    for n in 0..100 {
        endpoint.broadcast("room:a", "before", object! { "n": n });
        guest.join("room:a");
        endpoint.broadcast("room:a", "between", object! { "n": n });
        guest.say("2", "room:a", "phx_leave", json!({}));
        guest.expect_broadcast("room:a", "between", json!({"n": n}));
        guest.expect_reply("2", "room:a", "ok", json!({}));
        guest.expect_close("room:a");
        guest.expect_push("room:a", "bye", json!({}));
        resident.expect_broadcast("room:a", "before", json!({"n": n}));
        resident.expect_broadcast("room:a", "between", json!({"n": n}));
    }
}

/// §4 ordering, across connections and threads: a client that replies after it saw a broadcast is
/// seen after the broadcast.
#[test]
fn broadcast_seen_by_one_client_is_seen_by_all_before_the_next_reply() {
    let stage = stage();
    let mut peers = [stage.peer(Version::V2), stage.peer(Version::V1)];
    peers.iter_mut().for_each(|peer| peer.join("room:a"));
    for n in 0..200 {
        let (by, other) = (n % 2, 1 - n % 2);
        peers[by].say("2", "room:a", "shout", json!({"n": n}));
        peers[by].expect_broadcast("room:a", "shout", json!({"n": n}));
        peers[other].say("3", "room:a", "status", json!({}));
        peers[other].expect_broadcast("room:a", "shout", json!({"n": n}));
        peers[other].expect_reply("3", "room:a", "ok", json!({}));
    }
}

/// B 93: broadcast reaches all members including the caller, broadcast_from all but the caller, on
/// any connection.
#[test]
fn broadcast_from_skips_the_caller_alone() {
    let stage = stage();
    let mut peers = [stage.peer(Version::V1), stage.peer(Version::V2)];
    peers.iter_mut().for_each(|peer| peer.join("room:a"));
    for by in 0..2 {
        peers[by].say("2", "room:a", "shout from", json!({"by": by}));
        peers[1 - by].expect_broadcast("room:a", "shout", json!({"by": by}));
        peers[by].expect_silence_in("room:a");
        peers[by].say("3", "room:a", "shout", json!({"by": by}));
        for peer in &mut peers {
            peer.expect_broadcast("room:a", "shout", json!({"by": by}));
        }
    }
}

/// §3.3: the join reply is the first frame of its join, even if messages are pushed and published
/// while the join runs.
#[test]
fn join_sends_nothing_in_front_of_its_reply() {
    let stage = stage();
    let mut peer = stage.peer(Version::V2);
    peer.join_with("room:a", json!({"do": "push"}));
    peer.expect_reply("1", "room:a", "ok", json!({}));
    peer.expect_push("room:a", "early", json!({}));
    peer.join_with("room:b", json!({"do": "wait"}));
    peer.say("2", "room:b", "status", json!({}));
    peer.expect_silence();
    stage.server.endpoint().broadcast("room:b", "news", ());
    stage.open_gate();
    assert_eq!(peer.json()[3], "phx_reply");
    peer.expect_reply("2", "room:b", "ok", json!({}));
}

/// §4 ordering: answers of the transport may overtake a channel that waits. The channel's own order
/// holds.
#[test]
fn channel_that_waits_holds_up_nothing_but_itself() {
    let stage = stage();
    let mut peer = stage.peer(Version::V2);
    peer.join("room:a");
    peer.join("room:b");
    peer.say("2", "room:a", "wait", json!({}));
    peer.say("3", "room:a", "status", json!({}));
    peer.say("4", "room:b", "status", json!({}));
    peer.say("5", "nothing", "any", json!({}));
    peer.expect_reply("4", "room:b", "ok", json!({}));
    peer.expect_unmatched("5", "nothing");
    peer.expect_silence();
    stage.open_gate();
    peer.expect_reply("2", "room:a", "ok", json!({"waited": true}));
    peer.expect_reply("3", "room:a", "ok", json!({}));
}
