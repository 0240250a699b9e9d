//! Cases of the engine that random steps (tests/engine/order.rs) seldom reach: one scene each.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;

use bytes::Bytes;
use lobbyd::broker::{
    Budget, Class, Draft, Failure, Fanout, FanoutSettings, Hub, Original, OriginalPayload, Sink,
    Wants,
};

const ROOM: &str = "room:lobby";

/// Sockets that take every byte, or none while they are shut.
#[derive(Default)]
struct Sockets {
    received: HashMap<u32, String>,
    shut: Vec<u32>,
}

impl Sockets {
    fn text(&self, outlet: u32) -> &str {
        self.received.get(&outlet).map_or("", String::as_str)
    }
}

impl Sink for Sockets {
    fn write(&mut self, outlet: u32, bytes: &[u8]) -> io::Result<usize> {
        if self.shut.contains(&outlet) {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let text = std::str::from_utf8(bytes).expect("text");
        self.received.entry(outlet).or_default().push_str(text);
        Ok(bytes.len())
    }

    fn write_vectored(&mut self, outlet: u32, pieces: &[io::IoSlice<'_>]) -> io::Result<usize> {
        assert!(pieces.len() <= 1024, "Linux takes no more pieces in a call");
        pieces.iter().map(|p| self.write(outlet, p)).sum()
    }
}

fn shard(settings: FanoutSettings) -> (Fanout, Sockets) {
    let fanout = Fanout::new(0, Arc::new(Hub::new(1)), settings);
    (fanout, Sockets::default())
}

/// Returns a shard with connection 0, whose socket takes no byte, and which was sent more than may
/// wait.
fn connection_with_too_much() -> (Fanout, Sockets) {
    let settings = FanoutSettings {
        outbox_bytes_max: 3,
        ..FanoutSettings::default()
    };
    let (mut fanout, mut sockets) = shard(settings);
    fanout.open(0, Class::V2);
    block(&mut fanout, &mut sockets, 0);
    fanout.send(0, Bytes::from_static(b"much"), None);
    (fanout, sockets)
}

fn publish(fanout: &mut Fanout, topic: &str, event: &str, text: &str) {
    let seal = &mut |draft: &mut Draft, wants: Wants| {
        for class in Class::ALL {
            if wants.classes[class as usize] {
                draft.seal(class, Some(Bytes::copy_from_slice(text.as_bytes())));
            }
        }
        if wants.original {
            draft.keep_original(Original {
                event: event.into(),
                payload: OriginalPayload::Text("{}".into()),
            });
        }
    };
    fanout.publish(topic, None, seal);
}

fn flush_all(fanout: &mut Fanout, sockets: &mut Sockets) {
    for _ in 0..10_000 {
        while fanout.take_heard(&mut 1).is_some() {}
        if !fanout.flush(sockets, Budget::default()) {
            return;
        }
    }
    panic!("flushing never ends");
}

#[test]
fn connections_answered_all_the_time_starve_no_listener() {
    let (mut fanout, mut sockets) = shard(FanoutSettings::default());
    for outlet in 0..301 {
        fanout.open(outlet, Class::V2);
    }
    let id = fanout.new_id();
    fanout.subscribe(300, id, ROOM, &[]);
    publish(&mut fanout, ROOM, "shout", "news");
    for _ in 0..3 {
        for busy in 0..300 {
            fanout.send(busy, Bytes::from_static(b"reply"), None);
        }
        let _ = fanout.flush(&mut sockets, Budget::default());
    }
    assert_eq!(sockets.text(300), "news");
}

#[test]
fn connections_that_catch_up_do_not_starve_the_passes() {
    let settings = FanoutSettings {
        outbox_bytes_max: 64 << 20,
        ..FanoutSettings::default()
    };
    let (mut fanout, mut sockets) = shard(settings);
    let frame = Bytes::from("x".repeat(200 << 10));
    for outlet in 0..65 {
        fanout.open(outlet, Class::V2);
    }
    let id = fanout.new_id();
    fanout.subscribe(64, id, ROOM, &[]);
    publish(&mut fanout, ROOM, "shout", "news");
    for outlet in 0..64 {
        (0..10).for_each(|_| fanout.send(outlet, frame.clone(), None));
    }
    let _ = fanout.flush(&mut sockets, Budget::default());
    assert_eq!(sockets.text(64), "news");
}

#[test]
fn channel_that_also_listens_to_its_own_topic_still_intercepts() {
    let (mut fanout, mut sockets) = shard(FanoutSettings::default());
    for outlet in 0..2 {
        fanout.open(outlet, Class::V2);
    }
    let (before, id) = (fanout.new_id(), fanout.new_id());
    fanout.listen(0, before, ROOM);
    fanout.subscribe(1, id, ROOM, &["hidden"]);
    fanout.listen(1, id, ROOM);
    // The first listener goes, and another takes its place.
    fanout.unsubscribe(0, before);
    publish(&mut fanout, ROOM, "hidden", "secret");
    flush_all(&mut fanout, &mut sockets);
    assert_eq!(sockets.text(1), "");
}

#[test]
fn failure_of_a_closed_connection_is_not_told_of_the_next_of_its_number() {
    let (mut fanout, _) = connection_with_too_much();
    fanout.close(0);
    fanout.open(0, Class::V2);
    assert_eq!(fanout.take_failed(), None);
}

#[test]
fn close_frame_goes_out_though_the_socket_became_writable_first() {
    let (mut fanout, mut sockets) = connection_with_too_much();
    sockets.shut.clear();
    fanout.writable(0);
    assert_eq!(fanout.take_failed(), Some((0, Failure::OutboxFull)));
    fanout.send_last(0, Bytes::from_static(b"close"));
    flush_all(&mut fanout, &mut sockets);
    assert_eq!(sockets.text(0), "close");
    assert!(fanout.is_drained(0));
}

#[test]
fn connection_given_up_just_before_its_close_gets_a_close_frame() {
    let (mut fanout, mut sockets) = connection_with_too_much();
    // The client's Close is handled before the failure is taken.
    fanout.retire(0);
    fanout.send_last(0, Bytes::from_static(b"close"));
    fanout.notify_when_drained(0);
    sockets.shut.clear();
    fanout.writable(0);
    flush_all(&mut fanout, &mut sockets);
    assert_eq!(sockets.text(0), "close");
    assert_eq!(fanout.take_notified(), Some(0));
    assert!(fanout.is_drained(0));
}

/// Leaves a connection blocked, with one byte still to be written.
fn block(fanout: &mut Fanout, sockets: &mut Sockets, outlet: u32) {
    sockets.shut.push(outlet);
    fanout.send(outlet, Bytes::from_static(b"."), None);
    let _ = fanout.flush(sockets, Budget::default());
}

#[test]
fn connection_that_was_given_up_can_join_nothing() {
    let (mut fanout, _) = connection_with_too_much();
    let id = fanout.new_id();
    fanout.subscribe(0, id, ROOM, &[]);
    fanout.listen(0, id, ROOM);
    assert_eq!(fanout.rooms_len(), 0, "a log that nobody will ever read");
}

#[test]
fn vectored_write_has_no_more_pieces_than_the_kernel_takes() {
    let (mut fanout, mut sockets) = shard(FanoutSettings::default());
    fanout.open(0, Class::V1);
    fanout.open(1, Class::V2);
    let topics: Vec<String> = (0..1200).map(|n| format!("room:{n}")).collect();
    let ids: Vec<_> = topics
        .iter()
        .map(|topic| {
            let id = fanout.new_id();
            fanout.subscribe(0, id, topic, &["hidden"]);
            id
        })
        .collect();
    topics
        .iter()
        .for_each(|topic| publish(&mut fanout, topic, "hidden", "secret"));
    let frame = Bytes::from("y".repeat(10 << 10));
    fanout.send(0, frame.clone(), Some(ids[0]));
    fanout.send(0, frame, Some(ids[1]));
    flush_all(&mut fanout, &mut sockets);
    assert_eq!(sockets.text(0).len(), 20 << 10);
}

#[test]
fn end_of_a_reader_far_behind_keeps_no_frames_for_it_but_its_close() {
    let (mut fanout, mut sockets) = shard(FanoutSettings::default());
    for (outlet, backlog) in [(0, 1024), (1, 1025)] {
        fanout.open(outlet, Class::V2);
        let id = fanout.new_id();
        fanout.subscribe(outlet, id, ROOM, &[]);
        sockets.shut = vec![outlet];
        for _ in 0..backlog {
            publish(&mut fanout, ROOM, "e", "x");
            fanout.flush(&mut sockets, Budget::default());
        }
        fanout.retire(outlet);
        fanout.send_last(outlet, Bytes::from_static(b"Close"));
        sockets.shut.clear();
        fanout.writable(outlet);
        while fanout.flush(&mut sockets, Budget::default()) {}
    }
    assert_eq!(sockets.text(0), "x".repeat(1024) + "Close");
    assert_eq!(sockets.text(1), "Close");
}
