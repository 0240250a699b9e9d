//! RFC 6455 §5.5.1 and §7: the closing handshake.

use super::echo_case::*;
use super::echo_client::*;

#[test]
fn close_is_answered_with_its_code_and_no_reason() {
    let mut cases = vec![
        Case::new("no code", vec![frame(CLOSE, b"")]).closes(vec![]),
        Case::new(
            "with reason",
            vec![frame(CLOSE, &close_payload(1000, "Grüße".as_bytes()))],
        )
        .closes(close_payload(1000, b"")),
        Case::new(
            "reason of 123 bytes",
            vec![frame(CLOSE, &close_payload(1000, &[b'*'; 123]))],
        )
        .closes(close_payload(1000, b"")),
    ];
    for code in (1000..=1003)
        .chain(1007..=1014)
        .chain([3000, 3999, 4000, 4999])
    {
        let payload = close_payload(code, b"");
        cases.push(Case::new(format!("code {code}"), vec![frame(CLOSE, &payload)]).closes(payload));
    }
    check(cases);
}

#[test]
fn illegal_close_is_refused() {
    let mut cases = vec![
        Case::new("one byte", vec![frame(CLOSE, b"\x03")]).refused(1002),
        Case::new(
            "reason of 124 bytes",
            vec![frame(CLOSE, &close_payload(1000, &[b'*'; 124]))],
        )
        .refused(1002),
        Case::new(
            "reason not UTF-8",
            vec![frame(CLOSE, &close_payload(1000, b"\xCE\xBA\xED\xA0\x80"))],
        )
        .refused(1007),
        Case::new(
            "reason cut off",
            vec![frame(CLOSE, &close_payload(1000, b"\xE2\x82"))],
        )
        .refused(1007),
    ];
    for code in [
        0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535,
    ] {
        let payload = close_payload(code, b"");
        cases.push(Case::new(format!("code {code}"), vec![frame(CLOSE, &payload)]).refused(1002));
    }
    check(cases);
}

#[test]
fn bytes_behind_a_close_are_ignored_and_lose_no_answer_to_a_reset() {
    let close = frame(CLOSE, &close_payload(1000, b""));
    let answer = close_payload(1000, b"");
    let much = frame(BINARY, &vec![7; 300_000]);
    check(vec![
        Case::new("text", vec![close.clone(), frame(TEXT, b"late")]).closes(answer.clone()),
        Case::new("ping", vec![close.clone(), frame(PING, b"late")]).closes(answer.clone()),
        Case::new(
            "second close",
            vec![close.clone(), frame(CLOSE, &close_payload(1001, b""))],
        )
        .closes(answer.clone()),
        Case::new("garbage", vec![close.clone(), vec![0xFF; 100]]).closes(answer.clone()),
        Case::new("much", vec![frame(TEXT, b"a"), close, much.clone()])
            .echoes(TEXT, "a")
            .closes(answer),
        Case::new("much behind a violation", vec![b"\x81\x00".to_vec(), much]).refused(1002),
    ]);
}
