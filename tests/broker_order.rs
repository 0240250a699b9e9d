//! The engine's promise: on one node every subscriber of a topic sees the same order, each sees what was published after
//! its join, once, with no gap; and a frame of its own stands exactly where its fence says.
//!
//! Two shards are stepped in random order: publishes, joins, leaves, replies, sockets that block in the middle of a
//! frame and resume, and flush passes that are cut off after a few writes. A model says what each must have received.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;

use bytes::Bytes;
use lobbyd::broker::{
    Budget, Class, Draft, Failure, Fanout, FanoutSettings, Hub, Sink, SubscriptionId, Wants,
};
use proptest::prelude::*;

const TOPICS: [&str; 3] = ["room:lobby", "room:a", "room:b"];

/// A connection's socket: takes `room` more bytes, then blocks.
#[derive(Default)]
struct Socket {
    received: Vec<u8>,
    room: usize,
    blocked: bool,
}

#[derive(Default)]
struct Sockets(Vec<Socket>);

impl Sink for Sockets {
    fn write(&mut self, outlet: u32, bytes: &[u8]) -> io::Result<usize> {
        let socket = &mut self.0[outlet as usize];
        assert!(!bytes.is_empty(), "an empty write");
        let taken = bytes.len().min(socket.room);
        socket.received.extend_from_slice(&bytes[..taken]);
        socket.room -= taken;
        socket.blocked = taken < bytes.len();
        if taken == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        Ok(taken)
    }

    fn write_vectored(&mut self, outlet: u32, pieces: &[io::IoSlice<'_>]) -> io::Result<usize> {
        let all: Vec<u8> = pieces.iter().flat_map(|p| p.iter().copied()).collect();
        self.write(outlet, &all)
    }
}

/// What a connection must receive, as far as it is fixed.
#[derive(Default)]
struct Expected {
    /// Frames of each topic, in order.
    topics: HashMap<usize, Vec<String>>,
    /// Frames of its own: text, and the topic and number of its frames that must stand before it.
    own: Vec<(String, Option<(usize, usize)>)>,
    joined: HashMap<usize, SubscriptionId>,
    given_up: bool,
}

struct Shard {
    fanout: Fanout,
    sockets: Sockets,
    expected: Vec<Expected>,
    classes: Vec<Class>,
}

#[derive(Clone, Debug)]
enum Step {
    Publish {
        shard: u8,
        topic: u8,
        size: u16,
        text_only: bool,
        from: Option<u8>,
    },
    Join {
        shard: u8,
        connection: u8,
        topic: u8,
    },
    Leave {
        shard: u8,
        connection: u8,
        topic: u8,
    },
    Own {
        shard: u8,
        connection: u8,
        topic: Option<u8>,
        size: u8,
    },
    Flush {
        shard: u8,
        writes: u8,
    },
    Block {
        shard: u8,
        connection: u8,
        room: u16,
    },
    Resume {
        shard: u8,
        connection: u8,
        room: u16,
    },
}

const CONNECTIONS: u8 = 7;

fn step() -> impl Strategy<Value = Step> {
    let place = || (0..2u8, 0..CONNECTIONS);
    prop_oneof![
        6 => (0..2u8, 0..3u8, 1..300u16, any::<bool>(), proptest::option::of(0..CONNECTIONS))
            .prop_map(|(shard, topic, size, text_only, from)| Step::Publish { shard, topic, size, text_only, from }),
        5 => (place(), 0..3u8).prop_map(|((shard, connection), topic)| Step::Join { shard, connection, topic }),
        2 => (place(), 0..3u8).prop_map(|((shard, connection), topic)| Step::Leave { shard, connection, topic }),
        3 => (place(), proptest::option::of(0..3u8), 1..60u8)
            .prop_map(|((shard, connection), topic, size)| Step::Own { shard, connection, topic, size }),
        8 => (0..2u8, 1..5u8).prop_map(|(shard, writes)| Step::Flush { shard, writes }),
        2 => (place(), 0..500u16).prop_map(|((shard, connection), room)| Step::Block { shard, connection, room }),
        3 => (place(), 1..900u16).prop_map(|((shard, connection), room)| Step::Resume { shard, connection, room }),
    ]
}

/// A frame of the test: readable, of any size, and its end is seen. Class 1 and class 2 frames differ.
fn frame(class: Class, text: &str) -> Bytes {
    Bytes::from(format!("{class:?}{text}\n"))
}

struct World {
    hub: Arc<Hub>,
    shards: Vec<Shard>,
    published: u32,
}

impl World {
    fn new(settings: FanoutSettings) -> World {
        let hub = Arc::new(Hub::new(2));
        let shards = (0..2)
            .map(|number| {
                let mut fanout = Fanout::new(number, Arc::clone(&hub), settings);
                let classes: Vec<Class> = (0..CONNECTIONS)
                    .map(|c| if c % 3 == 0 { Class::V1 } else { Class::V2 })
                    .collect();
                for (outlet, class) in classes.iter().enumerate() {
                    fanout.open(outlet as u32, *class);
                }
                let socket = || Socket {
                    room: usize::MAX,
                    ..Socket::default()
                };
                Shard {
                    fanout,
                    sockets: Sockets((0..CONNECTIONS).map(|_| socket()).collect()),
                    expected: (0..CONNECTIONS).map(|_| Expected::default()).collect(),
                    classes,
                }
            })
            .collect();
        World {
            hub,
            shards,
            published: 0,
        }
    }

