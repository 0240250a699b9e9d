//! RFC 6455 §4–8 over a socket, walked as the public conformance suites walk it, against `examples/echo.rs`: the very
//! reader and sealing of the broker. Each case runs at once, frame after frame, and a byte at a time.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::OnceLock;

use lobbyd::websocket::ReadLimits;

#[path = "../examples/echo.rs"]
#[allow(dead_code, reason = "its main is not called here")]
mod echo;
#[path = "support/echo_client.rs"]
mod echo_client;
#[path = "support/echo_process.rs"]
mod echo_process;

use echo_client::*;

const MESSAGE_BYTES_MAX: usize = 1024 * 1024;
/// Longer streams are not sent a byte at a time by every case; one test does it once.
const OCTETWISE_BYTES_MAX: usize = 1024;

struct Case {
    name: String,
    /// Frames, or what a hostile client takes for them.
    send: Vec<Vec<u8>>,
    /// What comes back before the Close.
    echoed: Vec<(u8, Vec<u8>)>,
    /// The Close that comes back. Where the case provokes none, the client closes with 1000 at last.
    close: Close,
}

enum Close {
    /// The server has no objection; the client says goodbye with 1000.
    ByClient,
    /// With this payload.
    Answered(Vec<u8>),
    /// The server refuses with this code.
    Refused(u16),
}

impl Case {
    fn new(name: impl Into<String>, send: Vec<Vec<u8>>) -> Self {
        Self {
            name: name.into(),
            send,
            echoed: Vec::new(),
            close: Close::ByClient,
        }
    }

    fn echoes(mut self, opcode: u8, payload: impl AsRef<[u8]>) -> Self {
        self.echoed.push((opcode, payload.as_ref().to_vec()));
        self
    }

    fn closes(mut self, payload: Vec<u8>) -> Self {
        self.close = Close::Answered(payload);
        self
    }

    fn refused(mut self, code: u16) -> Self {
        self.close = Close::Refused(code);
        self
    }

    fn run(&self, way: &str, writes: &[Vec<u8>], piece: usize) {
        let name = format!("{} ({way})", self.name);
        let received = self.talk(writes, piece);
        let received = received.unwrap_or_else(|e| panic!("{name}: {e}"));
        let close = match &self.close {
            Close::ByClient => close_payload(1000, b""),
            Close::Answered(payload) => payload.clone(),
            Close::Refused(code) => close_payload(*code, b""),
        };
        let expected = self.echoed.iter().cloned().chain([(CLOSE, close)]);
        let expected: Vec<_> = expected.map(|(o, p)| Received::Frame(o, p)).collect();
        assert!(
            received == expected,
            "{name}:\n got {}\nwant {}",
            brief(&received),
            brief(&expected)
        );
    }

    /// Everything the server says, up to its orderly end.
    fn talk(&self, writes: &[Vec<u8>], piece: usize) -> io::Result<Vec<Received>> {
        let mut client = Client::connect(server())?;
        for bytes in writes {
            client.send(bytes, piece)?;
        }
        if let Close::ByClient = self.close {
            client.send(&frame(CLOSE, &close_payload(1000, b"")), piece)?;
        }
        client.receive_to_end()
    }
}

fn brief(frames: &[Received]) -> String {
    let mut text = format!("{frames:?}");
    text.truncate(300);
    text
}

fn check(cases: Vec<Case>) {
    for case in cases {
        let whole = [case.send.concat()];
        case.run("at once", &whole, usize::MAX);
        case.run("frame by frame", &case.send, usize::MAX);
        if whole[0].len() <= OCTETWISE_BYTES_MAX {
            case.run("byte by byte", &whole, 1);
        }
    }
}

fn server() -> SocketAddr {
    static ADDRESS: OnceLock<SocketAddr> = OnceLock::new();
    *ADDRESS.get_or_init(|| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let limits = ReadLimits {
            message_bytes_max: MESSAGE_BYTES_MAX,
        };
        std::thread::spawn(move || echo::serve(listener, limits));
        address
    })
}

// §4: the handshake

