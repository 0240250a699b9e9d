//! RFC 6455 §8.1: the text of messages must be UTF-8.

use super::echo_case::*;
use super::echo_client::*;

/// Returns `payload` as one frame, and as frames of one byte each.
fn fragmentations(opcode: u8, payload: &[u8]) -> [(&'static str, Vec<Vec<u8>>); 2] {
    let mut fragments = vec![fragment(opcode, b"")];
    fragments.extend(payload.chunks(1).map(|byte| fragment(CONTINUATION, byte)));
    fragments.push(frame(CONTINUATION, b""));
    [
        ("one frame", vec![frame(opcode, payload)]),
        ("a byte a frame", fragments),
    ]
}

#[test]
fn valid_text_comes_back_however_its_characters_are_cut() {
    let texts = [
        "",
        "\0",
        "\u{7F}",
        "\u{80}",
        "\u{7FF}",
        "\u{800}",
        "\u{D7FF}",
        "\u{E000}",
        "\u{FFFD}",
        "\u{FFFE}",
        "\u{FFFF}",
        "\u{10000}",
        "\u{1FFFF}",
        "\u{10FFFF}",
        "Hello-µ@ßöäüàá-UTF-8!!",
        "κόσμε",
        "😀😀",
    ];
    let mut cases = Vec::new();
    for text in texts {
        for (how, send) in fragmentations(TEXT, text.as_bytes()) {
            cases.push(Case::new(format!("{text:?}, {how}"), send).echoes(TEXT, text));
        }
    }
    check(cases);
}

#[test]
fn text_that_is_not_utf8_is_refused_however_it_is_cut() {
    let not_utf8: [&[u8]; 22] = [
        b"\x80",
        b"\xBF",
        b"\x80\xBF",
        b"\xC0\xAF",
        b"\xC1\xBF",
        b"\xE0\x80\xAF",
        b"\xE0\x9F\xBF",
        b"\xF0\x80\x80\xAF",
        b"\xF0\x8F\xBF\xBF",
        b"\xF8\x88\x80\x80\x80",
        b"\xFC\x84\x80\x80\x80\x80",
        b"\xED\xA0\x80",
        b"\xED\xBF\xBF",
        b"\xED\xA0\x80\xED\xB0\x80",
        b"\xF4\x90\x80\x80",
        b"\xFE",
        b"\xFF",
        b"\xC3",
        b"\xE2\x82",
        b"\xF0\x9F\x98",
        b"\xC3 ",
        b"\xCE\xBA\xE1\xBD\xB9\xCF\x83\xCE\xBC\xCE\xB5\xED\xA0\x80edited",
    ];
    let mut cases = Vec::new();
    for bytes in not_utf8 {
        for (how, send) in fragmentations(TEXT, bytes) {
            cases.push(Case::new(format!("{bytes:02x?}, {how}"), send).refused(1007));
        }
        for (how, send) in fragmentations(BINARY, bytes) {
            cases.push(
                Case::new(format!("{bytes:02x?}, binary, {how}"), send).echoes(BINARY, bytes),
            );
        }
    }
    check(cases);
}

#[test]
fn broken_text_is_refused_before_the_message_or_the_frame_is_whole() {
    let unfinished = frame(TEXT, b"\xCE\xBA\xF4\x90\x80\x80 and much behind it");
    check(vec![
        Case::new(
            "message open",
            vec![
                fragment(TEXT, "κ".as_bytes()),
                fragment(CONTINUATION, b"\xF4\x90\x80\x80"),
            ],
        )
        .refused(1007),
        Case::new("frame open", vec![unfinished[..6 + 4].to_vec()]).refused(1007),
        Case::new(
            "a second message",
            vec![frame(TEXT, b"good"), frame(TEXT, b"\xFF")],
        )
        .echoes(TEXT, "good")
        .refused(1007),
    ]);
}
