//! Work follows what changed, never how many wait: looks at entries of lists, counted exactly.

use bytes::Bytes;
use lobbyd::broker::{
    Class, Draft, Failure, FanoutSettings, Original, OriginalPayload, SubscriptionId, Wants,
};
use testkit::shard::Shard;

const ROOM: &str = "room:lobby";
const FEW: u32 = 1_000;
const MANY: u32 = 16_000;

/// Bounds that no member reaches.
const ROOMY: FanoutSettings = FanoutSettings {
    retention_bytes_max: usize::MAX,
    retention_entries_max: usize::MAX,
    retention_ms_max: u64::MAX,
    retention_total_bytes_max: usize::MAX,
    outbox_bytes_max: usize::MAX,
};

fn publish(shard: &mut Shard, topic: &str, event: &str) {
    let seal = &mut |draft: &mut Draft, wants: Wants| {
        draft.seal(Class::V2, Some(Bytes::from_static(b"news")));
        if wants.original {
            draft.keep_original(Original {
                event: event.into(),
                payload: OriginalPayload::Text("{}".into()),
            });
        }
    };
    shard.fanout.publish(topic, None, seal);
}

/// Returns the number of looks that `work` took.
fn looks(shard: &mut Shard, work: impl FnOnce(&mut Shard)) -> u64 {
    let before = shard.fanout.looks();
    work(shard);
    shard.fanout.looks() - before
}

/// A hundred turns, each with a broadcast to a lobby of one member.
fn hundred_turns(shard: &mut Shard) {
    for _ in 0..100 {
        shard.publish(ROOM, 10);
        shard.turn();
        while shard.fanout.take_notified().is_some() {}
        assert!(shard.fanout.take_failed().is_none());
    }
}

#[test]
fn connections_that_wait_for_room_cost_no_look_a_turn_however_many() {
    let turns_beside = |waiting: u32| {
        let mut shard = Shard::new(ROOMY, waiting + 1);
        shard.join(waiting, ROOM);
        shard.sockets.shut.extend(0..waiting);
        for outlet in 0..waiting {
            shard
                .fanout
                .send(outlet, Bytes::from(vec![0; 70 << 10]), None);
            shard.fanout.notify_of_room(outlet);
        }
        shard.work();
        let idle = looks(&mut shard, hundred_turns);
        let news = looks(&mut shard, |shard| {
            shard.open(0);
            shard.turn();
        });
        assert_eq!(shard.fanout.take_notified(), Some(0), "it has room");
        assert_eq!(shard.fanout.take_notified(), None, "and is told once");
        (idle, news)
    };
    assert_eq!(turns_beside(FEW), (0, 1));
    assert_eq!(turns_beside(MANY), (0, 1));
}

#[test]
fn closing_connections_cost_no_look_a_turn_however_many() {
    let turns_beside = |closing: u32| {
        let mut shard = Shard::new(ROOMY, closing + 1);
        shard.join(closing, ROOM);
        shard.sockets.shut.extend(0..closing);
        for outlet in 0..closing {
            shard.fanout.retire(outlet);
            shard.fanout.send_last(outlet, Bytes::from_static(b"Close"));
            shard.fanout.notify_when_drained(outlet);
        }
        shard.work();
        let idle = looks(&mut shard, hundred_turns);
        shard.open(7);
        shard.turn();
        assert_eq!(shard.fanout.take_notified(), Some(7), "its Close is out");
        assert!(shard.fanout.is_drained(7));
        idle
    };
    assert_eq!((turns_beside(FEW), turns_beside(MANY)), (0, 0));
}

/// Returns a shard whose connections are members of one room and intercept an event.
fn intercepting(members: u32) -> (Shard, Vec<SubscriptionId>) {
    let mut shard = Shard::new(ROOMY, members);
    let join = |outlet| {
        let id = shard.fanout.new_id();
        shard.fanout.subscribe(outlet, id, ROOM, &["typing"]);
        id
    };
    let ids = (0..members).map(join).collect();
    (shard, ids)
}

