//! Rooms with a maximum of members: joins of many clients at once, and places that become free.

use std::thread;

use lobbyd::rooms::RoomRules;
use lobbyd::server::raise_descriptor_limit;
use serde_json::json;
use testkit::{Client, connect, eventually};

use crate::rooms::fixture::{ROOM, serve_rooms};

const PLACES: usize = 100;
const CLIENTS: usize = 500;
const THREADS: usize = 10;

fn with_places(members_max: u32) -> RoomRules {
    RoomRules {
        members_max: Some(members_max),
        ..RoomRules::open(ROOM)
    }
}

/// Sends the joins of all `clients` at once. Returns the clients that got in, and those that did
/// not.
fn race(clients: Vec<Client>) -> (Vec<Client>, Vec<Client>) {
    let mut clients = clients.into_iter();
    let share = clients.len().div_ceil(THREADS);
    let shares: Vec<Vec<Client>> = (0..THREADS)
        .map(|_| clients.by_ref().take(share).collect())
        .collect();
    let threads: Vec<_> = shares
        .into_iter()
        .map(|share| thread::spawn(|| ask(share)))
        .collect();
    let mut all = (Vec::new(), Vec::new());
    for thread in threads {
        let (inside, outside) = thread.join().unwrap();
        all.0.extend(inside);
        all.1.extend(outside);
    }
    all
}

fn ask(mut clients: Vec<Client>) -> (Vec<Client>, Vec<Client>) {
    let join = json!(["11", "1", ROOM, "phx_join", {}]);
    clients.iter_mut().for_each(|c| c.send(join.clone()));
    let is_in = |client: &mut Client| {
        let reply = client.json();
        let full = json!({"status": "error", "response": {"reason": "room full"}});
        let is_in = reply[4]["status"] == "ok";
        assert!(is_in || reply[4] == full, "{reply}");
        is_in
    };
    let mut all = (Vec::new(), Vec::new());
    for mut client in clients {
        match is_in(&mut client) {
            true => all.0.push(client),
            false => all.1.push(client),
        }
    }
    all
}

#[test]
fn full_room_lets_in_exactly_its_max_across_shards_and_reuses_places() {
    raise_descriptor_limit();
    let server = serve_rooms([with_places(PLACES as u32)]);
    let clients = (0..CLIENTS).map(|_| connect(&server)).collect();
    let (mut inside, outside) = race(clients);
    assert_eq!((inside.len(), outside.len()), (PLACES, CLIENTS - PLACES));
    // Clients outside the room get no message of it.
    server.endpoint().broadcast(ROOM, "news", ());
    for client in &mut inside {
        client.expect_event("news", json!({}));
    }
    let (inside_again, outside) = race(outside);
    assert_eq!(inside_again.len(), 0, "it is still full");
    // 30 clients leave, and 20 drop their connection.
    let mut leaving = inside.split_off(PLACES - 50);
    let vanishing = leaving.split_off(30);
    leaving.iter_mut().for_each(|client| client.leave(ROOM));
    let gone = vanishing.len() as u64;
    drop(vanishing);
    eventually("the vanished are gone", || {
        server.endpoint().closes().of("peer_gone") == gone
    });
    let (newcomers, mut outside) = race(outside);
    assert_eq!(newcomers.len(), 50);
    inside.extend(newcomers);
    server.endpoint().broadcast(ROOM, "more", ());
    for client in &mut inside {
        client.expect_event("more", json!({}));
    }
    outside.iter_mut().for_each(Client::expect_nothing);
}

#[test]
fn second_join_on_the_same_connection_keeps_its_place_in_a_full_room() {
    let server = serve_rooms([with_places(1)]);
    let [mut one, mut other] = [connect(&server), connect(&server)];
    one.join(ROOM);
    assert_eq!(other.try_join(ROOM), Err("room full".to_owned()));
    one.send(json!(["12", "12", ROOM, "phx_join", {}]));
    one.expect(json!(["11", "11", ROOM, "phx_close", {}]));
    one.expect(json!(["12", "12", ROOM, "phx_reply", {"status": "ok", "response": {}}]));
    assert_eq!(other.try_join(ROOM), Err("room full".to_owned()));
    // A room without places lets no client in.
    let closed = serve_rooms([with_places(0)]);
    assert_eq!(connect(&closed).try_join(ROOM), Err("room full".to_owned()));
    assert_eq!(closed.endpoint().topics_len(), 0);
}
