//! A session, from a decoded message to the requests to its shard, with the tutorial's room.

use std::sync::Arc;

use bytes::Bytes;
use criterion::Criterion;
use lobbyd::Published;
use lobbyd::broker::FanoutSettings;
use lobbyd::broker::{Fanout, Hub, SubscriptionId, Terms};
use lobbyd::channel::{Address, Assigns, Host, Job, Mail, Postbox, Routes, SessionSettings};
use lobbyd::protocol::{DecodeScratch, PayloadBuf, Version};
use lobbyd::rooms::RoomChannel;
use lobbyd::session::Session;

/// A host that counts the requests of a session, and does nothing else.
struct Counter {
    ids: Fanout,
    asked: Asked,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Asked {
    subscribes: u64,
    unsubscribes: u64,
    sends: u64,
    broadcasts: u64,
}

struct NoPost;

impl Postbox for NoPost {
    fn post(&self, _mail: Mail) {
        panic!("the room sends no mail");
    }
}

impl Host for Counter {
    fn new_id(&mut self) -> SubscriptionId {
        self.ids.new_id()
    }

    fn subscribe(&mut self, _: SubscriptionId, _: &str, _: &Terms, first: Bytes) -> bool {
        self.asked.subscribes += 1;
        self.send(first, None);
        true
    }

    fn listen(&mut self, _: SubscriptionId, _: &str) {
        panic!("the room listens to nothing else");
    }

    fn unsubscribe(&mut self, _: SubscriptionId) {
        self.asked.unsubscribes += 1;
    }

    fn send(&mut self, frame: Bytes, _: Option<SubscriptionId>) {
        assert!(!frame.is_empty());
        self.asked.sends += 1;
    }

    fn broadcast(
        &mut self,
        _topic: &str,
        _event: &str,
        payload: PayloadBuf,
        _from: Option<SubscriptionId>,
    ) -> Published {
        assert!(!payload.is_binary());
        self.asked.broadcasts += 1;
        None.into()
    }

    fn defer(&mut self, _: SubscriptionId, _: Job) {
        panic!("the room waits for nothing");
    }

    fn address(&self) -> Address {
        Address {
            postbox: Arc::new(NoPost),
            connection: 0,
        }
    }
}

/// A client of version 2 in `room:lobby`.
struct Client {
    session: Session,
    scratch: DecodeScratch,
    host: Counter,
}

impl Client {
    fn in_lobby() -> Client {
        let mut routes = Routes::default();
        routes.push("room:*", Arc::new(RoomChannel));
        let settings = Arc::new(SessionSettings::new(routes));
        let ids = Fanout::new(0, Arc::new(Hub::new(1)), FanoutSettings::default());
        let asked = Asked::default();
        let mut client = Client {
            session: Session::new(Version::V2, settings, Assigns::default()),
            scratch: DecodeScratch::new(),
            host: Counter { ids, asked },
        };
        let joined = client.says(r#"["11","1","room:lobby","phx_join",{}]"#);
        assert_eq!((joined.subscribes, joined.sends), (1, 1));
        client
    }

    /// Sends a message, and returns the requests that the session then made.
    fn says(&mut self, text: &str) -> Asked {
        self.host.asked = Asked::default();
        let taken = self.session.text(text, &mut self.scratch, &mut self.host);
        taken.expect("the message is decodable");
        self.host.asked
    }
}

pub fn benches(criterion: &mut Criterion) {
    let reply = Asked {
        sends: 1,
        ..Asked::default()
    };
    let broadcast = Asked {
        broadcasts: 1,
        ..Asked::default()
    };
    // A repeated join replaces the earlier channel, which ends: two frames, and a change of
    // subscriptions.
    let rejoin = Asked {
        subscribes: 1,
        unsubscribes: 1,
        sends: 2,
        broadcasts: 0,
    };
    let scenarios = [
        ("heartbeat", r#"[null,"7","phoenix","heartbeat",{}]"#, reply),
        (
            "new_msg of 64 B, broadcast by the room",
            r#"["11","8","room:lobby","new_msg",{"body":"sixty-four bytes or so of what people say in a lobby, all day"}]"#,
            broadcast,
        ),
        (
            "unknown event, answered with an error",
            r#"["11","9","room:lobby","shout",{}]"#,
            reply,
        ),
        (
            "event of a topic not joined",
            r#"["11","10","room:other","new_msg",{"body":""}]"#,
            reply,
        ),
        (
            "join of a topic that is joined",
            r#"["11","1","room:lobby","phx_join",{}]"#,
            rejoin,
        ),
    ];
    let mut group = criterion.benchmark_group("session, V2");
    for (name, text, expected) in scenarios {
        let mut client = Client::in_lobby();
        group.bench_function(name, |bencher| {
            bencher.iter(|| assert_eq!(client.says(text), expected));
        });
    }
    group.finish();
}
