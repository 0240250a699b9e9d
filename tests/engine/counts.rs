//! Counts of encodings, writes, members and frames are exact.
//!
//! There is one encoding per version and broadcast.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use lobbyd::FlushCounts;
use lobbyd::broker::FanoutSettings;
use lobbyd::broker::{Budget, Class, Draft, Fanout, Hub, Sink, Wants};
use serde_json::json;
use testkit::{connect, connect_to, eventually, tutorial};

/// Sockets that take every byte, or as many bytes as they have room for.
#[derive(Default)]
struct Sockets {
    room: HashMap<u32, usize>,
    writes: u64,
    bytes: u64,
}

impl Sink for Sockets {
    fn write(&mut self, outlet: u32, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes
            .len()
            .min(self.room.remove(&outlet).unwrap_or(usize::MAX));
        self.writes += 1;
        self.bytes += taken as u64;
        Ok(taken)
    }

    fn write_vectored(&mut self, outlet: u32, pieces: &[io::IoSlice<'_>]) -> io::Result<usize> {
        let bytes: Vec<u8> = pieces.iter().flat_map(|p| p.iter().copied()).collect();
        self.write(outlet, &bytes)
    }
}

/// Returns a shard with `members` members in one topic, alternately of version 1 and 2.
fn shard(members: u32) -> (Arc<Hub>, Fanout) {
    let hub = Arc::new(Hub::new(1));
    let mut fanout = Fanout::new(0, Arc::clone(&hub), FanoutSettings::default());
    for outlet in 0..members {
        let class = Class::ALL[outlet as usize % 2];
        fanout.open(outlet, class);
        let id = fanout.new_id();
        fanout.subscribe(outlet, id, "room:lobby", &[]);
    }
    (hub, fanout)
}

fn publish(fanout: &mut Fanout, frames: [Option<&'static [u8]>; 2]) {
    let published = fanout.publish(
        "room:lobby",
        None,
        &mut |draft: &mut Draft, wants: Wants| {
            for class in Class::ALL
                .into_iter()
                .filter(|c| wants.classes[*c as usize])
            {
                draft.seal(class, frames[class as usize].map(Bytes::from_static));
            }
        },
    );
    assert!(published.is_some(), "somebody is subscribed");
}

fn flush(fanout: &mut Fanout, sockets: &mut Sockets) {
    while fanout.flush(sockets, Budget::default()) {}
}

const BOTH: [Option<&[u8]>; 2] = [Some(b"version 1"), Some(b"version 2!")];

#[test]
fn pass_counts_a_write_a_member_and_every_frame_it_brings() {
    let (hub, mut fanout) = shard(10);
    let mut sockets = Sockets::default();
    (0..3).for_each(|_| publish(&mut fanout, BOTH));
    flush(&mut fanout, &mut sockets);
    let counts = hub.counts();
    assert_eq!((counts.broadcasts, counts.encodings), (3, 6));
    let expected = FlushCounts {
        flushes: 1,
        writes: 10,
        members: 10,
        deliveries: 30,
        own_frames: 0,
        bytes: 3 * 5 * (9 + 10),
    };
    assert_eq!(counts.flush, expected);
    assert_eq!(hub.flush_counts(0), expected);
    assert_eq!((sockets.writes, sockets.bytes), (10, expected.bytes));
}

#[test]
fn broadcast_without_a_form_in_a_version_is_no_frame_there() {
    let (hub, mut fanout) = shard(4);
    publish(&mut fanout, BOTH);
    publish(&mut fanout, [None, Some(b"bytes")]);
    flush(&mut fanout, &mut Sockets::default());
    assert_eq!(hub.counts().flush.deliveries, 2 + 2 * 2);
}

#[test]
fn short_write_and_what_follows_it_count_each_frame_once() {
    let (hub, mut fanout) = shard(1);
    let mut sockets = Sockets::default();
    (0..3).for_each(|_| publish(&mut fanout, BOTH));
    sockets.room.insert(0, 13); // one frame and a part of the second
    flush(&mut fanout, &mut sockets);
    assert_eq!(hub.counts().flush.deliveries, 2);
    fanout.send(0, Bytes::from_static(b"a reply"), None);
    fanout.writable(0);
    flush(&mut fanout, &mut sockets);
    let flush = hub.counts().flush;
    assert_eq!(
        (flush.deliveries, flush.own_frames, flush.frames()),
        (3, 1, 4)
    );
    assert_eq!((flush.flushes, flush.writes), (2, sockets.writes));
    assert_eq!((flush.members, flush.bytes), (1, 3 * 9 + 7));
}

#[test]
fn flush_that_writes_nothing_counts_nothing() {
    let (hub, mut fanout) = shard(3);
    flush(&mut fanout, &mut Sockets::default());
    assert_eq!(hub.counts().flush, FlushCounts::default());
}

#[test]
fn lap_runs_from_its_oldest_broadcast_to_the_end_of_the_turn() {
    let (_hub, mut fanout) = shard(3);
    let start = Instant::now();
    let at_ms = |ms| start + Duration::from_millis(ms);
    let laps = |fanout: &mut Fanout, end| {
        let mut laps = Vec::new();
        fanout.take_laps(end, |waited| laps.push((waited.as_micros() + 500) / 1000));
        laps
    };
    fanout.begin_turn(at_ms(10));
    publish(&mut fanout, BOTH);
    fanout.begin_turn(at_ms(13));
    publish(&mut fanout, BOTH);
    flush(&mut fanout, &mut Sockets::default());
    assert_eq!(laps(&mut fanout, at_ms(17)), [7], "one lap for both");
    assert_eq!(laps(&mut fanout, at_ms(18)), [], "told once");
    flush(&mut fanout, &mut Sockets::default());
    assert_eq!(laps(&mut fanout, at_ms(19)), [], "nothing new, no lap");
    for _ in 0..2 {
        publish(&mut fanout, BOTH);
        flush(&mut fanout, &mut Sockets::default());
    }
    assert_eq!(laps(&mut fanout, at_ms(20)), [7], "those of the last flush");
}

#[test]
fn lap_of_many_flushes_ends_with_its_last_member() {
    let (_hub, mut fanout) = shard(5);
    let start = Instant::now();
    fanout.begin_turn(start);
    publish(&mut fanout, BOTH);
    let (mut sockets, mut ended) = (Sockets::default(), Vec::new());
    for turn in 1..=5 {
        let budget = Budget {
            writes: 1,
            ..Budget::default()
        };
        fanout.flush(&mut sockets, budget);
        fanout.take_laps(start + Duration::from_secs(turn), |_| ended.push(turn));
    }
    assert_eq!((ended, sockets.writes), (vec![5], 5));
}

#[test]
fn broadcast_amid_a_round_is_settled_one_round_later_and_not_two() {
    let (hub, mut fanout) = shard(10);
    let start = Instant::now();
    let at = |turn| start + Duration::from_secs(turn);
    let (mut sockets, mut waited) = (Sockets::default(), Vec::new());
    let budget = Budget {
        writes: 1,
        ..Budget::default()
    };
    // A broadcast in each turn, and a write in each turn: the round never ends.
    for turn in 0..100 {
        fanout.begin_turn(at(turn));
        publish(&mut fanout, BOTH);
        fanout.flush(&mut sockets, budget);
        fanout.take_laps(at(turn), |time| waited.push(time.as_secs()));
        assert!(fanout.unsettled_bytes() <= 10 * (9 + 10), "a round's bytes");
    }
    assert_eq!(
        waited, [9; 91],
        "ten visits after each, this turn's included"
    );
    assert_eq!(hub.lag_bytes(0), fanout.unsettled_bytes());
}

#[test]
fn subscriptions_are_counted_until_they_end_whichever_way() {
    let (_hub, mut fanout) = shard(4);
    let id = fanout.new_id();
    fanout.subscribe(0, id, "room:other", &["secret"]);
    let heard = fanout.new_id();
    fanout.listen(0, heard, "room:third");
    assert_eq!(fanout.members_len(), 5, "who only listens gets no frames");
    fanout.unsubscribe(0, id);
    fanout.close(1);
    fanout.silence(2);
    fanout.retire(3);
    assert_eq!(fanout.members_len(), 1);
}

#[test]
fn running_server_shows_one_encoding_per_version_and_broadcast() {
    let server = tutorial();
    let old = "/socket/websocket?vsn=1.0.0";
    let mut clients: Vec<_> = (0..5).map(|_| connect(&server)).collect();
    clients.iter_mut().for_each(|c| c.join("room:lobby"));
    let mut first = connect_to(server.local_addr(), old);
    let join = json!({"topic": "room:lobby", "event": "phx_join", "payload": {}, "ref": "1"});
    first.send(join);
    assert_eq!(first.json()["event"], "phx_reply");
    for n in 0..4 {
        let endpoint = server.endpoint();
        endpoint.broadcast("room:lobby", "new_msg", json!({"body": n}));
    }
    for client in clients.iter_mut().chain([&mut first]) {
        (0..4).for_each(|_| assert!(client.json().to_string().contains("new_msg")));
    }
    // Readers have the last bytes slightly before the flush that wrote them publishes its counts.
    let counts = || server.endpoint().counts();
    eventually("all deliveries are counted", || {
        counts().flush.deliveries == 4 * 6
    });
    let counts = counts();
    assert_eq!((counts.broadcasts, counts.encodings), (4, 8));
    assert_eq!(counts.flush.own_frames, 6, "a reply to each join");
    assert!(counts.flush.writes >= counts.flush.flushes);
}
