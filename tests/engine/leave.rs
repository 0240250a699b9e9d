//! Subscriptions that end while their connection is behind: a position never becomes a queue.

use bytes::Bytes;
use lobbyd::broker::{Budget, Failure, FanoutSettings, SubscriptionId};
use testkit::shard::Shard;

const ROOM: &str = "room:lobby";

/// Returns a shard whose connection 0 is blocked, and `backlog` entries behind in each of `topics`.
fn left_behind(topics: &[&str], backlog: usize) -> (Shard, Vec<SubscriptionId>) {
    let mut shard = Shard::new(FanoutSettings::default(), 1);
    let ids = topics.iter().map(|topic| shard.join(0, topic)).collect();
    shard.sockets.shut.insert(0);
    for _ in 0..backlog {
        topics.iter().for_each(|topic| shard.publish(topic, 1));
        shard.turn();
    }
    (shard, ids)
}

#[test]
fn leave_of_a_reader_far_behind_makes_no_queue_of_its_position() {
    let (mut shard, ids) = left_behind(&[ROOM], 1_025);
    shard.fanout.unsubscribe(0, ids[0]);
    assert_eq!(shard.given_up(), [(0, Failure::FellBehind)]);
    assert_eq!(shard.fanout.outbox_bytes(0), 0);
    assert_eq!(
        (shard.fanout.rooms_len(), shard.fanout.retained_bytes()),
        (0, 0)
    );
}

#[test]
fn leave_of_a_reader_a_little_behind_still_brings_all_it_missed() {
    let (mut shard, ids) = left_behind(&[ROOM], 1_024);
    shard.fanout.unsubscribe(0, ids[0]);
    shard.fanout.send(0, Bytes::from_static(b"left"), None);
    shard.open(0);
    shard.work();
    assert_eq!(shard.sockets.bytes, 1_024 + 4);
    assert_eq!(shard.given_up(), []);
}

#[test]
fn leaves_of_many_topics_make_no_queue_together_either() {
    let (mut shard, ids) = left_behind(&[ROOM, "room:other"], 600);
    shard.fanout.unsubscribe(0, ids[0]);
    assert_eq!(shard.given_up(), []);
    shard.fanout.unsubscribe(0, ids[1]);
    assert_eq!(shard.given_up(), [(0, Failure::FellBehind)]);
}

#[test]
fn reader_that_has_just_begun_to_catch_up_makes_no_queue_by_its_leave() {
    let (mut shard, ids) = left_behind(&[ROOM], 5_000);
    // The socket takes bytes again, and the leave is read before any are written.
    shard.open(0);
    shard.fanout.unsubscribe(0, ids[0]);
    assert_eq!(shard.given_up(), [(0, Failure::FellBehind)]);
}

#[test]
fn leave_of_a_reader_that_takes_bytes_brings_all_it_was_due() {
    let mut shard = Shard::new(FanoutSettings::default(), 1);
    let id = shard.join(0, ROOM);
    (0..5_000).for_each(|_| shard.publish(ROOM, 1));
    shard.fanout.unsubscribe(0, id);
    shard.work();
    assert_eq!((shard.sockets.bytes, shard.given_up()), (5_000, vec![]));
}

/// Returns a shard whose connection 0 takes bytes, and has 5,000 entries before it.
fn open_and_behind() -> (Shard, SubscriptionId) {
    let mut shard = Shard::new(FanoutSettings::default(), 2);
    let id = shard.join(0, ROOM);
    shard.join(1, ROOM);
    (0..5_000).for_each(|_| shard.publish(ROOM, 10));
    (shard, id)
}

#[test]
fn reader_that_takes_bytes_has_them_before_its_leave_is_read() {
    let (mut shard, id) = open_and_behind();
    shard.catch_up(0, &mut Budget::default());
    assert_eq!(shard.sockets.bytes, 50_000);
    shard.fanout.unsubscribe(0, id);
    assert_eq!(shard.fanout.outbox_bytes(0), 0);
    shard.work();
    // The other member has them too, and the first one none of them twice.
    assert_eq!((shard.sockets.bytes, shard.given_up()), (100_000, vec![]));
}

#[test]
fn open_reader_that_takes_nothing_makes_no_queue_by_its_leave() {
    let (mut shard, id) = open_and_behind();
    shard.sockets.shut.insert(0);
    shard.catch_up(0, &mut Budget::default());
    shard.fanout.unsubscribe(0, id);
    assert_eq!(shard.given_up(), [(0, Failure::FellBehind)]);
    assert_eq!(shard.fanout.outbox_bytes(0), 0);
}

#[test]
fn open_reader_that_the_turn_cannot_serve_makes_no_queue_by_its_leave() {
    let (mut shard, id) = open_and_behind();
    (0..5_000).for_each(|_| shard.publish(ROOM, 10));
    let mut none = Budget {
        bytes: 0,
        ..Budget::default()
    };
    shard.catch_up(0, &mut none);
    assert_eq!(shard.sockets.bytes, 0);
    shard.fanout.unsubscribe(0, id);
    assert_eq!(shard.given_up(), [(0, Failure::FellBehind)]);
}

#[test]
fn member_that_lacks_little_is_left_to_the_pass() {
    let (mut shard, _) = open_and_behind();
    shard.work();
    (0..1_024).for_each(|_| shard.publish(ROOM, 10));
    shard.catch_up(0, &mut Budget::default());
    assert_eq!(shard.sockets.bytes, 100_000);
}

#[test]
fn close_of_an_open_reader_far_behind_drops_its_position() {
    let (mut shard, _) = open_and_behind();
    shard.fanout.retire(0);
    assert_eq!(shard.fanout.outbox_bytes(0), 0);
    shard.work();
    assert_eq!((shard.sockets.bytes, shard.given_up()), (50_000, vec![]));
}

#[test]
fn answers_that_a_blocked_reader_does_not_take_weigh_120_bytes_more_each() {
    let (mut shard, _) = left_behind(&[ROOM], 1);
    let pong = Bytes::from_static(b"..");
    let sent = (0..20_000).take_while(|_| {
        shard.fanout.send(0, pong.clone(), None);
        shard.given_up().is_empty()
    });
    let sent = sent.count();
    assert!((8_000..9_000).contains(&sent), "{sent} pongs in 1 MiB");
}