#[test]
fn the_handshake_is_answered_as_the_rfc_shows_it() {
    let mut client = Client::request(server(), REQUEST.as_bytes()).unwrap();
    let head = client.read_head().unwrap().to_lowercase();
    assert!(head.starts_with("http/1.1 101 "), "{head}");
    let accept = "sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n";
    for line in [accept, "upgrade: websocket\r\n", "connection: upgrade\r\n"] {
        assert!(head.contains(&line.to_lowercase()), "{line} not in {head}");
    }
}

#[test]
fn a_request_that_is_no_handshake_is_refused() {
    let cases = [
        ("no upgrade", "Upgrade: websocket\r\n", "", "426"),
        ("a POST", "GET", "POST", "426"),
        (
            "no key",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
            "",
            "400",
        ),
        ("version 8", "Version: 13", "Version: 8", "400"),
    ];
    for (name, part, instead, status) in cases {
        let request = REQUEST.replace(part, instead);
        let mut client = Client::request(server(), request.as_bytes()).unwrap();
        let head = client.read_head().unwrap();
        assert!(
            head.starts_with(&format!("HTTP/1.1 {status} ")),
            "{name}: {head}"
        );
    }
}

#[test]
fn frames_that_come_with_the_handshake_are_not_lost() {
    for len in [0, 5, 5_000, 100_000] {
        let payload = vec![b'e'; len];
        let early = [
            REQUEST.as_bytes(),
            &frame(TEXT, b"first"),
            &frame(TEXT, &payload),
        ]
        .concat();
        let mut client = Client::request(server(), &early).unwrap();
        client.read_head().unwrap();
        let first = Received::Frame(TEXT, b"first".to_vec());
        assert_eq!(client.receive().unwrap(), first, "{len}");
        assert!(
            client.receive().unwrap() == Received::Frame(TEXT, payload),
            "{len}"
        );
    }
}

// §5.2, §5.6: messages and their lengths

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
fn a_large_message_in_small_pieces_comes_back() {
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
fn a_length_that_is_not_minimal_is_refused() {
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
fn a_message_over_the_limit_is_refused_from_its_header() {
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

// §5.1, §5.2: masks, reserved bits, opcodes

#[test]
fn an_unmasked_frame_is_refused() {
    check(vec![
        Case::new("text", vec![b"\x81\x05Hello".to_vec()]).refused(1002),
        Case::new("ping", vec![b"\x89\x00".to_vec()]).refused(1002),
        Case::new("close", vec![b"\x88\x02\x03\xe8".to_vec()]).refused(1002),
    ]);
}

#[test]
fn each_reserved_bit_is_refused_and_what_came_before_is_answered() {
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
fn each_reserved_opcode_is_refused() {
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

// §5.5: control frames

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
fn a_fragmented_control_frame_is_refused() {
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

// §5.4: fragmentation

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
fn a_message_of_many_fragments_comes_back() {
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
fn a_continuation_that_continues_nothing_or_a_message_inside_one_is_refused() {
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

// §8.1: UTF-8

/// `payload` as one frame, and a byte a frame.
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

// §5.5.1, §7: closing

#[test]
fn a_close_is_answered_with_its_code_and_no_reason() {
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
fn an_illegal_close_is_refused() {
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
fn nothing_behind_a_close_is_looked_at_and_the_answer_is_not_lost_to_a_reset() {
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

// The example as a program

#[test]
fn the_program_says_where_it_listens_and_holds_its_limit() {
    let server = echo_process::EchoProcess::start(&["--max-message-bytes", "10"]);
    let mut client = Client::connect(server.address).unwrap();
    client
        .send(&frame(TEXT, b"ten bytes."), usize::MAX)
        .unwrap();
    client
        .send(&frame(TEXT, b"eleven byte"), usize::MAX)
        .unwrap();
    let expected = [
        (TEXT, b"ten bytes.".to_vec()),
        (CLOSE, close_payload(1009, b"")),
    ];
    let expected = expected.map(|(opcode, payload)| Received::Frame(opcode, payload));
    assert_eq!(client.receive_to_end().unwrap(), expected);
}

#[test]
fn the_program_ends_with_a_line_on_stderr_if_its_port_is_taken() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = echo_process::command()
        .args(["--listen", &address])
        .output()
        .unwrap();
    assert!(!output.status.success());
    assert_eq!(
        String::from_utf8_lossy(&output.stderr).lines().count(),
        1,
        "{output:?}"
    );
}
