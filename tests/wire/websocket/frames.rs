//! RFC 6455 §5.1, §5.2 and §5.5: masks, reserved bits and opcodes, and control frames.

use super::echo_case::*;
use super::echo_client::*;

#[test]
fn unmasked_frame_is_refused() {
    check(vec![
        Case::new("text", vec![b"\x81\x05Hello".to_vec()]).refused(1002),
        Case::new("ping", vec![b"\x89\x00".to_vec()]).refused(1002),
        Case::new("close", vec![b"\x88\x02\x03\xe8".to_vec()]).refused(1002),
    ]);
}

#[test]
fn reserved_bit_is_refused_and_what_came_before_is_answered() {
    let mut cases = Vec::new();
    for bits in 1..8u8 {
        for opcode in [TEXT, BINARY, CLOSE, PING, PONG] {
            let bad = raw_frame(0x80 | (bits << 4) | opcode, b"");
            let send = vec![frame(TEXT, b"before"), bad, frame(PING, b"after")];
            let case = Case::new(format!("bits {bits}, opcode {opcode}"), send);
            cases.push(case.echoes(TEXT, "before").refused(1002));
        }
    }
    check(cases);
}

#[test]
fn reserved_opcode_is_refused() {
    let mut cases = Vec::new();
    for opcode in (3..8).chain(11..16) {
        for payload in [&b""[..], b"with payload"] {
            let send = vec![
                frame(TEXT, b"before"),
                frame(opcode, payload),
                frame(PING, b""),
            ];
            let case = Case::new(format!("opcode {opcode}, {} bytes", payload.len()), send);
            cases.push(case.echoes(TEXT, "before").refused(1002));
        }
    }
    check(cases);
}

#[test]
fn pings_are_answered_with_their_payload_and_pongs_are_not() {
    let binary = [0x00, 0xFF, 0xFE, 0xFD, 0x80];
    let ten: Vec<_> = (0..10).map(|i| format!("ping {i}")).collect();
    let case = Case::new(
        "ten pings",
        ten.iter().map(|p| frame(PING, p.as_bytes())).collect(),
    );
    check(vec![
        Case::new("empty", vec![frame(PING, b"")]).echoes(PONG, ""),
        Case::new("text", vec![frame(PING, b"Hello")]).echoes(PONG, "Hello"),
        Case::new("binary", vec![frame(PING, &binary)]).echoes(PONG, binary),
        Case::new("125 bytes", vec![frame(PING, &[0xFE; 125])]).echoes(PONG, [0xFE; 125]),
        Case::new("126 bytes", vec![frame(PING, &[0xFE; 126])]).refused(1002),
        Case::new("pong", vec![frame(PONG, b""), frame(PONG, b"unasked")]),
        Case::new("pong of 126", vec![frame(PONG, &[1; 126])]).refused(1002),
        ten.iter().fold(case, |case, p| case.echoes(PONG, p)),
    ]);
}

#[test]
fn fragmented_control_frame_is_refused() {
    let mut cases = Vec::new();
    for opcode in [PING, PONG, CLOSE] {
        let send = vec![fragment(opcode, b""), frame(CONTINUATION, b"")];
        cases.push(Case::new(format!("opcode {opcode}"), send).refused(1002));
        let send = vec![
            fragment(TEXT, b"a"),
            fragment(opcode, b""),
            frame(CONTINUATION, b""),
        ];
        cases.push(Case::new(format!("opcode {opcode} in a message"), send).refused(1002));
    }
    check(cases);
}
