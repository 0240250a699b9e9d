//! A host for tests: one connection, whose broadcasts arrive the moment they are made.

use std::collections::{BTreeMap, VecDeque};
use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;

use crate::broker::{Position, SubscriptionId, Terms};
use crate::channel::{Address, Broadcast, Host, Job, Lost, Mail, Postbox};
use crate::channel::{Published, PushRefusal, Resume};
use crate::protocol::{PayloadBuf, Version};

pub(super) struct FakeHost {
    version: Version,
    /// Frames of this connection, in order, as text.
    pub(super) wire: Vec<String>,
    /// Calls of host methods in order. A `send` is noted as "send" only.
    pub(super) calls: Vec<String>,
    subscriptions: BTreeMap<SubscriptionId, (String, &'static [&'static str])>,
    followed: Vec<(SubscriptionId, String)>,
    pub(super) intercepted: VecDeque<(SubscriptionId, Broadcast)>,
    pub(super) heard: VecDeque<(SubscriptionId, Broadcast)>,
    jobs: VecDeque<(SubscriptionId, Job)>,
    /// True if joins are held until their moment. `held` lists the held joins.
    pub(super) holds_joins: bool,
    pub(super) held: VecDeque<SubscriptionId>,
    /// The reasons for which pushes were refused.
    pub(super) refused: Vec<PushRefusal>,
    postbox: Arc<Tray>,
    ids: u64,
    sequence: u64,
}

#[derive(Default)]
struct Tray(Mutex<VecDeque<Mail>>);

impl Postbox for Tray {
    fn post(&self, mail: Mail) {
        self.0.lock().unwrap().push_back(mail);
    }
}

impl FakeHost {
    pub(super) fn new(version: Version) -> Self {
        Self {
            version,
            wire: Vec::new(),
            calls: Vec::new(),
            subscriptions: BTreeMap::new(),
            followed: Vec::new(),
            intercepted: VecDeque::new(),
            heard: VecDeque::new(),
            jobs: VecDeque::new(),
            holds_joins: false,
            held: VecDeque::new(),
            refused: Vec::new(),
            postbox: Arc::default(),
            ids: 0,
            sequence: 0,
        }
    }

    /// Returns the topics with a subscription, or followed by a channel.
    pub(super) fn topics(&self) -> Vec<&str> {
        let subscribed = self.subscriptions.values().map(|(topic, _)| &**topic);
        let followed = self.followed.iter().map(|(_, topic)| &**topic);
        subscribed.chain(followed).collect()
    }

    pub(super) fn next_mail(&mut self) -> Option<Mail> {
        self.postbox.0.lock().unwrap().pop_front()
    }

    pub(super) fn jobs_len(&self) -> usize {
        self.jobs.len()
    }

    #[track_caller]
    pub(super) fn run_job(&mut self) -> (SubscriptionId, Result<Resume, Lost>) {
        let (id, job) = self.jobs.pop_front().expect("a job was deferred");
        let mut context = Context::from_waker(Waker::noop());
        match pin!(job).poll(&mut context) {
            Poll::Ready(result) => (id, result),
            Poll::Pending => panic!("the job is not done"),
        }
    }

    /// Drops the oldest job undone, as a shard does at its deadline.
    #[track_caller]
    pub(super) fn lose_job(&mut self) -> SubscriptionId {
        self.jobs.pop_front().expect("a job was deferred").0
    }

    /// Adds another connection's member to `topic`.
    pub(super) fn occupy(&mut self, topic: &str) {
        let id = self.new_id();
        self.subscriptions.insert(id, (topic.into(), &[]));
    }

    /// Delivers a broadcast, of this connection or of another one.
    pub(super) fn publish(
        &mut self,
        topic: &str,
        event: &str,
        payload: &PayloadBuf,
        from: Option<SubscriptionId>,
    ) {
        let broadcast = Broadcast {
            topic: topic.into(),
            event: event.into(),
            payload: payload.clone(),
        };
        for (id, (name, intercept)) in &self.subscriptions {
            if name != topic || from == Some(*id) {
            } else if intercept.contains(&event) {
                self.intercepted.push_back((*id, broadcast.clone()));
            } else {
                let mut out = Vec::new();
                let version = self.version;
                let encoded = version.encode_broadcast(&mut out, topic, event, payload);
                self.wire.extend(encoded.map(|_| readable(&out)));
            }
        }
        let followers = self.followed.iter().filter(|(_, name)| name == topic);
        self.heard
            .extend(followers.map(|(id, _)| (*id, broadcast.clone())));
    }
}

impl Host for FakeHost {
    fn new_id(&mut self) -> SubscriptionId {
        self.ids += 1;
        SubscriptionId(self.ids)
    }

    fn subscribe(&mut self, id: SubscriptionId, topic: &str, terms: &Terms, first: Bytes) -> bool {
        let members = self
            .subscriptions
            .values()
            .filter(|(name, _)| name == topic);
        if terms
            .members_max
            .is_some_and(|most| members.count() >= most as usize)
        {
            return false;
        }
        self.send(first, None);
        self.calls.push(format!("subscribe {} {topic}", id.0));
        self.subscriptions
            .insert(id, (topic.into(), terms.intercept));
        true
    }

    fn push_refused(&mut self, _: Option<&str>, _: Option<&str>, refusal: PushRefusal) {
        self.refused.push(refusal);
    }

    fn listen(&mut self, id: SubscriptionId, topic: &str) {
        self.calls.push(format!("listen {} {topic}", id.0));
        self.followed.push((id, topic.into()));
    }

    fn unsubscribe(&mut self, id: SubscriptionId) {
        self.calls.push(format!("unsubscribe {}", id.0));
        self.subscriptions.remove(&id);
        self.followed.retain(|(follower, _)| *follower != id);
    }

    fn send(&mut self, frame: Bytes, behind: Option<SubscriptionId>) {
        self.calls.push("send".into());
        assert!(
            behind.is_none_or(|id| self.subscriptions.contains_key(&id)),
            "a frame is behind a subscription that is none"
        );
        self.wire.push(readable(payload_of(&frame)));
    }

    fn broadcast(
        &mut self,
        topic: &str,
        event: &str,
        payload: PayloadBuf,
        from: Option<SubscriptionId>,
    ) -> Published {
        self.calls.push(format!("broadcast {topic} {event}"));
        self.publish(topic, event, &payload, from);
        self.sequence += 1;
        let (epoch, sequence) = (1, self.sequence);
        Some(Position { epoch, sequence }).into()
    }

    fn defer(&mut self, id: SubscriptionId, job: Job) {
        self.calls.push(format!("defer {}", id.0));
        self.jobs.push_back((id, job));
    }

    fn may_join(&mut self, id: SubscriptionId) -> bool {
        self.held.extend(self.holds_joins.then_some(id));
        !self.holds_joins
    }

    fn address(&self) -> Address {
        Address {
            postbox: self.postbox.clone(),
            connection: 7,
        }
    }
}

/// Returns the payload of an unmasked frame that is not fragmented.
fn payload_of(frame: &[u8]) -> &[u8] {
    let header = match frame[1] {
        0..126 => 2,
        126 => 4,
        _ => 10,
    };
    &frame[header..]
}

/// Returns JSON as it is, and binary messages in hexadecimal digits.
fn readable(payload: &[u8]) -> String {
    match payload.first() {
        Some(b'[' | b'{') => String::from_utf8(payload.to_vec()).unwrap(),
        _ => payload.iter().map(|byte| format!("{byte:02x}")).collect(),
    }
}
