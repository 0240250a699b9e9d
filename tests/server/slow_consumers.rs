//! Clients that do not read: bounded memory, no silent gap, and no other client that waits.

use std::io::{ErrorKind, Write};
use std::net::Shutdown;
use std::sync::mpsc;
use std::time::Duration;

use lobbyd::server::Running;
use serde_json::json;
use testkit::own_process::{alone, resident_bytes};
use testkit::{
    Client, DEADLINE, at_any_pace, connect, connect_narrow, eventually, frame, uninterrupted,
};

use crate::fixture::{Chat, arena, nothing_is_left};

/// Publishes `count` messages of 4 KiB to `topic`, no faster than a witness in the topic gets them.
/// The witness must lose none.
fn flood(server: &Running, topic: &str, first: usize, count: usize) {
    let mut witness = connect(server);
    witness.join(topic);
    let mut publisher = connect(server);
    publisher.send(json!(["11", "1", topic, "phx_join", {}]));
    assert_eq!(publisher.json()[4]["status"], "ok");
    for number in first..first + count {
        let payload = json!({"number": number, "body": "x".repeat(4096)});
        publisher.send(json!(["11", "2", topic, "new_msg", payload]));
        for client in [&mut publisher, &mut witness] {
            assert_eq!(
                client.json(),
                json!([null, null, topic, "new_msg", payload])
            );
        }
    }
}

/// Reads the messages of a flood that `client` was sent, numbered without a gap. Returns their
/// number, and the code of a Close, if one came.
fn drain(client: &mut Client) -> (usize, Option<u16>) {
    let mut count = 0;
    loop {
        match client.next_frame() {
            None => return (count, None),
            Some(frame) if frame.opcode == 8 => {
                let code = frame.close_code();
                assert_eq!(client.next_frame(), None, "nothing comes behind a Close");
                return (count, Some(code));
            }
            Some(frame) => {
                assert_eq!(frame.json()[4]["number"], count, "a gap");
                count += 1;
            }
        }
    }
}

#[test]
fn slow_consumer_of_a_flooded_lobby_is_closed_and_has_no_gap_before() {
    let limits = at_any_pace().with_closing_timeout_ms(300_000);
    let server = arena(2, limits);
    let chat = Chat::start(&server, "room:chat");
    let mut slow: Vec<Client> = (0..4)
        .map(|_| connect_narrow(server.local_addr()))
        .collect();
    slow.iter_mut().for_each(|client| client.join("room:lobby"));
    const FLOOD: usize = 700;
    flood(&server, "room:lobby", 0, FLOOD);
    chat.goes_on(3);
    for client in &mut slow {
        let (count, code) = drain(client);
        assert!(count < FLOOD, "it cannot have got everything");
        assert_eq!(code, Some(1013), "after {count} messages");
    }
    chat.end();
    drop(slow);
    nothing_is_left(server);
}

#[test]
fn slow_consumer_that_reads_no_close_is_cut_and_has_no_gap_before() {
    let limits = at_any_pace().with_closing_timeout_ms(200);
    let server = arena(1, limits);
    let chat = Chat::start(&server, "room:chat");
    let mut slow = connect_narrow(server.local_addr());
    slow.join("room:slow");
    flood(&server, "room:slow", 0, 700);
    // The client has left nothing on the server, although its socket is open.
    let chat_alone = 1;
    eventually("it is cut", || server.endpoint().topics_len() == chat_alone);
    std::thread::sleep(Duration::from_millis(400));
    let (count, _) = drain(&mut slow);
    assert!(count < 700, "it cannot have got everything");
    chat.end();
    nothing_is_left(server);
}

#[test]
fn slow_consumer_that_wakes_within_the_retention_gets_all_and_goes_on() {
    let server = arena(2, at_any_pace());
    let chat = Chat::start(&server, "room:chat");
    let mut slow: Vec<Client> = (0..4)
        .map(|_| connect_narrow(server.local_addr()))
        .collect();
    slow.iter_mut().for_each(|client| client.join("room:lobby"));
    const FLOOD: usize = 200;
    flood(&server, "room:lobby", 0, FLOOD);
    for client in &mut slow {
        // The request is sent before anything is read, so its answer comes after messages that were
        // published before it.
        client.send(json!(["11", "9", "room:lobby", "echo", {}]));
        for number in 0..FLOOD {
            assert_eq!(client.json()[4]["number"], number);
        }
        client.expect(
            json!(["11", "9", "room:lobby", "phx_reply", {"status": "ok", "response": {}}]),
        );
    }
    for number in 0..20 {
        slow[0].send(json!(["11", "2", "room:lobby", "new_msg", {"number": number}]));
        for client in &mut slow {
            assert_eq!(client.json()[4]["number"], number);
        }
    }
    chat.end();
    drop(slow);
    nothing_is_left(server);
}

