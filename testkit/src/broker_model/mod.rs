//! A model of the engine: two shards, their sockets, and the frames that each connection must get.

mod names;
mod sockets;
mod step;
mod verdict;

use names::CLOSE;
pub use names::TOPICS;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use bytes::Bytes;
use lobbyd::broker::{
    BrokenInvariants, Budget, Class, Draft, Failure, Fanout, FanoutSettings, HeardBy, Hub,
    Original, OriginalPayload, SubscriptionId, Wants,
};

pub use step::{At, Publish, Step};

use sockets::{Socket, Sockets};
use verdict::{End, Expected, Joined};

/// The event that some channels intercept; every other event is "shout".
const HIDDEN: &str = "hidden";

struct Shard {
    fanout: Fanout,
    sockets: Sockets,
    expected: Vec<Expected>,
    now_ms: u32,
}

pub struct World {
    pub hub: Arc<Hub>,
    shards: Vec<Shard>,
    number: u32,
}

/// Returns a connection's class: every third connection speaks V1.
fn class_of(connection: usize) -> Class {
    if connection.is_multiple_of(3) {
        Class::V1
    } else {
        Class::V2
    }
}

fn line(class: Class, text: &str) -> String {
    format!("{class:?}{text}")
}

impl World {
    pub fn new(settings: FanoutSettings, connections: usize) -> World {
        let hub = Arc::new(Hub::new(2));
        let shard = |number| {
            let mut fanout = Fanout::new(number, Arc::clone(&hub), settings);
            (0..connections).for_each(|c| fanout.open(c as u32, class_of(c)));
            Shard {
                fanout,
                sockets: Sockets((0..connections).map(|_| Socket::new()).collect()),
                expected: (0..connections).map(|_| Expected::default()).collect(),
                // A clock that wraps soon.
                now_ms: u32::MAX - 300,
            }
        };
        let shards = (0..2).map(shard).collect();
        World {
            hub,
            shards,
            number: 0,
        }
    }

    pub fn take(&mut self, step: Step) {
        match step {
            Step::Publish(publish) => self.publish(&publish),
            Step::Join {
                at,
                topic,
                intercept,
            } => self.join(at, topic, intercept),
            Step::Listen { at, topic, own_id } => self.shards[at.0].listen(at.1, topic, own_id),
            Step::Leave { at, topic } => self.leave(at, topic),
            Step::Own { at, topic, size } => self.own(at, topic, size),
            Step::Flush {
                shard,
                writes,
                bytes,
            } => {
                let drains = 2;
                let budget = Budget {
                    writes,
                    drains,
                    bytes,
                };
                self.shards[shard].turn(budget);
            }
            Step::Sweep { shard, ms } => self.shards[shard].sweep(ms),
            Step::Block { at, room } => self.shards[at.0].sockets.0[at.1].room = room,
            Step::Resume { at, room } => self.shards[at.0].resume(at.1, room),
            Step::End { at, silently } => self.shards[at.0].end(at.1, silently),
            Step::Reopen { at } => self.shards[at.0].reopen(at.1),
        }
    }

    fn publish(&mut self, publish: &Publish) {
        for _ in 0..publish.times {
            self.number += 1;
            let filling = "x".repeat(publish.size);
            let text: Rc<str> = format!("t{}#{}{filling}", publish.topic, self.number).into();
            let own = &mut self.shards[publish.shard];
            let joined = publish
                .from
                .and_then(|c| own.expected[c].joined.get(&publish.topic));
            let origin = joined.map(|joined| joined.id);
            let topic = TOPICS[publish.topic];
            own.fanout
                .publish(topic, origin, &mut |draft: &mut Draft, wants: Wants| {
                    seal(draft, wants, &text, publish);
                });
            let lines = Class::ALL.map(|class| Rc::from(line(class, &text)));
            for shard in &mut self.shards {
                for (connection, expected) in shard.expected.iter_mut().enumerate() {
                    let class = class_of(connection);
                    let has_form = class == Class::V2 || publish.text;
                    let line = has_form.then(|| &lines[class as usize]);
                    expected.publish(publish.topic, publish.hidden, origin, line, &text);
                }
            }
        }
    }

