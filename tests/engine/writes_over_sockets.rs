//! Exact numbers of writes, flushes and wake-ups for messages of clients, over real sockets.
//!
//! The counts are the server's own. A scene is exact because no client sends before every member
//! has read the message before, so the shard never finds two messages in one turn. A heartbeat at
//! the end of each scene shows that nothing was written later.

use std::time::{Duration, Instant};

use lobbyd::protocol::Payload;
use lobbyd::server::{Endpoint, Running};
use lobbyd::{Channel, Handled, HubCounts, Join, Router, Socket, UserSocket};
use serde_json::json;
use testkit::{Client, DEADLINE, ROOM, at_any_pace, connect, serve_with};

/// Messages of each scene, one after the other.
const MESSAGES: u64 = 20;

/// A room that broadcasts what clients push: once for `say`, 16 times for `repeat`, and once with a
/// reply for `ask`.
struct Talk;

impl Channel for Talk {
    fn join(&self, _topic: &str, _params: Payload<'_>, _socket: &mut Socket<'_>) -> Join {
        Join::ok()
    }

    fn handle_in(&self, event: &str, payload: Payload<'_>, socket: &mut Socket<'_>) -> Handled {
        let times = if event == "repeat" { 16 } else { 1 };
        (0..times).for_each(|_| {
            socket.broadcast("said", payload);
        });
        match event {
            "ask" => Handled::ok(()),
            _ => Handled::no_reply(),
        }
    }
}

/// A server whose members have joined [`ROOM`], and the counts at the begin of the scene.
struct Scene {
    /// Dropped before the server, which would wait for them.
    members: Vec<Client>,
    server: Running,
    before: HubCounts,
}

/// The work since the begin of a scene.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Work {
    broadcasts: u64,
    encodings: u64,
    flushes: u64,
    writes: u64,
    deliveries: u64,
    own_frames: u64,
}

impl Work {
    fn between(before: HubCounts, now: HubCounts) -> Work {
        Work {
            broadcasts: now.broadcasts - before.broadcasts,
            encodings: now.encodings - before.encodings,
            flushes: now.flush.flushes - before.flush.flushes,
            writes: now.flush.writes - before.flush.writes,
            deliveries: now.flush.deliveries - before.flush.deliveries,
            own_frames: now.flush.own_frames - before.flush.own_frames,
        }
    }
}

impl Scene {
    fn new(shards: usize, members: usize) -> Scene {
        let socket = UserSocket::new().channel("room:*", Talk);
        let router = Router::new().socket("/socket", socket);
        let server = serve_with(router, shards, at_any_pace());
        let mut scene = Scene {
            before: server.endpoint().counts(),
            members: (0..members).map(|_| connect(&server)).collect(),
            server,
        };
        scene
            .members
            .iter_mut()
            .for_each(|client| client.join(ROOM));
        let joins = members as u64;
        scene.expect(Work {
            flushes: joins,
            writes: joins,
            own_frames: joins,
            ..Work::default()
        });
        scene
    }

    fn endpoint(&self) -> &Endpoint {
        self.server.endpoint()
    }

    /// Has the first member push `event`, and each member read `times` broadcasts.
    fn push(&mut self, event: &str, times: usize) {
        self.members[0].push(event, json!({"body": "hello"}));
        for client in &mut self.members {
            (0..times).for_each(|_| client.expect_event("said", json!({"body": "hello"})));
        }
    }

    /// Asserts that the scene took exactly `work`, and begins the next scene.
    fn expect(&mut self, work: Work) {
        self.settle(work);
        self.members[0].expect_nothing();
        self.settle(Work {
            flushes: work.flushes + 1,
            writes: work.writes + 1,
            own_frames: work.own_frames + 1,
            ..work
        });
        self.before = self.endpoint().counts();
    }

    /// Waits until the counts show `work`. A reader has the last bytes slightly before the flush
    /// that wrote them shows its counts.
    fn settle(&self, work: Work) {
        let start = Instant::now();
        loop {
            let now = Work::between(self.before, self.endpoint().counts());
            if now == work {
                return;
            }
            assert!(start.elapsed() < DEADLINE, "{now:?} in place of {work:?}");
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    fn wake_ups(&self) -> u64 {
        self.endpoint().counts().wake_ups
    }
}

#[test]
fn pushed_message_takes_a_write_for_each_member_and_no_wake_up() {
    for (members, slices) in [(1, 1), (64, 1), (100, 2)] {
        let mut scene = Scene::new(1, members);
        (0..MESSAGES).for_each(|_| scene.push("say", 1));
        scene.expect(Work {
            broadcasts: MESSAGES,
            encodings: MESSAGES,
            flushes: MESSAGES * slices,
            writes: MESSAGES * members as u64,
            deliveries: MESSAGES * members as u64,
            own_frames: 0,
        });
        assert_eq!(scene.wake_ups(), 0, "the shard was awake");
    }
}

#[test]
fn sixteen_broadcasts_of_one_push_share_a_write_for_each_member() {
    let mut scene = Scene::new(1, 10);
    (0..MESSAGES).for_each(|_| scene.push("repeat", 16));
    scene.expect(Work {
        broadcasts: MESSAGES * 16,
        encodings: MESSAGES * 16,
        flushes: MESSAGES,
        writes: MESSAGES * 10,
        deliveries: MESSAGES * 10 * 16,
        own_frames: 0,
    });
    assert_eq!(scene.wake_ups(), 0, "the shard was awake");
}

#[test]
fn reply_to_a_push_shares_the_write_of_its_broadcast() {
    let mut scene = Scene::new(1, 10);
    for _ in 0..MESSAGES {
        scene.push("ask", 1);
        scene.members[0].expect_reply("ok", json!({}));
    }
    scene.expect(Work {
        broadcasts: MESSAGES,
        encodings: MESSAGES,
        flushes: MESSAGES,
        writes: MESSAGES * 10,
        deliveries: MESSAGES * 10,
        own_frames: MESSAGES,
    });
}

#[test]
fn leave_takes_one_write_for_its_reply_and_the_close_of_the_channel() {
    let mut scene = Scene::new(1, 10);
    scene.members[1..].iter_mut().for_each(|c| c.leave(ROOM));
    scene.expect(Work {
        flushes: 9,
        writes: 9,
        own_frames: 18,
        ..Work::default()
    });
}

#[test]
fn broadcast_of_the_app_takes_a_write_for_each_member_and_one_wake_up() {
    let mut scene = Scene::new(1, 10);
    for _ in 0..MESSAGES {
        let endpoint = scene.endpoint().clone();
        endpoint.broadcast(ROOM, "said", json!({"body": "hello"}));
        for client in &mut scene.members {
            client.expect_event("said", json!({"body": "hello"}));
        }
    }
    scene.expect(Work {
        broadcasts: MESSAGES,
        encodings: MESSAGES,
        flushes: MESSAGES,
        writes: MESSAGES * 10,
        deliveries: MESSAGES * 10,
        own_frames: 0,
    });
    assert!(
        scene.wake_ups() <= MESSAGES,
        "none while the shard is awake"
    );
}

#[test]
fn pushed_message_wakes_the_other_shard_once_at_most() {
    let mut scene = Scene::new(2, 10);
    (0..MESSAGES).for_each(|_| scene.push("say", 1));
    scene.expect(Work {
        broadcasts: MESSAGES,
        encodings: MESSAGES,
        flushes: MESSAGES * 2,
        writes: MESSAGES * 10,
        deliveries: MESSAGES * 10,
        own_frames: 0,
    });
    assert!(scene.wake_ups() <= MESSAGES, "never the pusher's shard");
}