#[test]
fn requests_of_a_client_that_reads_nothing_are_read_no_further() {
    let server = arena(1, at_any_pace());
    let chat = Chat::start(&server, "room:chat");
    let mut client = connect_narrow(server.local_addr());
    client.join("room:x");
    let request = |number: usize| {
        frame(
            1,
            json!(["11", number.to_string(), "room:x", "echo", {"n": number}])
                .to_string()
                .as_bytes(),
        )
    };
    for _ in 0..2 {
        let sent = send_until_stuck(&mut client, request);
        chat.goes_on(2);
        for number in 0..sent {
            client.expect(json!(["11", number.to_string(), "room:x", "phx_reply",
                {"status": "ok", "response": {"n": number}}]));
        }
        client.expect_nothing();
    }
    chat.end();
    drop(client);
    nothing_is_left(server);
}

#[test]
fn pings_of_a_client_that_reads_no_pongs_are_read_no_further() {
    let server = arena(1, at_any_pace());
    let chat = Chat::start(&server, "room:chat");
    let mut client = connect_narrow(server.local_addr());
    let sent = send_until_stuck(&mut client, |number| {
        frame(9, &(number as u64).to_be_bytes())
    });
    chat.goes_on(2);
    for number in 0..sent {
        let pong = client.recv();
        assert_eq!(
            (pong.opcode, &pong.payload[..]),
            (10, &(number as u64).to_be_bytes()[..])
        );
    }
    client.expect_nothing();
    chat.end();
    drop(client);
    nothing_is_left(server);
}

/// Sends numbered frames until the server has read none for a while, then the rest of the last
/// frame. Returns the number of frames.
fn send_until_stuck(client: &mut Client, frame: impl Fn(usize) -> Vec<u8>) -> usize {
    let sent = send_until_stuck_or_cut(client, frame);
    sent.unwrap_or_else(|(number, error)| panic!("after {number} frames: {error}"))
}

/// Like [`send_until_stuck`]. The error is that the server has cut the client, and the number of
/// frames until then.
fn send_until_stuck_or_cut(
    client: &mut Client,
    frame: impl Fn(usize) -> Vec<u8>,
) -> Result<usize, (usize, std::io::Error)> {
    client
        .stream
        .set_write_timeout(Some(Duration::from_millis(700)))
        .unwrap();
    for number in 0.. {
        let mut rest = &frame(number)[..];
        while !rest.is_empty() {
            match uninterrupted(|| client.stream.write(rest)) {
                Ok(written) => rest = &rest[written..],
                Err(error)
                    if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) =>
                {
                    client.stream.set_write_timeout(Some(DEADLINE)).unwrap();
                    return Ok(finish(client, rest.to_vec(), number));
                }
                Err(error) => return Err((number, error)),
            }
        }
    }
    unreachable!()
}

/// The last frame can only be sent while answers are read, so a thread sends its rest.
fn finish(client: &Client, rest: Vec<u8>, number: usize) -> usize {
    let mut stream = client.stream.try_clone().unwrap();
    std::thread::spawn(move || drop(stream.write_all(&rest)));
    number + 1
}

#[test]
fn memory_held_by_clients_that_never_read_is_bounded() {
    alone("slow_consumers::alone_memory_held_by_clients_that_never_read");
}

#[test]
#[ignore = "run by the test above in a process of its own"]
fn alone_memory_held_by_clients_that_never_read() {
    let server = arena(1, at_any_pace());
    let chat = Chat::start(&server, "room:chat");
    let before = resident_bytes();
    let (stuck, is_stuck) = mpsc::channel();
    const CLIENTS: usize = 20;
    let stuck_clients: Vec<_> = (0..CLIENTS)
        .map(|at| {
            let mut client = connect_narrow(server.local_addr());
            client.join("room:lobby");
            let stuck = stuck.clone();
            std::thread::spawn(move || {
                let pings = |_| frame(9, b"").repeat(200);
                let beats = |_| frame(1, br#"[null,"1","phoenix","heartbeat",{}]"#).repeat(50);
                // On a busy machine one read may have more answers than a client may have waiting,
                // with their 120 bytes each. Such a client is closed, and cut in the end.
                let _ = if at % 2 == 0 {
                    send_until_stuck_or_cut(&mut client, pings)
                } else {
                    send_until_stuck_or_cut(&mut client, beats)
                };
                stuck.send(()).unwrap();
                client
            })
        })
        .collect();
    for _ in 0..CLIENTS {
        is_stuck
            .recv_timeout(6 * DEADLINE)
            .expect("the server stops reading");
    }
    flood(&server, "room:lobby", 0, 500);
    let grown = resident_bytes().saturating_sub(before);
    println!(
        "{CLIENTS} clients that never read: {} KiB more",
        grown >> 10
    );
    // Half a megabyte of answers for each client, and one megabyte of log. Any unbounded queue
    // would be far larger.
    assert!(grown < 96 << 20, "{grown} bytes");
    for client in stuck_clients {
        // Threads may still be sending on these clients.
        let client = client.join().unwrap();
        // The server may have cut the connection by now, because its client reads slowly.
        let _ = client.stream.shutdown(Shutdown::Both);
    }
    chat.end();
    nothing_is_left(server);
}
