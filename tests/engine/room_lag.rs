//! What a room has outstanding is exact, whoever comes and goes, because publishers wait by it.

use bytes::Bytes;
use lobbyd::broker::{Class, Draft, FanoutSettings, Original, OriginalPayload, Wants};
use testkit::shard::Shard;

const ROOM: &str = "room:lobby";

fn publish(shard: &mut Shard) {
    let seal = &mut |draft: &mut Draft, wants: Wants| {
        draft.seal(Class::V2, Some(Bytes::from_static(b"news")));
        if wants.original {
            draft.keep_original(Original {
                event: "news".into(),
                payload: OriginalPayload::Text("{}".into()),
            });
        }
    };
    let published = shard.fanout.publish(ROOM, None, seal);
    assert!(published.is_some(), "somebody is subscribed");
}

fn join(shard: &mut Shard, outlet: u32, intercept: &'static [&'static str]) {
    let id = shard.fanout.new_id();
    shard.fanout.subscribe(outlet, id, ROOM, intercept);
}

/// True if the room has anything outstanding.
fn is_outstanding(shard: &Shard) -> bool {
    let topic = shard.hub.topic(ROOM).expect("it has a member");
    topic.lags(shard.hub.shards(), 0)
}

/// Hands on all that listeners hear, and writes until nothing is left.
fn settle(shard: &mut Shard) {
    shard.turn();
    while shard.fanout.take_heard(&mut 1_000).is_some() {}
    shard.work();
}

#[test]
fn room_has_nothing_outstanding_once_it_is_settled() {
    let mut shard = Shard::new(FanoutSettings::default(), 6);
    (0..4).for_each(|outlet| join(&mut shard, outlet, &[]));
    let listener = shard.fanout.new_id();
    shard.fanout.listen(0, listener, ROOM);
    for round in 0..20 {
        // If too much were taken out, what is outstanding now would be hidden.
        assert!(!is_outstanding(&shard), "{round}");
        publish(&mut shard);
        assert!(is_outstanding(&shard), "{round}: mail");
        shard.fanout.take_mail();
        assert!(is_outstanding(&shard), "{round}: a log");
        publish(&mut shard);
        match round {
            5 => shard.fanout.close(1),
            10 => shard.sockets.shut.extend([2]),
            // Who listens is left, and members that come to what is not settled.
            12 => (2..4).for_each(|outlet| shard.fanout.close(outlet)),
            15 => join(&mut shard, 4, &["news"]),
            _ => {}
        }
        settle(&mut shard);
    }
}

#[test]
fn room_that_ends_amid_its_lag_leaves_none_to_the_next_of_its_name() {
    let mut shard = Shard::new(FanoutSettings::default(), 2);
    join(&mut shard, 0, &[]);
    publish(&mut shard);
    shard.fanout.take_mail();
    publish(&mut shard);
    shard.fanout.close(0);
    join(&mut shard, 1, &[]);
    assert!(!is_outstanding(&shard));
    settle(&mut shard);
    publish(&mut shard);
    assert!(is_outstanding(&shard));
    settle(&mut shard);
    assert!(!is_outstanding(&shard));
}

#[test]
fn stopped_reader_is_no_lag_of_its_room() {
    let mut shard = Shard::new(FanoutSettings::default(), 2);
    (0..2).for_each(|outlet| join(&mut shard, outlet, &[]));
    shard.sockets.shut.extend([1]);
    for _ in 0..100 {
        publish(&mut shard);
        settle(&mut shard);
        assert!(!is_outstanding(&shard));
    }
}
