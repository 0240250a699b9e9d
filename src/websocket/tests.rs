//! The reader as a whole: any cutting into reads, its cost, and the memory it keeps.
//!
//! Single rules are tested beside their code, and over a socket in `tests/wire/websocket`.

use fastwebsockets::OpCode;
use proptest::prelude::*;

use super::buffer::ReadBuffer;
use super::limits::ReadLimits;
use super::reader::FrameReader;
use super::tally::BYTES_TOUCHED;
use super::violation::Violation;

const LIMITS: ReadLimits = ReadLimits {
    message_bytes_max: 300_000,
};
/// Bytes that the doc of `kept_bytes` allows in addition to twice the message limit.
const KEPT_BYTES_EXTRA: usize = 2 * 125 + 512 + 256;

#[derive(Debug, PartialEq, Eq)]
struct ReadResult {
    yielded: Vec<(u8, Vec<u8>)>,
    violation: Option<Violation>,
}

struct Reader {
    reader: FrameReader,
    buffer: ReadBuffer,
    limits: ReadLimits,
    reading: ReadResult,
    kept_bytes_peak: usize,
    reads: usize,
}

impl Reader {
    fn new(buffer_bytes: usize, limits: ReadLimits) -> Self {
        Self {
            reader: FrameReader::new(),
            buffer: ReadBuffer::new(buffer_bytes),
            limits,
            reading: ReadResult {
                yielded: Vec::new(),
                violation: None,
            },
            kept_bytes_peak: 0,
            reads: 0,
        }
    }

    /// Reads of at most `reads[i]` bytes (cyclic) until `stream` is used up or refused.
    fn read(mut self, mut stream: &[u8], reads: &[usize]) -> Self {
        let mut reads = reads.iter().cycle();
        while !stream.is_empty() && self.reading.violation.is_none() {
            let read_max = *reads.next().unwrap();
            self.fill(&mut stream, read_max);
            self.drain();
        }
        self
    }

    fn fill(&mut self, stream: &mut &[u8], read_max: usize) {
        let filled = self.reader.fill(&mut self.buffer, |space| {
            let len = read_max.max(1).min(space.len()).min(stream.len());
            space[..len].copy_from_slice(&stream[..len]);
            Ok(len)
        });
        self.reads += 1;
        *stream = &stream[filled.unwrap().read..];
    }

    fn drain(&mut self) {
        loop {
            match self.reader.next(&mut self.buffer, &self.limits) {
                Ok(Some(incoming)) => {
                    let payload = incoming.payload().to_vec();
                    let opcode = incoming.opcode() as u8;
                    self.reading.yielded.push((opcode, payload));
                }
                Ok(None) => break,
                Err(violation) => {
                    self.reader.discard(&mut self.buffer);
                    self.reading.violation = Some(violation);
                    break;
                }
            }
        }
        assert!(self.buffer.is_empty(), "the buffer must be free for others");
        self.kept_bytes_peak = self.kept_bytes_peak.max(self.reader.kept_bytes());
    }
}

fn frame(fin: bool, opcode: OpCode, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![(u8::from(fin) << 7) | opcode as u8];
    match payload.len() {
        len @ 0..=125 => bytes.push(0x80 | len as u8),
        len @ 126..=65_535 => {
            bytes.push(0xFE);
            bytes.extend((len as u16).to_be_bytes());
        }
        len => {
            bytes.push(0xFF);
            bytes.extend((len as u64).to_be_bytes());
        }
    }
    let mask = [0x37, 0xFA, 0x21, 0x3D];
    bytes.extend(mask);
    bytes.extend(payload.iter().zip(mask.iter().cycle()).map(|(b, m)| b ^ m));
    bytes
}

// The memory that a connection keeps