    fn run(&mut self, step: Step) {
        self.take(step);
        (0..2).for_each(|shard| self.collect_failed(shard));
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Publish {
                shard,
                topic,
                size,
                text_only,
                from,
            } => self.publish(shard, topic.into(), size, text_only, from),
            Step::Join {
                shard,
                connection,
                topic,
            } => self.join(shard, connection, topic.into()),
            Step::Leave {
                shard,
                connection,
                topic,
            } => self.leave(shard, connection, topic.into()),
            Step::Own {
                shard,
                connection,
                topic,
                size,
            } => self.own(shard, connection, topic.map(usize::from), size),
            Step::Flush { shard, writes } => {
                let budget = Budget {
                    writes: writes.into(),
                    drains: 2,
                    bytes: 4000,
                };
                self.flush(shard.into(), budget);
            }
            Step::Block {
                shard,
                connection,
                room,
            } => self.socket(shard, connection).room = room.into(),
            Step::Resume {
                shard,
                connection,
                room,
            } => self.resume(shard.into(), connection.into(), room.into()),
        }
    }

    fn socket(&mut self, shard: u8, connection: u8) -> &mut Socket {
        &mut self.shards[usize::from(shard)].sockets.0[usize::from(connection)]
    }

    fn publish(&mut self, shard: u8, topic: usize, size: u16, text_only: bool, from: Option<u8>) {
        self.published += 1;
        let text = format!("t{topic}#{}{}", self.published, "x".repeat(size.into()));
        let own = &mut self.shards[usize::from(shard)];
        let origin = from.and_then(|c| own.expected[usize::from(c)].joined.get(&topic).copied());
        let body = text.clone();
        own.fanout.publish(
            TOPICS[topic],
            origin,
            &mut |draft: &mut Draft, wants: Wants| {
                for class in Class::ALL {
                    let has_form = class == Class::V2 || text_only;
                    if wants.classes[class as usize] {
                        draft.seal(class, has_form.then(|| frame(class, &body)));
                    }
                }
            },
        );
        for shard in &mut self.shards {
            for (expected, class) in shard.expected.iter_mut().zip(&shard.classes) {
                let subscribed = expected.joined.get(&topic);
                let has_form = *class == Class::V2 || text_only;
                if subscribed.is_some_and(|id| Some(*id) != origin) && has_form {
                    let line = format!("{class:?}{text}");
                    expected.topics.entry(topic).or_default().push(line);
                }
            }
        }
    }

    fn join(&mut self, shard: u8, connection: u8, topic: usize) {
        let own = &mut self.shards[usize::from(shard)];
        let expected = &mut own.expected[usize::from(connection)];
        if expected.joined.contains_key(&topic) || expected.given_up {
            return;
        }
        let id = own.fanout.new_id();
        own.fanout
            .subscribe(connection.into(), id, TOPICS[topic], &[]);
        expected.joined.insert(topic, id);
        self.own(shard, connection, Some(topic), 5);
    }

    fn leave(&mut self, shard: u8, connection: u8, topic: usize) {
        self.own(shard, connection, Some(topic), 9);
        let own = &mut self.shards[usize::from(shard)];
        if let Some(id) = own.expected[usize::from(connection)].joined.remove(&topic) {
            own.fanout.unsubscribe(connection.into(), id);
            own.fanout
                .send(connection.into(), Bytes::from_static(b"left\n"), None);
            let count = own.expected[usize::from(connection)]
                .topics
                .get(&topic)
                .map_or(0, Vec::len);
            own.expected[usize::from(connection)]
                .own
                .push(("left".into(), Some((topic, count))));
        }
    }

    fn own(&mut self, shard: u8, connection: u8, topic: Option<usize>, size: u8) {
        self.published += 1;
        let text = format!("own#{}{}", self.published, "y".repeat(size.into()));
        let own = &mut self.shards[usize::from(shard)];
        let expected = &mut own.expected[usize::from(connection)];
        let behind = topic.and_then(|t| expected.joined.get(&t).map(|id| (t, *id)));
        own.fanout.send(
            connection.into(),
            Bytes::from(format!("{text}\n")),
            behind.map(|(_, id)| id),
        );
        let count = |t: usize| expected.topics.get(&t).map_or(0, Vec::len);
        let fence = behind.map(|(t, _)| (t, count(t)));
        expected.own.push((text, fence));
    }

    fn flush(&mut self, shard: usize, budget: Budget) -> bool {
        let own = &mut self.shards[shard];
        let more = own.fanout.flush(&mut own.sockets, budget);
        self.collect_failed(shard);
        more
    }

