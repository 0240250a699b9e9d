//! Messages of clients in a room by rules, from the text to the mailbox or the client's write.

use std::hint::black_box;

use gungraun::prelude::*;
use lobbyd_instructions::TIMES;

use crate::room::{self, Room, fields_room, heartbeat, object_of_fields, open_room};
use crate::scenes::messages::body;

/// As many clients as joins are counted, and one that has joined before.
const CLIENTS: u32 = TIMES as u32 + 1;

// Measures the first joins of clients, each with its reply as far as the outbox.
#[library_benchmark(setup = clients)]
fn join((mut room, text): (Room, String)) -> Room {
    for client in 1..CLIENTS {
        black_box(&mut room).says(client, &text);
    }
    assert_eq!(room.members_len(), CLIENTS as usize);
    room
}

fn clients() -> (Room, String) {
    let room = Room::new(open_room(), CLIENTS).joined(1);
    (room, room::join())
}

// Measures a heartbeat, its reply, and the write of the reply.
#[library_benchmark(setup = member_with_heartbeat)]
fn reply((mut room, text): (Room, String)) -> Room {
    for _ in 0..TIMES {
        black_box(&mut room).says(0, &text);
        assert_eq!(room.write(), 1);
    }
    room
}

fn member_with_heartbeat() -> (Room, String) {
    let mut room = Room::new(open_room(), 1).joined(1);
    room.says(0, &heartbeat());
    room.write();
    (room, heartbeat())
}

// Measures a push into a room by rules, up to the mailbox: whole, or three fields of it.
#[library_benchmark]
#[bench::whole(args = (open_room(), 64), setup = member_with_push)]
#[bench::fields(args = (fields_room(), 4 << 10), setup = member_with_push)]
fn relay((mut room, text): (Room, String)) -> Room {
    for _ in 0..TIMES {
        black_box(&mut room).says(0, &text);
    }
    room
}

fn member_with_push(rules: lobbyd::rooms::RoomRules, body_bytes: usize) -> (Room, String) {
    let payload = match body_bytes {
        64 => format!(r#"{{"body":"{}"}}"#, body(64)),
        _ => object_of_fields(body_bytes),
    };
    let text = room::says(&payload);
    let mut room = Room::new(rules, 1).joined(1);
    (0..TIMES).for_each(|_| room.says(0, &text));
    assert!(room.write() > 0);
    (room, text)
}

library_benchmark_group!(name = in_session, benchmarks = [join, reply, relay]);