#[test]
fn frame_that_is_whole_in_the_buffer_keeps_no_memory() {
    let stream = [
        frame(true, OpCode::Text, b"one"),
        frame(false, OpCode::Binary, b"tw"),
        frame(true, OpCode::Ping, b"!"),
        frame(true, OpCode::Continuation, b"o"),
    ]
    .concat();
    let reader = Reader::new(1024, LIMITS).read(&stream, &[1024]);
    let expected = [(1, &b"one"[..]), (9, b"!"), (2, b"two")];
    assert_eq!(
        reader.reading.yielded,
        expected.map(|(o, p)| (o, p.to_vec()))
    );
    assert_eq!(reader.kept_bytes_peak, 0);
}

#[test]
fn frames_behind_a_kept_one_are_all_yielded_and_the_last_frees_the_memory() {
    let tail = frame(true, OpCode::Text, "é".as_bytes());
    let stream = [tail.clone(), tail.clone(), tail].concat();
    let mut reader = Reader::new(1024, LIMITS).read(&stream[..1], &[1]);
    assert!(reader.reader.is_partial());
    assert!(reader.reader.kept_bytes() >= 512);
    reader = reader.read(&stream[1..], &[1024]);
    assert_eq!(reader.reading.yielded.len(), 3);
    assert_eq!(reader.reader.kept_bytes(), 0);
    assert!(!reader.reader.is_partial());
}

#[test]
fn memory_of_a_large_message_does_not_stay_for_a_small_tail() {
    let large = frame(true, OpCode::Binary, &vec![1; 200_000]);
    let mut reader = Reader::new(1024, LIMITS).read(&large[..100_000], &[1024]);
    assert!(reader.reader.kept_bytes() > 100_000);
    reader = reader.read(&large[100_000..], &[300_000]);
    assert_eq!(reader.reader.kept_bytes(), 0);
    reader = reader.read(&large[..1], &[1]);
    assert!(reader.reader.kept_bytes() < 1024);
}

#[test]
fn length_field_alone_allocates_next_to_nothing() {
    for fin in [true, false] {
        let stream = frame(fin, OpCode::Binary, &vec![1; 250_000]);
        let reader = Reader::new(1024, LIMITS).read(&stream[..20], &[20]);
        assert!(reader.reader.kept_bytes() < 1024, "fin {fin}");
    }
}

#[test]
fn frames_that_every_read_cuts_do_not_accumulate_in_memory() {
    let stream = frame(true, OpCode::Text, b"four").repeat(10_000);
    let mut reader = Reader::new(4096, LIMITS).read(&stream[..1], &[1]);
    reader = reader.read(&stream[1..], &[10]); // a frame's rest and the first byte of the next
    assert_eq!(reader.reading.yielded.len(), 10_000);
    assert!(reader.kept_bytes_peak < 1024, "{}", reader.kept_bytes_peak);
}

#[test]
fn pings_inside_a_fragmented_message_do_not_pile_up() {
    let mut stream = frame(false, OpCode::Text, b"begin");
    for _ in 0..10_000 {
        stream.extend(frame(true, OpCode::Ping, &[b'x'; 125]));
    }
    let reader = Reader::new(4096, LIMITS).read(&stream, &[1, 700, 4096]);
    assert_eq!(reader.reading.yielded.len(), 10_000);
    assert!(reader.kept_bytes_peak < 2048, "{}", reader.kept_bytes_peak);
}

#[test]
fn message_over_the_limit_is_refused_from_the_header_and_leaves_nothing() {
    let limits = ReadLimits {
        message_bytes_max: 1000,
    };
    let exact = frame(true, OpCode::Binary, &[1; 1000]);
    let over = frame(true, OpCode::Binary, &[1; 1001]);
    let first = frame(false, OpCode::Binary, &[1; 600]);
    let rest = frame(true, OpCode::Continuation, &[1; 401]);
    let cases: &[(&str, &[u8], bool)] = &[
        ("exact", &exact, false),
        ("one over, header only", &over[..4], true),
        (
            "fragments one over, second header only",
            &[&first, &rest[..4]].concat(),
            true,
        ),
    ];
    for (name, stream, refused) in cases {
        let reader = Reader::new(256, limits).read(stream, &[256]);
        let violation = refused.then_some(Violation::MessageTooBig { max: 1000 });
        assert_eq!(reader.reading.violation, violation, "{name}");
        assert_eq!(reader.reader.kept_bytes(), 0, "{name}");
    }
}

