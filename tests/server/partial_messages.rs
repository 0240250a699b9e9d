//! Messages that arrive in very small parts, or never end.

use std::io::Write;
use std::time::{Duration, Instant};

use lobbyd::server::{Limit, Running};
use serde_json::{Value, json};
use testkit::own_process::{alone, shard_cpu_ns};
use testkit::{Client, DEADLINE, at_any_pace, connect, eventually, frame, raw_frame};

use crate::fixture::{Chat, arena, nothing_is_left};

/// Returns a message of exactly `len` bytes.
fn message(len: usize) -> String {
    let empty = json!(["11", "7", "room:x", "echo", {"body": ""}]).to_string();
    let body = "x".repeat(len - empty.len());
    json!(["11", "7", "room:x", "echo", {"body": body}]).to_string()
}

fn is_echoed(client: &mut Client, len: usize) {
    let answer = client.json();
    let sent: Value = serde_json::from_str(&message(len)).unwrap();
    assert_eq!(answer[4], json!({"status": "ok", "response": sent[4]}));
}

fn with_partial_timeout(partial_timeout_ms: u64) -> Running {
    let limits = at_any_pace().with_max(Limit::PartialTime, partial_timeout_ms);
    arena(1, limits)
}

#[test]
fn message_of_64_kib_a_byte_at_a_time_is_accepted_at_linear_cost() {
    alone("partial_messages::alone_message_of_64_kib_a_byte_at_a_time");
}

#[test]
#[ignore = "run by the test above in a process of its own"]
fn alone_message_of_64_kib_a_byte_at_a_time() {
    let server = arena(1, at_any_pace());
    let mut client = connect(&server);
    client.join("room:x");
    let mut cpu = |len: usize| {
        let before = shard_cpu_ns();
        for byte in frame(1, message(len).as_bytes()) {
            client.send_raw(&[byte]);
        }
        is_echoed(&mut client, len);
        shard_cpu_ns() - before
    };
    // The small messages have as many bytes in all as the large one. The cost is equal if it is
    // linear, and 16 times as high if quadratic. The bytes of one read vary from run to run, so the
    // best of several runs counts.
    let mut ratios = (0..6).map(|_| {
        let small: u64 = (0..16).map(|_| cpu(4 << 10)).sum();
        let large = cpu(64 << 10);
        println!(
            "16 × 4 KiB: {} µs of CPU, 64 KiB: {} µs",
            small / 1000,
            large / 1000
        );
        large as f64 / small.max(1) as f64
    });
    assert!(ratios.any(|ratio| ratio < 4.0), "not linear");
    drop(ratios);
    let chat = Chat::start(&server, "room:chat");
    let crumbs = frame(1, message(64 << 10).as_bytes());
    let (first, second) = crumbs.split_at(crumbs.len() / 2);
    first.iter().for_each(|&byte| client.send_raw(&[byte]));
    chat.goes_on(3);
    second.iter().for_each(|&byte| client.send_raw(&[byte]));
    is_echoed(&mut client, 64 << 10);
    chat.end();
    drop(client);
    nothing_is_left(server);
}

#[test]
fn incomplete_message_closes_its_client_with_1008_at_its_deadline() {
    let server = with_partial_timeout(300);
    let chat = Chat::start(&server, "room:x");
    let whole = frame(1, message(1000).as_bytes());
    let mut hanging: Vec<Client> = [1, 2, 3, 7, 8, 500, whole.len() - 1]
        .iter()
        .map(|&len| {
            let mut client = connect(&server);
            client.join("room:y");
            client.send_raw(&whole[..len]);
            client
        })
        .collect();
    for client in &mut hanging {
        assert_eq!(client.close_code(), 1008);
    }
    chat.end();
    drop(hanging);
    nothing_is_left(server);
}

#[test]
fn pings_inside_a_message_in_fragments_do_not_put_its_deadline_off() {
    let server = with_partial_timeout(300);
    let chat = Chat::start(&server, "room:x");
    let mut client = connect(&server);
    client.send_raw(&raw_frame(0x01, b"[null,"));
    let started = Instant::now();
    let code = loop {
        client.send_raw(&frame(9, b"p"));
        let answer = client.recv();
        if answer.opcode == 8 {
            break answer.close_code();
        }
        assert_eq!((answer.opcode, &answer.payload[..]), (10, &b"p"[..]));
        assert!(started.elapsed() < DEADLINE, "never closed");
        std::thread::sleep(Duration::from_millis(5));
    };
    assert_eq!(code, 1008);
    chat.end();
    drop(client);
    nothing_is_left(server);
}

