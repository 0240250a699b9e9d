//! Exact numbers of writes, flushes and wake-ups for messages in fixed scenes, without sockets.
//!
//! The counts are the server's own. `writes_over_sockets` has the scenes that are exact over real
//! sockets too.

use bytes::Bytes;
use lobbyd::broker::Class;

use crate::scene::{ROOM, Scene, Work, seal};

#[test]
fn message_takes_a_write_for_each_member_and_one_wake_up() {
    for members in [1, 10, 64] {
        let mut scene = Scene::new(&[members]);
        for _ in 0..3 {
            scene.publish();
            let expected = Work {
                wake_ups: 1,
                flushes: 1,
                writes: members.into(),
                deliveries: members.into(),
                own_frames: 0,
            };
            assert_eq!(scene.work(), expected, "{members} members");
        }
    }
}

#[test]
fn messages_before_a_turn_share_its_writes_and_its_wake_up() {
    let mut scene = Scene::new(&[10]);
    (0..16).for_each(|_| scene.publish());
    let expected = Work {
        wake_ups: 1,
        flushes: 1,
        writes: 10,
        deliveries: 160,
        own_frames: 0,
    };
    assert_eq!(scene.work(), expected);
}

#[test]
fn message_from_a_turn_of_the_only_shard_wakes_nobody() {
    let mut scene = Scene::new(&[10]);
    for _ in 0..3 {
        // A turn takes the mail before it reads what clients have sent.
        scene.shards[0].fanout.take_mail();
        scene.shards[0].publish(None);
        let expected = Work {
            wake_ups: 0,
            flushes: 1,
            writes: 10,
            deliveries: 10,
            own_frames: 0,
        };
        assert_eq!(scene.work(), expected);
    }
}

#[test]
fn message_wakes_each_other_shard_with_members_once() {
    let mut scene = Scene::new(&[10, 20, 0, 1]);
    scene.shards[0].fanout.take_mail();
    (0..16).for_each(|_| scene.shards[0].publish(None));
    let expected = Work {
        wake_ups: 2,
        flushes: 3,
        writes: 31,
        deliveries: 16 * 31,
        own_frames: 0,
    };
    assert_eq!(scene.work(), expected, "not shard 2, which has no members");
    scene.publish();
    let expected = Work {
        wake_ups: 3,
        flushes: 3,
        writes: 31,
        deliveries: 31,
        own_frames: 0,
    };
    assert_eq!(scene.work(), expected);
}

#[test]
fn message_without_members_takes_no_write_and_no_wake_up() {
    let mut scene = Scene::new(&[0, 0]);
    assert!(scene.hub.publish(ROOM, &mut seal).is_none());
    assert_eq!(scene.work(), Work::default());
}

#[test]
fn versions_of_members_add_encodings_and_no_writes() {
    let mut scene = Scene::new(&[0]);
    for outlet in 0..10 {
        let shard = &mut scene.shards[0];
        shard.fanout.open(outlet, Class::ALL[outlet as usize % 2]);
        shard.join(outlet, ROOM, None);
    }
    scene.publish();
    let encodings = scene.hub.counts().encodings;
    let work = scene.work();
    assert_eq!((encodings, work.writes, work.wake_ups), (2, 10, 1));
}

#[test]
fn large_room_takes_one_wake_up_and_a_flush_for_each_64_writes() {
    let mut scene = Scene::new(&[1000]);
    scene.publish();
    let expected = Work {
        wake_ups: 1,
        flushes: 16,
        writes: 1000,
        deliveries: 1000,
        own_frames: 0,
    };
    assert_eq!(scene.work(), expected);
}

#[test]
fn message_between_two_slices_shares_the_writes_of_later_members() {
    let mut scene = Scene::new(&[1000]);
    scene.publish();
    assert!(scene.shards[0].flush_once(), "936 members are left");
    scene.publish();
    let expected = Work {
        wake_ups: 1,
        flushes: 17,
        writes: 1000 + 64,
        deliveries: 2 * 1000,
        own_frames: 0,
    };
    assert_eq!(scene.work(), expected, "64 members get a write for each");
}

#[test]
fn reply_takes_one_write_and_no_wake_up() {
    let mut scene = Scene::new(&[10]);
    let reply = Bytes::from_static(b"a reply");
    scene.shards[0].fanout.send(3, reply, None);
    let expected = Work {
        flushes: 1,
        writes: 1,
        own_frames: 1,
        ..Work::default()
    };
    assert_eq!(scene.work(), expected);
}

#[test]
fn reply_behind_a_broadcast_shares_its_write() {
    let mut scene = Scene::new(&[0]);
    let shard = &mut scene.shards[0];
    (0..10).for_each(|outlet| shard.fanout.open(outlet, Class::V2));
    let ids: Vec<_> = (0..10).map(|o| shard.join(o, ROOM, None)).collect();
    shard.fanout.take_mail();
    shard.publish(None);
    let reply = Bytes::from_static(b"a reply");
    shard.fanout.send(3, reply, Some(ids[3]));
    let expected = Work {
        flushes: 1,
        writes: 10,
        deliveries: 10,
        own_frames: 1,
        ..Work::default()
    };
    assert_eq!(scene.work(), expected);
}

#[test]
fn broadcast_from_a_member_takes_no_write_to_that_member() {
    let mut scene = Scene::new(&[9]);
    let shard = &mut scene.shards[0];
    shard.fanout.open(9, Class::V2);
    let origin = shard.join(9, ROOM, None);
    shard.fanout.take_mail();
    shard.publish(Some(origin));
    let expected = Work {
        flushes: 1,
        writes: 9,
        deliveries: 9,
        ..Work::default()
    };
    assert_eq!(scene.work(), expected);
}

#[test]
fn join_takes_one_write_for_its_reply() {
    let mut scene = Scene::new(&[10]);
    let shard = &mut scene.shards[0];
    for outlet in 10..15 {
        shard.fanout.open(outlet, Class::V2);
        shard.join(outlet, ROOM, Some(Bytes::from_static(b"joined")));
    }
    let expected = Work {
        flushes: 1,
        writes: 5,
        own_frames: 5,
        ..Work::default()
    };
    assert_eq!(scene.work(), expected, "other members get nothing");
}

#[test]
fn member_of_two_topics_gets_a_write_for_each_topic() {
    let mut scene = Scene::new(&[1]);
    scene.shards[0].join(0, "room:other", None);
    scene.publish();
    assert!(scene.hub.publish("room:other", &mut seal).is_some());
    let expected = Work {
        wake_ups: 1,
        flushes: 1,
        writes: 2,
        deliveries: 2,
        own_frames: 0,
    };
    assert_eq!(scene.work(), expected);
}

#[test]
fn member_behind_costs_one_write_in_vain_and_one_when_it_catches_up() {
    let mut scene = Scene::new(&[10]);
    scene.shards[0].sockets.shut.insert(3);
    scene.publish();
    let work = scene.work();
    assert_eq!((work.writes, work.deliveries), (10, 9), "one in vain");
    for _ in 0..20 {
        scene.publish();
        let work = scene.work();
        assert_eq!((work.writes, work.deliveries), (9, 9), "no further try");
    }
    let shard = &mut scene.shards[0];
    shard.sockets.shut.remove(&3);
    shard.fanout.writable(3);
    let expected = Work {
        flushes: 1,
        writes: 1,
        deliveries: 21,
        ..Work::default()
    };
    assert_eq!(scene.work(), expected);
}
