//! The topics that have members now, by name.
//!
//! Each part of the registry has a lock, so that a walk through all topics blocks no thread for
//! longer than one part takes.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use super::kind::{ByKind, TopicKind};
use super::sync::Mutex;
use super::sync::atomic::{AtomicU64, Ordering};
use super::sync::lock;
use super::topic::Topic;
use crate::broker::shrink::{is_mostly_spare, kept};

/// Number of parts of the registry. With 100,000 topics each part has some 1,600 topics, and a walk
/// looks at one part in 0.1 ms.
const PARTS: usize = 64;

type Part = ByKind<HashMap<Arc<str>, Arc<Topic>>>;

/// One node's topics by name.
#[derive(Debug)]
pub(crate) struct Registry {
    parts: [Mutex<Part>; PARTS],
    epochs: AtomicU64,
}

impl Default for Registry {
    fn default() -> Registry {
        Registry {
            parts: std::array::from_fn(|_| Mutex::default()),
            epochs: AtomicU64::new(0),
        }
    }
}

impl Registry {
    /// Returns the topic `name` of a kind, if it has members on any shard.
    pub fn find(&self, kind: TopicKind, name: &str) -> Option<Arc<Topic>> {
        lock(self.part_of(name)).of(kind).get(name).cloned()
    }

    /// Returns the topic `name` of a kind, and makes the topic if there is none.
    pub fn find_to_join(&self, kind: TopicKind, name: &str) -> Arc<Topic> {
        let mut part = lock(self.part_of(name));
        let part = part.of_mut(kind);
        if let Some(topic) = part.get(name) {
            return Arc::clone(topic);
        }
        let name: Arc<str> = name.into();
        let epoch = self.epochs.fetch_add(1, Ordering::Relaxed) + 1;
        let topic = Arc::new(Topic::new(kind, Arc::clone(&name), epoch));
        part.insert(name, Arc::clone(&topic));
        topic
    }

    /// Removes `topic` if it has no members. A join that already holds the topic finds it dead.
    pub fn remove_if_empty(&self, topic: &Topic) {
        let mut part = lock(self.part_of(topic.name()));
        let part = part.of_mut(topic.kind());
        if topic.die_if_empty() {
            let same = |t: &Arc<Topic>| t.epoch() == topic.epoch();
            if part.get(topic.name()).is_some_and(same) {
                part.remove(topic.name());
                if is_mostly_spare(part.len(), part.capacity()) {
                    let len = part.len();
                    part.shrink_to(kept(len));
                }
            }
        }
    }

    /// Returns the number of topics that have members, of all kinds.
    pub fn len(&self) -> usize {
        let of_part = |part: &Part| part.rooms.len() + part.socket_ids.len();
        self.parts.iter().map(|part| of_part(&lock(part))).sum()
    }

    /// Calls `each` with every topic that clients join, under the lock of the topic's part, one
    /// part after the other. A topic that is added or removed meanwhile may be seen or not.
    pub fn walk(&self, mut each: impl FnMut(&Arc<Topic>)) {
        for part in &self.parts {
            lock(part).rooms.values().for_each(&mut each);
        }
    }

    fn part_of(&self, name: &str) -> &Mutex<Part> {
        // `DefaultHasher::new` has fixed keys, so a client can choose topic names that all fall
        // into one part. That only makes threads wait for one lock. The maps hash by secret keys.
        let mut hasher = DefaultHasher::new();
        name.hash(&mut hasher);
        &self.parts[hasher.finish() as usize % PARTS]
    }
}