#[test]
fn discarding_frees_the_buffer_and_what_was_kept() {
    let stream = frame(true, OpCode::Text, &[b'a'; 100]);
    let mut reader = Reader::new(1024, LIMITS).read(&stream[..50], &[50]);
    reader.fill(&mut &stream[50..], 1024);
    reader.reader.discard(&mut reader.buffer);
    assert_eq!(reader.reader.kept_bytes(), 0);
    assert!(reader.buffer.is_empty());
}

#[test]
fn reader_costs_a_connection_one_word() {
    assert_eq!(size_of::<FrameReader>(), size_of::<usize>());
}

// The cost of reading

#[test]
fn message_a_byte_at_a_time_costs_linear_work() {
    for opcode in [OpCode::Text, OpCode::Binary] {
        let one = [frame(true, opcode, &[b'a'; 65_536])].concat();
        let fragments = (0..65_536).map(|i| match i {
            0 => frame(false, opcode, b"a"),
            65_535 => frame(true, OpCode::Continuation, b"a"),
            _ => frame(false, OpCode::Continuation, b"a"),
        });
        for stream in [one, fragments.collect::<Vec<_>>().concat()] {
            BYTES_TOUCHED.set(0);
            let reader = Reader::new(64 * 1024, LIMITS).read(&stream, &[1]);
            assert_eq!(reader.reading.yielded.len(), 1);
            let per_byte = BYTES_TOUCHED.get() as f64 / stream.len() as f64;
            assert!(per_byte < 6.0, "{opcode:?}: {per_byte} touches a byte");
        }
    }
}

#[test]
fn text_always_cut_inside_a_character_costs_linear_work() {
    let stream = frame(true, OpCode::Text, "€".repeat(21_845).as_bytes());
    BYTES_TOUCHED.set(0);
    let mut reader = Reader::new(64 * 1024, LIMITS).read(&stream[..9], &[9]);
    reader = reader.read(&stream[9..], &[3]);
    assert_eq!(reader.reading.yielded.len(), 1);
    assert!(BYTES_TOUCHED.get() < 6 * stream.len());
}

// Results that the cutting into reads must not change

#[test]
fn text_that_ends_inside_a_character_is_refused() {
    let fragments = [
        frame(false, OpCode::Text, b"a"),
        frame(true, OpCode::Continuation, b"\xE2\x82"),
    ];
    for stream in [frame(true, OpCode::Text, b"a\xE2\x82"), fragments.concat()] {
        for read in [1, 100] {
            let reader = Reader::new(64, LIMITS).read(&stream, &[read]);
            assert_eq!(reader.reading.violation, Some(Violation::TextNotUtf8));
        }
    }
}

#[test]
fn broken_character_is_refused_before_its_frame_is_whole() {
    let stream = frame(true, OpCode::Text, b"ab\xF4\x90\x80\x80cdefgh");
    let up_to = stream.len() - 8;
    let reader = Reader::new(64, LIMITS).read(&stream[..up_to], &[1]);
    assert_eq!(reader.reading.violation, Some(Violation::TextNotUtf8));
}

fn payload_len() -> impl Strategy<Value = usize> {
    prop_oneof![
        6 => 0..40usize,
        2 => 120..130usize,
        1 => Just(65_535usize),
        1 => Just(65_536usize),
        1 => 1000..70_000usize,
    ]
}

