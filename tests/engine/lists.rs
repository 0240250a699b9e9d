//! Work follows what changed, never how many wait: looks at entries of lists, counted exactly.

use bytes::Bytes;
use lobbyd::broker::{
    Class, Draft, Failure, FanoutSettings, Original, OriginalPayload, SubscriptionId, Wants,
};
use lobbyd::server::{IdleShard, Limit, ServerLimits, raise_descriptor_limit};
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

/// Returns a shard whose connections are members of one room and take no byte. Its log has as many
/// entries as it may have, so they fall off with the next one. With it come their subscriptions.
fn at_the_edge(members: u32) -> (Shard, Vec<SubscriptionId>) {
    let settings = FanoutSettings {
        retention_entries_max: 10,
        ..ROOMY
    };
    let mut shard = Shard::new(settings, members);
    let ids = (0..members).map(|outlet| shard.join(outlet, ROOM));
    let ids = ids.collect();
    shard.sockets.shut.extend(0..members);
    for _ in 0..10 {
        shard.publish(ROOM, 10);
        shard.work();
    }
    assert!(!shard.fanout.has_failed());
    (shard, ids)
}

#[test]
fn readers_that_fall_off_together_are_found_a_slice_at_a_time() {
    for members in [4 * FEW, MANY] {
        let (mut shard, _) = at_the_edge(members);
        shard.publish(ROOM, 10);
        let mut looked_at = 0;
        while looked_at < members.into() {
            let looked = looks(&mut shard, |shard| {
                assert!(shard.turn() || shard.fanout.has_failed())
            });
            assert!(looked <= 1_024, "{looked} in a turn");
            looked_at += looked;
        }
        shard.work();
        let fell: Vec<_> = (0..members)
            .map(|outlet| (outlet, Failure::LogTooLong))
            .collect();
        assert_eq!(shard.given_up(), fell);
    }
}

/// Readers at early places are found last. What happens to them before must show no gap.
#[test]
fn reader_that_fell_off_and_is_not_found_yet_gets_no_later_frame() {
    let (mut shard, ids) = at_the_edge(4 * FEW);
    shard.publish(ROOM, 10);
    shard.turn();
    shard.publish(ROOM, 10);
    shard.open(1);
    shard.fanout.unsubscribe(2, ids[2]);
    shard.fanout.retire(3);
    shard.fanout.close(4);
    (2..4).for_each(|outlet| shard.open(outlet));
    shard
        .fanout
        .send(1, Bytes::from_static(b"reply"), Some(ids[1]));
    shard.work();
    assert_eq!(shard.sockets.bytes, 0);
    let fell = (0..4 * FEW).filter(|outlet| *outlet != 4);
    let fell: Vec<_> = fell.map(|outlet| (outlet, Failure::LogTooLong)).collect();
    assert_eq!(shard.given_up(), fell);
    assert_eq!(shard.fanout.broken_invariants().gaps, 0);
    assert_eq!(
        (shard.fanout.rooms_len(), shard.fanout.retained_bytes()),
        (0, 0)
    );
}

#[test]
fn readers_that_fell_off_are_all_found_whoever_leaves_meanwhile() {
    let (mut shard, ids) = at_the_edge(MANY);
    shard.publish(ROOM, 10);
    let mut left = 0;
    while shard.turn() {
        // Early and late members leave, and entries go on leaving the log.
        for outlet in [left, MANY - 1 - left] {
            shard.fanout.unsubscribe(outlet, ids[outlet as usize]);
        }
        left += 1;
        if left % 2 == 0 && left < 20 {
            shard.publish(ROOM, 10);
        }
    }
    assert!(left > 10, "all were found in {left} turns");
    // The first two left before they fell.
    assert_eq!(shard.given_up().len(), MANY as usize - 2);
    assert_eq!(shard.fanout.broken_invariants().gaps, 0);
    assert_eq!(
        (shard.fanout.rooms_len(), shard.fanout.retained_bytes()),
        (0, 0)
    );
}

#[test]
fn readers_that_fall_off_later_are_found_where_earlier_ones_left_unfound() {
    let (mut shard, _) = at_the_edge(MANY);
    let (late, listener) = (MANY, MANY + 1);
    for outlet in [late, listener] {
        shard.fanout.open(outlet, Class::V2);
    }
    shard.sockets.shut.insert(late);
    shard.join(late, ROOM);
    let id = shard.fanout.new_id();
    shard.fanout.listen(listener, id, ROOM);
    let say = |shard: &mut Shard| publish(shard, ROOM, "shout");
    // The late one falls off as well, while the look for the others is under way.
    for _ in 0..12 {
        say(&mut shard);
        shard.turn();
    }
    assert!(shard.fanout.members_len() > 0 && shard.fanout.has_failed());
    (0..=late).for_each(|outlet| shard.fanout.close(outlet));
    let work = |shard: &mut Shard| {
        while shard.fanout.take_heard(&mut 1_000).is_some() || shard.turn() {}
    };
    work(&mut shard);
    (0..9).for_each(|outlet| shard.fanout.open(outlet, Class::V2));
    shard.join_all(0..9, ROOM);
    for _ in 0..12 {
        say(&mut shard);
        work(&mut shard);
    }
    assert_eq!(shard.given_up().len(), 9);
}

#[test]
fn readers_that_fall_off_together_leave_their_room_a_few_at_a_time() {
    let (mut shard, _) = at_the_edge(MANY);
    for _ in 0..2 {
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

/// Returns the looks of the turns of a whole round of the sweep, and those of the next.
fn rounds_of_the_sweep(shard: &mut IdleShard) -> [Vec<u64>; 2] {
    let connections = shard.connections() as u64;
    [1, 2].map(|round| {
        let mut turns = Vec::new();
        while shard.looks() < round * connections {
            let before = shard.looks();
            shard.turn();
            turns.push(shard.looks() - before);
        }
        turns.retain(|looks| *looks > 0);
        turns
    })
}

/// Cuts all connections, and returns how many each turn cut.
fn cut(shard: &mut IdleShard) -> Vec<usize> {
    shard.cut();
    let mut turns = Vec::new();
    while shard.connections() > 0 {
        let before = shard.connections();
        shard.turn();
        turns.push(before - shard.connections());
    }
    turns
}

#[test]
fn sweep_and_cut_take_as_many_connections_a_turn_however_many_there_are() {
    raise_descriptor_limit();
    // A round of the sweep begins every 5 ms.
    let limits = ServerLimits::default().with_max(Limit::RetentionTime, 20);
    for connections in [2_000, 8_000] {
        let mut shard = IdleShard::new(connections, limits).expect("as many open files");
        for looks in rounds_of_the_sweep(&mut shard) {
            assert!(looks.iter().all(|looks| *looks <= 1_024), "{looks:?}");
            assert_eq!(looks.len(), connections.div_ceil(1_024));
        }
        let cut = cut(&mut shard);
        assert!(cut.iter().all(|cut| *cut <= 256), "{cut:?}");
        assert_eq!(cut.len(), connections.div_ceil(256));
    }
}
