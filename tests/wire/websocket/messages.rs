//! RFC 6455 §5.2, §5.4 and §5.6: whole messages of every length, and messages in fragments.

use super::echo_case::*;
use super::echo_client::*;

#[test]
fn messages_of_every_length_form_come_back() {
    let mut cases = Vec::new();
    for len in [
        0,
        1,
        125,
        126,
        127,
        128,
        65_535,
        65_536,
        65_537,
        262_144,
        MESSAGE_BYTES_MAX,
    ] {
        for (opcode, byte) in [(TEXT, b'*'), (BINARY, 0xFE)] {
            let payload = vec![byte; len];
            let case = Case::new(
                format!("opcode {opcode}, {len} bytes"),
                vec![frame(opcode, &payload)],
            );
            cases.push(case.echoes(opcode, payload));
        }
    }
    check(cases);
}

#[test]
fn large_message_in_small_pieces_comes_back() {
    for (len, piece) in [
        (65_536, 1),
        (65_536, 64),
        (262_144, 1_000),
        (1_048_576, 1_460),
    ] {
        let payload = vec![b'*'; len];
        let stream = frame(TEXT, &payload);
        let case = Case::new(format!("{len} in pieces of {piece}"), vec![]).echoes(TEXT, payload);
        case.run("in pieces", &[stream], piece);
    }
}

#[test]
fn many_messages_in_one_write_come_back_in_order() {
    let texts: Vec<_> = (0..1000).map(|i| i.to_string()).collect();
    let send = texts.iter().map(|t| frame(TEXT, t.as_bytes())).collect();
    let case = Case::new("1,000 messages", send);
    check(vec![
        texts.iter().fold(case, |case, t| case.echoes(TEXT, t)),
    ]);
}

#[test]
fn length_that_is_not_minimal_is_refused() {
    let long_forms: [(&str, &[u8]); 4] = [
        ("5 in 16 bits", &[0x81, 0xFE, 0, 5, 0, 0, 0, 0]),
        ("125 in 16 bits", &[0x82, 0xFE, 0, 125, 0, 0, 0, 0]),
        (
            "65535 in 64 bits",
            &[0x82, 0xFF, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 0, 0, 0, 0],
        ),
        (
            "high bit",
            &[0x82, 0xFF, 0x80, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0],
        ),
    ];
    check(
        long_forms
            .map(|(name, bytes)| Case::new(name, vec![bytes.to_vec()]).refused(1002))
            .into(),
    );
}

#[test]
fn message_over_the_limit_is_refused_from_its_header() {
    let over = frame(BINARY, &vec![0; MESSAGE_BYTES_MAX + 1]);
    let nearly = vec![b'a'; MESSAGE_BYTES_MAX - 1];
    check(vec![
        Case::new("one frame, header only", vec![over[..10].to_vec()]).refused(1009),
        Case::new("one frame, all sent", vec![over]).refused(1009),
        Case::new("2^62", vec![vec![0x82, 0xFF, 0x40, 0, 0, 0, 0, 0, 0, 0]]).refused(1009),
        Case::new(
            "fragments",
            vec![fragment(TEXT, &nearly), frame(CONTINUATION, b"aa")],
        )
        .refused(1009),
        Case::new(
            "fragments, just not",
            vec![fragment(TEXT, &nearly), frame(CONTINUATION, b"a")],
        )
        .echoes(TEXT, vec![b'a'; MESSAGE_BYTES_MAX]),
    ]);
}

#[test]
fn fragments_are_joined_and_control_frames_between_them_answered() {
    let (a, b, c) = (
        fragment(TEXT, b"one, "),
        fragment(CONTINUATION, b"two, "),
        frame(CONTINUATION, b"three"),
    );
    let ping = frame(PING, b"between");
    let tail = frame(BINARY, b"next");
    let empty = fragment(CONTINUATION, b"");
    let all = "one, two, three";
    check(vec![
        Case::new("two", vec![a.clone(), c.clone()]).echoes(TEXT, "one, three"),
        Case::new("three", vec![a.clone(), b.clone(), c.clone()]).echoes(TEXT, all),
        Case::new(
            "pings between",
            vec![a.clone(), ping.clone(), b.clone(), ping.clone(), c.clone()],
        )
        .echoes(PONG, "between")
        .echoes(PONG, "between")
        .echoes(TEXT, all),
        Case::new(
            "empty ones between",
            vec![a.clone(), empty.clone(), empty.clone(), c.clone()],
        )
        .echoes(TEXT, "one, three"),
        Case::new(
            "all empty",
            vec![fragment(TEXT, b""), empty.clone(), frame(CONTINUATION, b"")],
        )
        .echoes(TEXT, ""),
        Case::new(
            "binary, and a message behind",
            vec![fragment(BINARY, b"\xFF"), c.clone(), tail],
        )
        .echoes(BINARY, b"\xFFthree")
        .echoes(BINARY, "next"),
        Case::new(
            "a close between",
            vec![
                a.clone(),
                frame(CLOSE, &close_payload(1001, b"")),
                c.clone(),
            ],
        )
        .closes(close_payload(1001, b"")),
        Case::new("never finished", vec![a.clone(), b.clone()]),
    ]);
}

#[test]
fn message_of_many_fragments_comes_back() {
    let mut cases = Vec::new();
    for (opcode, size) in [(TEXT, 64), (BINARY, 256), (BINARY, 4096), (TEXT, 65_536)] {
        let payload = vec![b'*'; 262_144];
        let mut send: Vec<_> = payload
            .chunks(size)
            .map(|part| fragment(CONTINUATION, part))
            .collect();
        send[0][0] = opcode;
        send.last_mut().unwrap()[0] |= 0x80;
        cases.push(Case::new(format!("opcode {opcode} in {size}s"), send).echoes(opcode, payload));
    }
    check(cases);
}

#[test]
fn continuation_of_nothing_or_a_message_inside_one_is_refused() {
    check(vec![
        Case::new("first frame", vec![frame(CONTINUATION, b"stray")]).refused(1002),
        Case::new("first frame, no fin", vec![fragment(CONTINUATION, b"")]).refused(1002),
        Case::new(
            "after a whole message",
            vec![frame(TEXT, b"a"), frame(CONTINUATION, b"b")],
        )
        .echoes(TEXT, "a")
        .refused(1002),
        Case::new("text inside", vec![fragment(TEXT, b"a"), frame(TEXT, b"b")]).refused(1002),
        Case::new(
            "binary inside",
            vec![fragment(TEXT, b"a"), fragment(BINARY, b"b")],
        )
        .refused(1002),
        Case::new(
            "after a finished one",
            vec![
                fragment(TEXT, b"a"),
                frame(CONTINUATION, b"b"),
                frame(CONTINUATION, b"c"),
            ],
        )
        .echoes(TEXT, "ab")
        .refused(1002),
    ]);
}