/// A client that takes no answers, so that it is not read on in the middle of a message: the rest
/// has come, and waits for the server.
#[test]
fn message_that_the_server_does_not_read_on_is_not_late() {
    let server = with_partial_timeout(300);
    let chat = Chat::start(&server, "room:chat");
    let mut client = testkit::connect_narrow(server.local_addr());
    client.join("room:x");
    let echo = frame(1, message(16_000).as_bytes());
    let patience = Duration::from_millis(1_500);
    client.stream.set_write_timeout(Some(patience)).unwrap();
    // Each write ends in the middle of a message, as the reads then do.
    let (twice, mut sent) = (echo.repeat(2), echo.len() / 2);
    client.send_raw(&echo[..sent]);
    while let Ok(written) = client
        .stream
        .write(&twice[sent % echo.len()..][..echo.len()])
    {
        sent += written;
        assert!(sent < 256 << 20, "the server reads on");
    }
    let rest = echo[sent % echo.len()..].to_vec();
    let mut writing = client.stream.try_clone().unwrap();
    writing.set_write_timeout(Some(DEADLINE)).unwrap();
    let writing = std::thread::spawn(move || writing.write_all(&rest));
    for _ in 0..=sent / echo.len() {
        is_echoed(&mut client, 16_000);
    }
    writing.join().unwrap().unwrap();
    client.expect_nothing();
    chat.end();
    drop(client);
    nothing_is_left(server);
}

#[test]
fn stream_of_whole_messages_is_never_late_however_it_is_cut_into_reads() {
    let server = with_partial_timeout(2_000);
    let chat = Chat::start(&server, "room:x");
    let mut client = connect(&server);
    // The pings are cut so that every read ends in the middle of a header: some frame is always
    // incomplete, but none for long. A busy machine may take a while from one write to the next.
    let mut pings = frame(9, b"").repeat(100);
    pings.rotate_left(1);
    let started = Instant::now();
    let mut sent = 0;
    client.send_raw(&pings[pings.len() - 1..]);
    while started.elapsed() < Duration::from_millis(5_000) {
        client.send_raw(&pings);
        sent += 100;
        for _ in 0..100 {
            assert_eq!(client.recv().opcode, 10, "after {sent} pings");
        }
    }
    chat.end();
    drop(client);
    nothing_is_left(server);
}

#[test]
fn incomplete_messages_over_their_common_limit_close_their_clients() {
    let limits = at_any_pace().with_max(Limit::PartialBytes, 1 << 20);
    let server = arena(1, limits);
    let chat = Chat::start(&server, "room:chat");
    let whole = frame(1, message(60_000).as_bytes());
    let (most, last) = whole.split_at(whole.len() - 1);
    let hanging: Vec<Client> = (0..60)
        .map(|_| {
            let mut client = connect(&server);
            client.join("room:x");
            client.send_raw(most);
            client
        })
        .collect();
    chat.goes_on(3);
    let mut ends = [0, 0];
    for mut client in hanging {
        let _ = std::io::Write::write_all(&mut client.stream, last);
        let answer = client.recv();
        match answer.opcode {
            8 => assert_eq!(answer.close_code(), 1008),
            _ => assert_eq!(answer.json()[4]["status"], "ok"),
        }
        ends[usize::from(answer.opcode == 8)] += 1;
    }
    assert!(
        ends[0] >= 5 && ends[1] >= 40,
        "{ends:?} answered and closed"
    );
    chat.end();
    nothing_is_left(server);
}

#[test]
fn small_incomplete_message_stays_where_others_fill_the_common_limit() {
    let limits = at_any_pace().with_max(Limit::PartialBytes, 1 << 20);
    let server = arena(1, limits);
    let whole = frame(1, message(60_000).as_bytes());
    let incomplete = |bytes: usize| {
        let mut client = connect(&server);
        client.send_raw(&whole[..bytes]);
        client
    };
    // Together they leave room for less than the small message.
    let mut filling: Vec<Client> = (0..17).map(|_| incomplete(60_000)).collect();
    filling.push(incomplete((1 << 20) - 17 * 60_000 - 100));
    let mut small = connect(&server);
    small.join("room:x");
    let beat = json!([null, "2", "phoenix", "heartbeat", {"x": "y".repeat(400)}]);
    let beat = frame(1, beat.to_string().as_bytes());
    small.send_raw(&beat[..300]);
    let bitten = || {
        let meters = server.endpoint().limit_meters();
        meters.bitten(Limit::PartialBytes)
    };
    eventually("the limit bites", || bitten() > 0);
    small.send_raw(&beat[300..]);
    assert_eq!(small.json()[4]["status"], "ok");
    drop((filling, small));
    nothing_is_left(server);
}
