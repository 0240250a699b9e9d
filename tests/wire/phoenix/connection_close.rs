//! Pings, idle time and close codes: protocol.md §6.1 and §6.3.
//!
//! `tests/wire/websocket/mod.rs` has every violation of RFC 6455, case by case, on the same reader.
//!
//! The numbers behind B are those of the table in `mod.rs`.

use std::time::{Duration, Instant};

use lobbyd::TerminateReason;
use serde_json::json;
use testkit::{frame, raw_frame};

use crate::phoenix::fixture::{Stage, stage, stage_with};
use crate::phoenix::peer::{BOTH, Peer, Version};

const PING: u8 = 9;
const PONG: u8 = 10;
const CLOSE: u8 = 8;

/// Long enough that no client looks silent on a busy machine, short enough for a test.
const IDLE: Duration = Duration::from_millis(600);

fn with_idle_timeout(timeout: Duration) -> Stage {
    stage_with(|socket| socket.idle_timeout_ms(timeout.as_millis() as u64))
}

/// B 36, 38: the pong has the identical payload, even an empty one. Neither a ping
/// nor a pong that the server did not ask for disturbs the next message.
#[test]
fn ping_is_answered_with_its_payload_and_disturbs_nothing() {
    let stage = stage();
    for version in BOTH {
        let mut peer = stage.peer(version);
        peer.join("room:a");
        for payload in [&b""[..], b"hello", &[0xff; 125]] {
            peer.send_raw(&frame(PING, payload));
            peer.send_raw(&frame(PONG, payload));
            let pong = peer.recv();
            assert_eq!((pong.opcode, &pong.payload[..]), (PONG, payload));
            peer.say("2", "room:a", "status", json!({}));
            peer.expect_reply("2", "room:a", "ok", json!({}));
        }
    }
}

/// B 36: a ping is answered between the fragments of a message too.
#[test]
fn ping_between_fragments_is_answered_at_once() {
    let stage = stage();
    let mut peer = stage.peer(Version::V2);
    let text = br#"[null,"1","phoenix","heartbeat",{}]"#;
    peer.send_raw(&raw_frame(0x01, &text[..7]));
    peer.send_raw(&frame(PING, b"now"));
    assert_eq!(peer.recv().payload, b"now");
    peer.send_raw(&raw_frame(0x80, &text[7..]));
    peer.expect_reply_as((), "1", "phoenix", "ok", json!({}));
}

/// B 26: the heartbeat is answered. With a timeout of 200 ms and no traffic the server closes. Its
/// code is not 1000, which would make phoenix.js stay away, and the channels end.
#[test]
fn client_that_goes_quiet_is_closed_so_that_it_comes_back() {
    for version in BOTH {
        let timeout = Duration::from_millis(200);
        let stage = with_idle_timeout(timeout);
        let mut peer = stage.peer(version);
        peer.join("room:a");
        let last_sent = Instant::now();
        peer.expect_silence();
        assert_eq!(peer.close_code(), 1001);
        let quiet = last_sent.elapsed();
        // A late client cannot make the close early. The upper bound is wide enough for any
        // machine.
        assert!(quiet >= timeout - Duration::from_millis(5), "{quiet:?}");
        assert!(quiet < 20 * timeout, "{quiet:?}");
        assert_eq!(stage.ended().1, TerminateReason::Closed);
    }
}

/// §6.1: bytes that the server sends do not count.
#[test]
fn pushes_of_the_server_do_not_extend_the_idle_time() {
    let stage = with_idle_timeout(Duration::from_millis(200));
    let mut peer = stage.peer(Version::V2);
    peer.join("room:a");
    let start = Instant::now();
    loop {
        stage.server.endpoint().broadcast("room:a", "news", ());
        let frame = peer.recv();
        if frame.opcode == CLOSE {
            assert_eq!(frame.close_code(), 1001);
            return;
        }
        assert!(start.elapsed() < Duration::from_secs(10), "still open");
    }
}