    pub fn join(&mut self, at: At, topic: usize, intercept: bool) {
        let own = &mut self.shards[at.0];
        let expected = &mut own.expected[at.1];
        if expected.joined.contains_key(&topic) || expected.end != End::Open {
            return;
        }
        let id = own.fanout.new_id();
        let intercepted: &[&str] = if intercept { &[HIDDEN] } else { &[] };
        own.fanout
            .subscribe(at.1 as u32, id, TOPICS[topic], intercepted);
        expected.joined.insert(topic, Joined { id, intercept });
        self.own(at, Some(topic), 5);
    }

    pub fn leave(&mut self, at: At, topic: usize) {
        self.own(at, Some(topic), 9);
        let own = &mut self.shards[at.0];
        let expected = &mut own.expected[at.1];
        if let Some(joined) = expected.joined.remove(&topic) {
            own.fanout.unsubscribe(at.1 as u32, joined.id);
            expected.hands.retain(|(_, id)| *id != joined.id);
            let left = Bytes::from_static(b"left\n");
            own.fanout.send(at.1 as u32, left, None);
            let count = expected.count(topic);
            expected.own.push(("left".into(), Some((topic, count))));
        } else if let Some(&(_, id)) = expected.hands.iter().find(|(t, _)| *t == topic)
            && expected.joined.values().all(|j| j.id != id)
        {
            own.fanout.unsubscribe(at.1 as u32, id);
            expected.hands.retain(|(_, hand)| *hand != id);
        }
    }

    fn own(&mut self, at: At, topic: Option<usize>, size: usize) {
        let own = &mut self.shards[at.0];
        let expected = &mut own.expected[at.1];
        if expected.end != End::Open {
            return;
        }
        self.number += 1;
        let text = format!("own#{}{}", self.number, "y".repeat(size));
        let joined = topic.and_then(|t| expected.joined.get(&t).map(|joined| (t, joined.id)));
        let frame = Bytes::from(format!("{text}\n"));
        own.fanout
            .send(at.1 as u32, frame, joined.map(|(_, id)| id));
        let fence = joined.map(|(t, _)| (t, expected.count(t)));
        expected.own.push((text.into(), fence));
    }

    /// Lets every socket take all bytes, works until nothing is left, and compares.
    pub fn finish_and_check(&mut self) {
        for shard in &mut self.shards {
            for connection in 0..shard.expected.len() {
                shard.resume(connection, usize::MAX);
            }
            let rounds = (0..100_000).take_while(|_| shard.turn(Budget::default()));
            assert!(rounds.count() < 100_000, "flushing never ends");
            for connection in 0..shard.expected.len() {
                let expected = &shard.expected[connection];
                let is_lost = expected.end == End::Lost;
                assert!(is_lost || shard.fanout.is_drained(connection as u32));
                verdict::check(&shard.sockets.0[connection].received, expected);
            }
            assert_eq!(shard.fanout.unsettled_bytes(), 0);
            let broken = shard.fanout.broken_invariants();
            assert_eq!(broken, BrokenInvariants::default());
            shard.sweep(0);
            assert_eq!(shard.fanout.retained_bytes(), 0, "nobody needs anything");
        }
        for shard in &mut self.shards {
            (0..shard.expected.len()).for_each(|c| shard.fanout.close(c as u32));
            assert_eq!(shard.fanout.rooms_len(), 0);
        }
        assert_eq!(self.hub.topics_len(), 0, "forgotten with the last member");
    }

    /// True if some connection was given up.
    pub fn gave_up(&self) -> bool {
        let mut expected = self.shards.iter().flat_map(|shard| &shard.expected);
        expected.any(|e| matches!(e.end, End::GivenUp | End::Lost))
    }
}

fn seal(draft: &mut Draft, wants: Wants, text: &str, publish: &Publish) {
    for class in Class::ALL {
        let has_form = class == Class::V2 || publish.text;
        if wants.classes[class as usize] {
            let frame = has_form.then(|| Bytes::from(line(class, text) + "\n"));
            draft.seal(class, frame);
        }
    }
    if wants.original {
        draft.keep_original(Original {
            event: if publish.hidden { HIDDEN } else { "shout" }.into(),
            payload: match publish.text {
                true => OriginalPayload::Text(text.into()),
                false => OriginalPayload::Binary(Bytes::copy_from_slice(text.as_bytes())),
            },
        });
    }
}