    fn collect_failed(&mut self, shard: usize) {
        let own = &mut self.shards[shard];
        while let Some((outlet, failure)) = own.fanout.take_failed() {
            let expected = &mut own.expected[outlet as usize];
            assert_ne!(failure, Failure::Io(io::ErrorKind::WouldBlock));
            assert!(
                own.sockets.0[outlet as usize].blocked,
                "only a blocked member is given up"
            );
            expected.given_up = true;
            expected.joined.clear();
        }
    }

    fn resume(&mut self, shard: usize, connection: usize, room: usize) {
        let own = &mut self.shards[shard];
        let socket = &mut own.sockets.0[connection];
        socket.room = room;
        if std::mem::take(&mut socket.blocked) {
            own.fanout.writable(connection as u32);
        }
    }

    /// Lets every socket take everything, and works until nothing is left.
    fn finish(&mut self) {
        for shard in 0..2 {
            for connection in 0..usize::from(CONNECTIONS) {
                self.resume(shard, connection, usize::MAX);
            }
            let rounds = (0..100_000)
                .take_while(|_| self.flush(shard, Budget::default()))
                .count();
            assert!(rounds < 100_000, "flushing never ends");
        }
    }

    fn check(&self) {
        for shard in &self.shards {
            for (socket, expected) in shard.sockets.0.iter().zip(&shard.expected) {
                check(&String::from_utf8_lossy(&socket.received), expected);
            }
            assert_eq!(shard.fanout.unsettled_bytes(), 0);
        }
    }
}

fn check(received: &str, expected: &Expected) {
    let lines: Vec<&str> = received.lines().collect();
    let of_topic = |line: &&&str, topic: usize| line.contains(&format!("t{topic}#"));
    for topic in 0..TOPICS.len() {
        let got: Vec<&str> = lines
            .iter()
            .filter(|l| of_topic(l, topic))
            .copied()
            .collect();
        let wanted = expected.topics.get(&topic).map_or(&[][..], Vec::as_slice);
        if expected.given_up {
            let whole = got.len().saturating_sub(1);
            assert_eq!(
                got[..whole],
                wanted[..whole],
                "a prefix without a gap until it was given up"
            );
        } else {
            assert_eq!(got, wanted, "topic {topic}: the one order, whole and once");
        }
    }
    if expected.given_up {
        return;
    }
    let own: Vec<&str> = expected.own.iter().map(|(text, _)| text.as_str()).collect();
    let got: Vec<(usize, &str)> = lines
        .iter()
        .copied()
        .enumerate()
        .filter(|(_, l)| own.contains(l))
        .collect();
    assert_eq!(
        got.iter().map(|(_, l)| *l).collect::<Vec<_>>(),
        own,
        "own frames in the order they were sent"
    );
    for ((at, line), (_, fence)) in got.iter().zip(&expected.own) {
        if let Some((topic, count)) = fence {
            let before = lines[..*at].iter().filter(|l| of_topic(l, *topic)).count();
            assert_eq!(
                before, *count,
                "{line} stands behind all that was published before it, and nothing later"
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, .. ProptestConfig::default() })]

    #[test]
    fn every_subscriber_sees_one_order_whole_and_once_while_members_come_go_block_and_resume(
        steps in proptest::collection::vec(step(), 1..250)
    ) {
        let mut world = World::new(FanoutSettings::default());
        steps.into_iter().for_each(|step| world.run(step));
        world.finish();
        world.check();
        prop_assert!(world.shards.iter().all(|s| s.expected.iter().all(|e| !e.given_up)));
    }

    #[test]
    fn a_member_that_falls_off_a_short_log_is_given_up_and_never_skipped(
        steps in proptest::collection::vec(step(), 1..250)
    ) {
        let settings = FanoutSettings { retention_bytes_max: 600, retention_entries_max: 8, outbox_bytes_max: 400 };
        let mut world = World::new(settings);
        steps.into_iter().for_each(|step| world.run(step));
        world.finish();
        world.check();
    }
}

#[test]
fn a_broadcast_is_encoded_once_per_class_however_many_subscribe() {
    let mut world = World::new(FanoutSettings::default());
    for shard in 0..2 {
        for connection in 0..CONNECTIONS {
            world.join(shard, connection, 0);
        }
    }
    for _ in 0..10 {
        world.publish(0, 0, 20, true, None);
    }
    world.finish();
    world.check();
    let counts = world.hub.counts();
    assert_eq!((counts.broadcasts, counts.encodings), (10, 20));
}

#[test]
fn topics_are_forgotten_with_their_last_member() {
    let mut world = World::new(FanoutSettings::default());
    for topic in 0..3 {
        world.join(0, 1, topic);
        world.join(1, 2, topic);
    }
    assert_eq!(world.hub.topics_len(), 3);
    for topic in 0..3 {
        world.leave(0, 1, topic);
        world.leave(1, 2, topic);
    }
    assert_eq!(
        (world.hub.topics_len(), world.shards[0].fanout.rooms_len()),
        (0, 0)
    );
    world.finish();
    world.check();
}
