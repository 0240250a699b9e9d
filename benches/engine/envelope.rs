//! The scanner of envelopes, simd-json and serde_json, on the same messages.
//!
//! Each of the three begins with bytes as they come from the network, and checks them as UTF-8 and
//! as JSON. Their results are compared before anything is measured. simd-json parses in place, so
//! it needs a copy with padding after it; its buffers and its tape are reused. It returns strings
//! and numbers parsed, because its tape does not hold the place of a value in the text.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput};
use lobbyd::Json;
use lobbyd::protocol::{DecodeScratch, Message, Version};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use simd_json::prelude::*;
use simd_json::{Buffers, INPUT_PADDING, Tape, fill_tape_padded};

use crate::scenes::messages::{EVENT, TOPIC, body};

/// Names and sizes of payloads, in bytes.
const SIZES: [(&str, usize); 4] = [
    ("64 B", 64),
    ("1 KiB", 1 << 10),
    ("16 KiB", 16 << 10),
    ("64 KiB", 64 << 10),
];

/// Fields that a relay takes out of a payload.
const FIELDS: [&str; 3] = ["body", "colour", "size"];

pub fn benches(criterion: &mut Criterion) {
    for (kind, payload) in [("text", text as fn(usize) -> String), ("numbers", numbers)] {
        let mut group = criterion.benchmark_group(format!("cut an envelope around {kind}"));
        for (size, bytes) in SIZES {
            let message = format!(r#"["11","42","{TOPIC}","{EVENT}",{}]"#, payload(bytes));
            let message = message.as_bytes();
            assert_same(message);
            group.throughput(Throughput::Bytes(message.len() as u64));
            let mut scratch = DecodeScratch::new();
            group.bench_function(BenchmarkId::new("lobbyd", size), |bencher| {
                bencher.iter(|| {
                    let cut = by_scanner(black_box(message), &mut scratch);
                    assert_eq!(black_box(cut).topic.as_str(), Some(TOPIC));
                });
            });
            let mut parser = Parser::default();
            group.bench_function(BenchmarkId::new("simd-json", size), |bencher| {
                bencher.iter(|| {
                    parser.parse(black_box(message), |root| {
                        let elements = root.as_array().expect("an array");
                        let five = [0, 1, 2, 3, 4].map(|at| elements.get(at).expect("five"));
                        assert_eq!(black_box(five)[2].as_str(), Some(TOPIC));
                    });
                });
            });
            group.bench_function(BenchmarkId::new("serde_json", size), |bencher| {
                bencher.iter(|| {
                    let cut = by_serde(black_box(message));
                    assert_eq!(black_box(cut).2.get().len(), TOPIC.len() + 2);
                });
            });
        }
        group.finish();
    }
    fields(criterion);
}

fn fields(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("take 3 fields out of a payload");
    for (size, bytes) in SIZES {
        let payload = format!(
            r#"{{"size":1.50,"body":"{}","more":[1,2,3],"colour":"\u0062lue"}}"#,
            body(bytes)
        );
        let json = Json::new(&payload).expect("a bench's own JSON");
        group.throughput(Throughput::Bytes(payload.len() as u64));
        group.bench_function(BenchmarkId::new("lobbyd, a pass each", size), |bencher| {
            bencher.iter(|| {
                let found = FIELDS.map(|field| black_box(json).get(field));
                assert!(black_box(found)[2].is_some_and(|size| size.as_raw() == "1.50"));
            });
        });
        group.bench_function(BenchmarkId::new("lobbyd, one pass", size), |bencher| {
            bencher.iter(|| {
                let found = black_box(json).get_many(FIELDS);
                assert!(black_box(found)[2].is_some_and(|size| size.as_raw() == "1.50"));
            });
        });
        let mut parser = Parser::default();
        group.bench_function(BenchmarkId::new("simd-json", size), |bencher| {
            bencher.iter(|| {
                parser.parse(black_box(payload.as_bytes()), |root| {
                    let object = root.as_object().expect("an object");
                    let found = FIELDS.map(|field| object.get(field).expect("it is there"));
                    assert_eq!(black_box(found)[2].as_f64(), Some(1.5));
                });
            });
        });
    }
    group.finish();
}

/// Returns `{"body": …}` with natural text.
fn text(bytes: usize) -> String {
    format!(r#"{{"body":"{}"}}"#, body(bytes))
}

/// Returns moves of a game: many short values, which are other work for a parser.
fn numbers(bytes: usize) -> String {
    let moves = (0..).map(|n| format!(r#"{{"id":{n},"x":{}.5,"on":true}}"#, n * 7));
    let mut list = String::new();
    for one in moves {
        if list.len() + one.len() > bytes {
            break;
        }
        list.push_str(if list.is_empty() { "" } else { "," });
        list.push_str(&one);
    }
    format!(r#"{{"moves":[{list}]}}"#)
}

/// Cuts a message as a shard does: checks the UTF-8 as the frame reader does, then decodes.
fn by_scanner<'a>(message: &'a [u8], scratch: &mut DecodeScratch) -> Message<'a> {
    let text = simdutf8::basic::from_utf8(message).expect("UTF-8");
    let cut = Version::V2.decode_text(text, scratch);
    cut.expect("a message")
}

#[derive(Deserialize)]
struct Five<'a>(
    #[serde(borrow)] &'a RawValue,
    #[serde(borrow)] &'a RawValue,
    #[serde(borrow)] &'a RawValue,
    #[serde(borrow)] &'a RawValue,
    #[serde(borrow)] &'a RawValue,
);

/// Parses from a checked `&str`, because serde_json's own check of raw values is slower.
fn by_serde(message: &[u8]) -> Five<'_> {
    let text = simdutf8::basic::from_utf8(message).expect("UTF-8");
    serde_json::from_str(text).expect("five elements")
}

/// The state of simd-json that can be kept from one message to the next.
struct Parser {
    copy: Vec<u8>,
    buffers: Buffers,
    tape: Tape<'static>,
}

impl Default for Parser {
    fn default() -> Self {
        Self {
            copy: Vec::new(),
            buffers: Buffers::default(),
            tape: Tape(Vec::new()),
        }
    }
}

impl Parser {
    fn parse(&mut self, message: &[u8], see: impl FnOnce(simd_json::tape::Value<'_, '_>)) {
        self.copy.clear();
        self.copy.extend_from_slice(message);
        self.copy.resize(message.len() + INPUT_PADDING, 0);
        let mut tape = std::mem::replace(&mut self.tape, Tape(Vec::new())).reset();
        fill_tape_padded(&mut self.copy, message.len(), &mut self.buffers, &mut tape)
            .expect("it is JSON");
        see(tape.as_value());
        self.tape = tape.reset();
    }
}

/// Asserts that all three find the same five values, and refuse the message without its last byte.
fn assert_same(message: &[u8]) {
    let mut scratch = DecodeScratch::new();
    let ours = by_scanner(message, &mut scratch);
    let theirs = by_serde(message);
    let payload = ours.payload.as_json().expect("text carries JSON").as_raw();
    assert_eq!(payload, theirs.4.get());
    let names = [&ours.topic, &ours.event].map(|name| name.as_str());
    assert_eq!(names, [Some(TOPIC), Some(EVENT)]);
    assert_eq!([theirs.2, theirs.3].map(unquoted), [TOPIC, EVENT]);
    assert_eq!([theirs.0, theirs.1].map(unquoted), ["11", "42"]);
    let mut parser = Parser::default();
    parser.parse(message, |root| {
        let values = root.as_array().expect("an array");
        let four = [0, 1, 2, 3].map(|at| values.get(at).expect("four"));
        let texts = four.each_ref().map(|value| value.as_str());
        assert_eq!(texts, ["11", "42", TOPIC, EVENT].map(Some));
        assert_eq!(values.len(), 5);
    });
    let mut copy = message.to_vec();
    let all: Value = simd_json::serde::from_slice(&mut copy).expect("it is JSON");
    assert_eq!(
        all[4],
        serde_json::from_str::<Value>(payload).expect("JSON")
    );

    let cut_off = &message[..message.len() - 1];
    let text = std::str::from_utf8(cut_off).expect("UTF-8");
    assert!(Version::V2.decode_text(text, &mut scratch).is_err());
    assert!(serde_json::from_str::<Five<'_>>(text).is_err());
    assert!(simd_json::to_tape(&mut cut_off.to_vec()).is_err());
}

fn unquoted(raw: &RawValue) -> &str {
    raw.get().trim_matches('"')
}
