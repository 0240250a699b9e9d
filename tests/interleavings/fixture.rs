//! A shard with its sockets on a thread of shuttle, and the order that its members must see.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::sync::Arc;

use bytes::Bytes;
use lobbyd::broker::{
    Budget, Class, Draft, Fanout, FanoutSettings, Hub, Original, OriginalPayload, Placement,
    Position, Sink, SubscriptionId, Wants,
};

pub const ROOM: &str = "room:lobby";

/// Sockets that take every byte.
#[derive(Default)]
pub struct Received(HashMap<u32, Vec<u8>>);

impl Sink for Received {
    fn write(&mut self, outlet: u32, bytes: &[u8]) -> io::Result<usize> {
        self.0.entry(outlet).or_default().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn write_vectored(&mut self, outlet: u32, pieces: &[io::IoSlice<'_>]) -> io::Result<usize> {
        pieces.iter().map(|p| self.write(outlet, p)).sum()
    }
}

/// A shard with its sockets, on any thread.
pub struct Shard {
    pub number: u16,
    pub fanout: Fanout,
    pub received: Received,
}

impl Shard {
    pub fn new(number: u16, hub: &Arc<Hub>) -> Shard {
        Shard {
            number,
            fanout: Fanout::new(number, Arc::clone(hub), FanoutSettings::default()),
            received: Received::default(),
        }
    }

    pub fn join(&mut self, outlet: u32, class: Class) -> SubscriptionId {
        self.fanout.open(outlet, class);
        let id = self.fanout.new_id();
        self.fanout.subscribe(outlet, id, ROOM, &[]);
        id
    }

    /// Publishes as a member of this shard does.
    pub fn publish(&mut self, text: &str) -> Post {
        let published = self.fanout.publish(ROOM, None, &mut seals(text));
        Post::new(text, published.expect("a member is here"))
    }

    pub fn flush(&mut self) {
        while self.fanout.flush(&mut self.received, Budget::default()) {}
    }

    /// Returns the texts that a connection received, without their class.
    pub fn texts(&self, outlet: u32, class: Class) -> Vec<String> {
        let bytes = self.received.0.get(&outlet).map_or(&[][..], Vec::as_slice);
        let lines = std::str::from_utf8(bytes).expect("text").lines();
        let class = format!("{class:?} ");
        let of_class = |line: &str| line.strip_prefix(&class).expect("of its class").to_owned();
        lines.map(of_class).collect()
    }
}

/// Seals the classes that are asked for, and no others.
pub fn seals(text: &str) -> impl FnMut(&mut Draft, Wants) {
    move |draft, wants| {
        for class in Class::ALL {
            if wants.classes[class as usize] {
                draft.seal(class, Some(Bytes::from(format!("{class:?} {text}\n"))));
            }
        }
        if wants.original {
            draft.keep_original(Original {
                event: "shout".into(),
                payload: OriginalPayload::Text(text.into()),
            });
        }
    }
}

/// A published text, and the position that the publish returned.
#[derive(Clone, Debug)]
pub struct Post {
    pub text: String,
    pub at: Position,
}

impl Post {
    pub fn new(text: &str, published: Placement) -> Post {
        let (text, at) = (text.to_owned(), published.position);
        Post { text, at }
    }
}

/// Returns the texts in the order of their positions. The sequences of each epoch must count from 1
/// without a gap.
pub fn order(posts: impl IntoIterator<Item = Post>) -> BTreeMap<(u64, u64), String> {
    let mut order = BTreeMap::new();
    for post in posts {
        let place = (post.at.epoch(), post.at.sequence());
        assert!(order.insert(place, post.text).is_none(), "{place:?} twice");
    }
    let mut last = (0, 0);
    for &(epoch, sequence) in order.keys() {
        let before = if epoch == last.0 { last.1 } else { 0 };
        assert_eq!(sequence, before + 1, "the sequences of an epoch are dense");
        last = (epoch, sequence);
    }
    order
}

/// Returns the texts of one epoch from `sequence` on.
pub fn since(order: &BTreeMap<(u64, u64), String>, epoch: u64, sequence: u64) -> Vec<String> {
    let range = (epoch, sequence)..(epoch + 1, 0);
    order.range(range).map(|(_, text)| text.clone()).collect()
}

/// Asserts that a member received the last part of the topic's order, with at least all texts from
/// `from` on.
pub fn assert_ends_with_all_since(
    got: &[String],
    order: &BTreeMap<(u64, u64), String>,
    from: Position,
) {
    let epoch = since(order, from.epoch(), 0);
    assert!(epoch.ends_with(got), "{got:?} is no end of {epoch:?}");
    let least = since(order, from.epoch(), from.sequence());
    assert!(got.ends_with(&least), "{got:?} lacks some of {least:?}");
}