#[test]
fn broadcast_that_nobody_intercepts_costs_no_look_at_a_channel() {
    for members in [FEW, MANY] {
        let (mut shard, _) = intercepting(members);
        let looked = looks(&mut shard, |shard| {
            publish(shard, ROOM, "new_msg");
            shard.work();
        });
        assert_eq!(looked, 0);
        assert_eq!(shard.sockets.bytes, 4 * members as usize);
    }
}

#[test]
fn leaves_of_channels_that_listen_take_one_look_each_however_many() {
    for members in [FEW, MANY] {
        let (mut shard, ids) = intercepting(members);
        let looked = looks(&mut shard, |shard| {
            for (outlet, id) in (0..).zip(&ids) {
                shard.fanout.unsubscribe(outlet, *id);
            }
        });
        assert_eq!((looked, shard.fanout.rooms_len()), (members.into(), 0));

        for (outlet, id) in (0..).zip(&ids) {
            shard.fanout.listen(outlet, *id, ROOM);
        }
        let looked = looks(&mut shard, |shard| {
            for (outlet, id) in (0..).zip(&ids) {
                shard.fanout.unsubscribe(outlet, *id);
            }
        });
        assert_eq!((looked, shard.fanout.rooms_len()), (members.into(), 0));
    }
}

#[test]
fn disconnect_looks_at_no_broadcast_that_waits_for_a_channel() {
    for members in [FEW, MANY] {
        let (mut shard, _) = intercepting(members);
        publish(&mut shard, ROOM, "typing");
        shard.fanout.take_mail();
        let looked = looks(&mut shard, |shard| {
            (0..100).for_each(|outlet| shard.fanout.close(outlet));
        });
        assert_eq!(looked, 100, "one for each that intercepts no more");
        // The next connection with the number of an earlier one hears nothing of what that was due.
        (0..100).for_each(|outlet| shard.fanout.open(outlet, Class::V2));
        let mut budget = 256;
        let heard = shard.fanout.take_heard(&mut budget);
        assert_eq!((heard.map(|heard| heard.outlet), budget), (Some(100), 155));
    }
}

#[test]
fn listener_that_takes_the_place_of_another_leaves_alone_too() {
    let mut shard = Shard::new(ROOMY, 3);
    let ids: Vec<_> = (0..3).map(|_| shard.fanout.new_id()).collect();
    for (outlet, id) in (0..).zip(&ids) {
        shard.fanout.listen(outlet, *id, ROOM);
    }
    shard.fanout.unsubscribe(0, ids[0]);
    shard.fanout.unsubscribe(2, ids[2]);
    publish(&mut shard, ROOM, "shout");
    shard.turn();
    let heard = std::iter::from_fn(|| shard.fanout.take_heard(&mut 1));
    assert_eq!(heard.map(|heard| heard.outlet).collect::<Vec<_>>(), [1]);
}

#[test]
fn readers_that_fall_off_together_leave_their_room_a_few_at_a_time() {
    let settings = FanoutSettings {
        retention_entries_max: 10,
        ..ROOMY
    };
    let mut shard = Shard::new(settings, MANY);
    shard.join_all(0..MANY, ROOM);
    shard.sockets.shut.extend(0..MANY);
    for _ in 0..12 {
        shard.publish(ROOM, 10);
        shard.work();
    }
    assert_eq!(shard.fanout.members_len(), MANY as usize, "nobody left yet");
    let looked = looks(&mut shard, |shard| {
        for _ in 0..256 {
            let failed = shard.fanout.take_failed().map(|(_, failure)| failure);
            assert_eq!(failed, Some(Failure::LogTooLong));
        }
    });
    let left = (looked, shard.fanout.members_len());
    assert_eq!(left, (256, MANY as usize - 256));
    assert!(shard.fanout.has_failed());
    // Meanwhile they hold no entries, and closing one searches no list.
    shard.publish(ROOM, 10);
    shard.work();
    assert!(shard.fanout.retained_bytes() < 11 * 400);
    let looked = looks(&mut shard, |shard| shard.fanout.close(300));
    assert_eq!(looked, 0);
    assert_eq!(shard.given_up().len(), MANY as usize - 257);
    assert_eq!(
        (shard.fanout.rooms_len(), shard.fanout.retained_bytes()),
        (0, 0)
    );
}
