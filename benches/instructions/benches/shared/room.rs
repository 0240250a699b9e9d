//! Clients of a room by rules on one shard: real sessions and a real fan-out, and no sockets.

use std::hint::black_box;
use std::sync::Arc;

use bytes::Bytes;
use lobbyd::Published;
use lobbyd::broker::{Budget, Class, Fanout, FanoutSettings, Hub, SubscriptionId, Terms};
use lobbyd::channel::{Address, Assigns, Host, Job, Mail, Postbox, Routes, SessionSettings};
use lobbyd::protocol::{DecodeScratch, PayloadBuf, Version};
use lobbyd::rooms::{DeclaredRoom, EventName, EventRule, Relay, RoomRules};
use lobbyd::session::{BroadcastFrames, Session};

use crate::scenes::lobby::NullSinks;
use crate::scenes::messages::{EVENT, TOPIC, body};

/// The fields that [`fields_room`] relays.
pub const FIELDS: [&str; 3] = ["body", "colour", "size"];

/// A shard with clients of version 2, whose sockets take every byte.
pub struct Room {
    fanout: Fanout,
    sessions: Vec<Session>,
    scratch: DecodeScratch,
    sinks: NullSinks,
}

impl Room {
    /// Returns a shard with `clients` clients that have joined nothing. They may join the room of
    /// `rules`.
    pub fn new(rules: RoomRules, clients: u32) -> Room {
        let mut routes = Routes::default();
        let topic = rules.topic.clone();
        routes.push(&topic, Arc::new(DeclaredRoom::new(rules)));
        let settings = Arc::new(SessionSettings::new(routes));
        let mut fanout = Fanout::new(0, Arc::new(Hub::new(1)), FanoutSettings::default());
        let session = |outlet| {
            fanout.open(outlet, Class::V2);
            Session::new(Version::V2, Arc::clone(&settings), Assigns::default())
        };
        let sessions = (0..clients).map(session).collect();
        Room {
            fanout,
            sessions,
            scratch: DecodeScratch::new(),
            sinks: NullSinks::default(),
        }
    }

    /// Returns the shard with its first `members` clients joined.
    pub fn joined(mut self, members: u32) -> Room {
        (0..members).for_each(|client| self.says(client, &join()));
        self.write();
        assert_eq!(self.fanout.members_len(), members as usize);
        self
    }

    /// Takes a text message of one client, as far as the mailbox and the outbox.
    pub fn says(&mut self, client: u32, text: &str) {
        let mut host = OneClient {
            fanout: &mut self.fanout,
            outlet: client,
        };
        let session = &mut self.sessions[client as usize];
        let taken = session.text(black_box(text), &mut self.scratch, &mut host);
        taken.expect("the message is decodable");
    }

    /// Writes until nobody lacks anything, and returns the number of writes.
    pub fn write(&mut self) -> u64 {
        let before = self.sinks.writes;
        while self.fanout.flush(&mut self.sinks, Budget::default()) {}
        self.sinks.writes - before
    }

    /// Returns the members of all topics.
    pub fn members_len(&self) -> usize {
        self.fanout.members_len()
    }
}

/// Returns a room whose members get each other's messages whole.
pub fn open_room() -> RoomRules {
    room(Relay::All)
}

/// Returns a room whose members get the three [`FIELDS`] of each other's messages.
pub fn fields_room() -> RoomRules {
    room(Relay::Fields(FIELDS.map(str::to_owned).to_vec()))
}

fn room(relay: Relay) -> RoomRules {
    let rule = EventRule::relaying(EventName::Named(EVENT.into()));
    RoomRules {
        events: vec![EventRule { relay, ..rule }],
        ..RoomRules::open(TOPIC)
    }
}

/// Returns the message with which a client joins the room.
pub fn join() -> String {
    format!(r#"["11","1","{TOPIC}","phx_join",{{}}]"#)
}

/// Returns a heartbeat.
pub fn heartbeat() -> String {
    r#"[null,"7","phoenix","heartbeat",{}]"#.into()
}

/// Returns a push of `new_msg` with this payload.
pub fn says(payload: &str) -> String {
    format!(r#"["11","8","{TOPIC}","{EVENT}",{payload}]"#)
}

/// Returns an object of the three [`FIELDS`] and one more, with a body of `body_bytes` bytes.
pub fn object_of_fields(body_bytes: usize) -> String {
    let body = body(body_bytes);
    format!(r#"{{"size":1.50,"body":"{body}","more":[1,2,3],"colour":"blue"}}"#)
}

/// The host of one client. Does what the server's own host does, but counts nothing for metrics.
struct OneClient<'a> {
    fanout: &'a mut Fanout,
    outlet: u32,
}

impl Host for OneClient<'_> {
    fn new_id(&mut self) -> SubscriptionId {
        self.fanout.new_id()
    }

    fn subscribe(&mut self, id: SubscriptionId, topic: &str, terms: &Terms, first: Bytes) -> bool {
        let fanout = &mut self.fanout;
        fanout.subscribe_on(self.outlet, id, topic, terms, Some(first))
    }

    fn listen(&mut self, _: SubscriptionId, _: &str) {
        panic!("the room listens to nothing else");
    }

    fn unsubscribe(&mut self, id: SubscriptionId) {
        self.fanout.unsubscribe(self.outlet, id);
    }

    fn send(&mut self, frame: Bytes, behind: Option<SubscriptionId>) {
        self.fanout.send(self.outlet, frame, behind);
    }

    fn broadcast(
        &mut self,
        topic: &str,
        event: &str,
        payload: PayloadBuf,
        from: Option<SubscriptionId>,
    ) -> Published {
        let mut frames = BroadcastFrames::new(topic, event, &payload);
        let placed = self.fanout.publish(topic, from, &mut frames);
        placed.map(|placed| placed.position).into()
    }

    fn defer(&mut self, _: SubscriptionId, _: Job) {
        panic!("the room waits for nothing");
    }

    fn address(&self) -> Address {
        Address {
            postbox: Arc::new(NoPost),
            connection: u64::from(self.outlet),
        }
    }
}

struct NoPost;

impl Postbox for NoPost {
    fn post(&self, _mail: Mail) {
        panic!("the room sends no mail");
    }
}