/// §6.1: received bytes of any kind extend the time.
#[test]
fn messages_pings_and_pongs_extend_the_idle_time() {
    let stage = with_idle_timeout(IDLE);
    type Sign = (&'static str, fn(&mut Peer));
    let signs: [Sign; 3] = [
        ("message", |peer| peer.expect_silence()),
        ("ping", |peer| {
            peer.send_raw(&frame(PING, b""));
            assert_eq!(peer.recv().opcode, PONG);
        }),
        ("pong", |peer| peer.send_raw(&frame(PONG, b""))),
    ];
    std::thread::scope(|scope| {
        for (name, sign) in signs {
            let mut peer = stage.peer(Version::V2);
            scope.spawn(move || {
                let start = Instant::now();
                while start.elapsed() < IDLE * 2 {
                    sign(&mut peer);
                    // The pause only spaces the bytes that the client sends.
                    std::thread::sleep(IDLE / 20);
                }
                peer.join("room:a");
                assert_eq!(peer.close_code(), 1001, "{name}");
            });
        }
    });
}

/// §6.3, first row: the answer is 1000 for any valid code or none, and 1002 for a code that may not
/// be sent.
#[test]
fn close_of_the_client_is_answered_with_1000_or_1002() {
    let stage = stage();
    let payload = |code: u16, reason: &[u8]| [&code.to_be_bytes(), reason].concat();
    let mut cases = vec![(vec![], 1000), (payload(1000, b"heartbeat timeout"), 1000)];
    for code in [1000, 1001, 1003, 1007, 1011, 1012, 3000, 4000, 4999] {
        cases.push((payload(code, b""), 1000));
    }
    for code in [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000] {
        cases.push((payload(code, b""), 1002));
    }
    cases.push((vec![3], 1002));
    cases.push((payload(1000, b"\xff"), 1007));
    for (sent, code) in cases {
        let mut peer = stage.peer(Version::V2);
        peer.send_raw(&frame(CLOSE, &sent));
        let answer = peer.recv();
        assert_eq!(
            (answer.close_code(), answer.payload.len()),
            (code, 2),
            "{sent:?}"
        );
        assert_eq!(peer.next_frame(), None, "nothing follows a close");
    }
}

/// §6.3: messages before the close are still answered, and bytes after it are ignored.
#[test]
fn messages_in_front_of_a_close_are_answered_first() {
    let stage = stage();
    let mut peer = stage.peer(Version::V2);
    let status = frame(1, br#"["11","2","room:a","status",{}]"#);
    peer.join("room:a");
    peer.send_raw(&[&status[..], &frame(CLOSE, &[3, 232]), &status].concat());
    peer.expect_reply("2", "room:a", "ok", json!({}));
    assert_eq!(peer.close_code(), 1000);
    assert_eq!(peer.next_frame(), None);
}

/// §6.3: each violation is answered with its code. The channels end, and other connections do not
/// notice.
#[test]
fn violations_each_have_their_close_code() {
    let stage = stage();
    let mut bystander = stage.peer(Version::V2);
    bystander.join("room:a");
    let unmasked = b"\x81\x02[]".to_vec();
    let too_large = frame(1, &[b' '; 65_537]);
    let fragments = [
        raw_frame(0x01, &[b' '; 40_000]),
        raw_frame(0x80, &[b' '; 40_000]),
    ]
    .concat();
    let cases = [
        ("unmasked", unmasked, 1002),
        ("reserved bit", raw_frame(0xc1, b"[]"), 1002),
        ("bad opcode", frame(3, b""), 1002),
        ("bad control opcode", frame(11, b""), 1002),
        ("stray continuation", frame(0, b""), 1002),
        ("long control frame", frame(PING, &[0; 126]), 1002),
        ("fragmented control frame", raw_frame(PING, b""), 1002),
        (
            "not minimal length",
            b"\x81\xfe\x00\x02\x00\x00\x00\x00[]".to_vec(),
            1002,
        ),
        ("not UTF-8", frame(1, b"\"\xff\""), 1007),
        ("undecodable", frame(1, b"{"), 1011),
        ("too large", too_large, 1009),
        ("too large in fragments", fragments, 1009),
    ];
    for (name, bytes, code) in cases {
        let mut peer = stage.peer(Version::V2);
        peer.join("room:a");
        peer.send_raw(&bytes);
        let close = peer.recv();
        assert_eq!(
            (close.close_code(), close.payload.len()),
            (code, 2),
            "{name}"
        );
        assert_eq!(stage.ended().1, TerminateReason::Closed, "{name}");
    }
    bystander.expect_silence_in("room:a");
}

/// §6.5, with lobbyd's own limit: the largest allowed message, in one frame or several.
#[test]
fn message_of_the_limit_is_taken_and_one_byte_more_is_not() {
    let stage = stage_with(|socket| socket.message_bytes_max(100));
    let message = |len: usize| {
        let head = r#"[null,"1","phoenix","heartbeat","#;
        format!("{head}\"{}\"]", "x".repeat(len - head.len() - 3)).into_bytes()
    };
    let whole = |bytes: &[u8]| frame(1, bytes);
    let halves =
        |bytes: &[u8]| [raw_frame(0x01, &bytes[..50]), raw_frame(0x80, &bytes[50..])].concat();
    for split in [whole, halves] as [fn(&[u8]) -> Vec<u8>; 2] {
        let mut peer = stage.peer(Version::V2);
        peer.send_raw(&split(&message(100)));
        peer.expect_reply_as((), "1", "phoenix", "ok", json!({}));
        peer.send_raw(&split(&message(101)));
        assert_eq!(peer.close_code(), 1009);
    }
}

/// B 92 and §6.3, §6.4: every socket, with channels or without, gets 1012, so that its client
/// reconnects.
#[test]
fn stop_of_the_server_tells_every_socket_1012() {
    let stage = stage();
    let mut peers = BOTH.map(|version| stage.peer(version));
    peers[0].join("room:a");
    peers[1].expect_silence();
    let Stage { server, .. } = stage;
    let stopping = std::thread::spawn(move || server.stop().unwrap());
    for peer in &mut peers {
        let close = peer.recv();
        assert_eq!((close.close_code(), close.payload.len()), (1012, 2));
    }
    drop(peers);
    assert_eq!(stopping.join().unwrap().cut_off, 0);
}