impl Shard {
    fn listen(&mut self, connection: usize, topic: usize, own_id: bool) {
        let expected = &mut self.expected[connection];
        if expected.end != End::Open {
            return;
        }
        let joined = expected.joined.get(&topic).filter(|_| own_id);
        let outlet = connection as u32;
        let id: SubscriptionId = match joined {
            Some(joined) => {
                self.fanout.listen(outlet, joined.id, TOPICS[topic]);
                joined.id
            }
            None => {
                let id = self.fanout.new_id();
                self.fanout.listen(outlet, id, TOPICS[topic]);
                id
            }
        };
        expected.hands.push((topic, id));
    }

    fn resume(&mut self, connection: usize, room: usize) {
        let socket = &mut self.sockets.0[connection];
        socket.room = room;
        if std::mem::take(&mut socket.blocked) {
            self.fanout.writable(connection as u32);
        }
    }

    /// Runs a turn of a shard: flush, hand on heard broadcasts, close failed connections. True if
    /// work is left.
    fn turn(&mut self, budget: Budget) -> bool {
        let more = self.fanout.flush(&mut self.sockets, budget);
        while let Some(heard) = self.fanout.take_heard(&mut 1) {
            let original = heard.entry.original().expect("what is heard has one");
            let text = match &original.payload {
                OriginalPayload::Text(text) => text,
                OriginalPayload::Binary(bytes) => std::str::from_utf8(bytes).expect("text"),
            };
            let by_hand = heard.by != HeardBy::Intercept;
            let expected = &mut self.expected[heard.outlet as usize];
            let heard = expected.heard.entry((heard.id, by_hand)).or_default();
            heard.push(text.into());
        }
        self.close_failed() || more
    }

    fn sweep(&mut self, ms: u32) {
        self.now_ms = self.now_ms.wrapping_add(ms);
        self.fanout.sweep(self.now_ms);
        self.close_failed();
    }

    /// Closes failed connections. True if there were any.
    fn close_failed(&mut self) -> bool {
        let failures: HashMap<u32, Failure> =
            std::iter::from_fn(|| self.fanout.take_failed()).collect();
        for (&outlet, failure) in &failures {
            let connection = outlet as usize;
            let socket = &self.sockets.0[connection];
            match failure {
                Failure::LogTooLarge
                | Failure::LogTooLong
                | Failure::Outdated
                | Failure::CrowdedOut => {
                    assert!(socket.blocked, "{failure:?}: never one that takes bytes");
                }
                Failure::OutboxFull | Failure::FellBehind => {
                    assert!(socket.was_blocked, "never a fast one");
                }
                Failure::Io(kind) => panic!("{kind}"),
            }
            let expected = &mut self.expected[connection];
            if expected.end == End::Open {
                // The fan-out has dropped all frames that the connection was still to get.
                expected.joined.clear();
                expected.hands.clear();
                expected.end = End::GivenUp;
                self.send_close(outlet);
            } else {
                expected.end = End::Lost;
            }
        }
        !failures.is_empty()
    }

    fn end(&mut self, connection: usize, silently: bool) {
        let (outlet, expected) = (connection as u32, &mut self.expected[connection]);
        if expected.end != End::Open {
            return;
        }
        expected.joined.clear();
        expected.hands.clear();
        if silently {
            self.fanout.silence(outlet);
            expected.end = End::Silenced;
        } else {
            self.fanout.take_mail();
            // A connection that is very far behind gets only its Close: it has stopped reading, or
            // no flush has come to it since a burst.
            let is_far_behind = self.fanout.is_far_behind(outlet);
            self.fanout.retire(outlet);
            expected.end = match is_far_behind {
                true => End::Silenced,
                false => End::Retired,
            };
        }
        self.send_close(outlet);
    }

    fn send_close(&mut self, outlet: u32) {
        let frame = Bytes::from(format!("{CLOSE}\n"));
        self.fanout.send_last(outlet, frame);
    }

    fn reopen(&mut self, connection: usize) {
        self.fanout.close(connection as u32);
        let socket = std::mem::replace(&mut self.sockets.0[connection], Socket::new());
        let mut expected = std::mem::take(&mut self.expected[connection]);
        expected.end = End::Lost;
        verdict::check(&socket.received, &expected);
        self.fanout.open(connection as u32, class_of(connection));
    }
}