/// Bytes of a whole message on the wire: fragmented at `cuts`, with pings and pongs between
/// fragments.
fn message() -> impl Strategy<Value = Vec<u8>> {
    let cut = (any::<prop::sample::Index>(), 0..126usize, 0..3u8);
    (
        any::<bool>(),
        payload_len(),
        prop::collection::vec(cut, 0..4),
    )
        .prop_map(|(is_text, len, cuts)| {
            let (opcode, payload): (_, Vec<u8>) = if is_text {
                let text = "aé€😀 ".repeat(len / 11 + 1);
                let end = (0..=len).rev().find(|i| text.is_char_boundary(*i));
                (OpCode::Text, text[..end.unwrap()].into())
            } else {
                (OpCode::Binary, (0..len).map(|i| i as u8).collect())
            };
            fragmented(opcode, &payload, &cuts)
        })
}

fn fragmented(
    opcode: OpCode,
    payload: &[u8],
    cuts: &[(prop::sample::Index, usize, u8)],
) -> Vec<u8> {
    let mut places: Vec<_> = cuts
        .iter()
        .map(|(place, len, kind)| (place.index(payload.len() + 1), *len, *kind))
        .collect();
    places.sort();
    let mut stream = Vec::new();
    let mut opcode = opcode;
    let mut begin = 0;
    for (place, len, kind) in places {
        stream.extend(frame(false, opcode, &payload[begin..place]));
        match kind {
            0 => {}
            1 => stream.extend(frame(true, OpCode::Ping, &vec![b'p'; len])),
            _ => stream.extend(frame(true, OpCode::Pong, &vec![b'q'; len])),
        }
        (opcode, begin) = (OpCode::Continuation, place);
    }
    stream.extend(frame(true, opcode, &payload[begin..]));
    stream
}

fn reads() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(prop_oneof![1..4usize, 1..200usize, 1..100_000usize], 1..20)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn valid_stream_yields_the_same_messages_however_it_is_cut(
        messages in prop::collection::vec(message(), 1..8),
        reads in reads(),
        buffer_bytes in prop_oneof![1..64usize, 64..70_000usize],
    ) {
        let stream = messages.concat();
        let whole = Reader::new(stream.len(), LIMITS).read(&stream, &[usize::MAX]);
        prop_assert_eq!(whole.reading.violation, None);
        let data = whole.reading.yielded.iter().filter(|(opcode, _)| *opcode < 8).count();
        prop_assert_eq!(data, messages.len());
        prop_assert_eq!(whole.kept_bytes_peak, 0);

        let cut = Reader::new(buffer_bytes, LIMITS).read(&stream, &reads);
        prop_assert_eq!(&cut.reading, &whole.reading);
        prop_assert_eq!(cut.reader.kept_bytes(), 0);
        let kept_bytes_max = 2 * LIMITS.message_bytes_max + KEPT_BYTES_EXTRA;
        prop_assert!(cut.kept_bytes_peak <= kept_bytes_max);
    }

    #[test]
    fn arbitrary_bytes_however_cut_never_panic_nor_cost_or_keep_too_much(
        messages in prop::collection::vec(message(), 0..4),
        noise in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        tail in prop::collection::vec(any::<u8>(), 0..300),
        reads in reads(),
        message_bytes_max in prop_oneof![0..200usize, 200..70_000usize],
    ) {
        let mut stream = messages.concat();
        stream.extend(tail);
        for (place, byte) in noise {
            if !stream.is_empty() {
                let place = place.index(stream.len());
                stream[place] = byte;
            }
        }
        let limits = ReadLimits { message_bytes_max };
        let whole = Reader::new(stream.len(), limits).read(&stream, &[usize::MAX]);
        BYTES_TOUCHED.set(0);
        let cut = Reader::new(4096, limits).read(&stream, &reads);
        prop_assert_eq!(&cut.reading, &whole.reading);
        // The cost is linear in the bytes, plus the room that each read makes for a small rest.
        prop_assert!(BYTES_TOUCHED.get() <= 10 * stream.len() + 1024 * cut.reads);
        prop_assert!(cut.kept_bytes_peak <= 2 * message_bytes_max + KEPT_BYTES_EXTRA);
    }
}
