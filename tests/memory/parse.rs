//! Parsing payloads into types: the thread keeps the memory of parsing, up to a bound.

use std::hint::black_box;

use lobbyd::Json;
use serde::Deserialize;

use crate::heap;

#[derive(Deserialize)]
struct Move {
    x: f64,
    y: f64,
}

fn parse(text: &str) -> f64 {
    let payload = Json::new(text).expect("a test's own JSON");
    let moved: Move = payload.parse().expect("it fits");
    moved.x + moved.y
}

/// Most bytes that other threads of the test runner hold meanwhile, far fewer than a parse takes.
const NOISE_BYTES: usize = 1 << 10;

/// Rounds that are measured. The runner starts or ends a test in few of them at most, which takes
/// some KiB, so the quietest round counts.
const ROUNDS: usize = 20;

/// Returns a payload with a list of `zeros` zeros.
fn text_with(zeros: usize) -> String {
    format!(r#"{{"x":1.5,"more":[{}0],"y":2}}"#, "0,".repeat(zeros))
}

#[test]
fn parse_allocates_nothing_the_second_time_and_keeps_nothing_large() {
    let heap = heap();
    let text = text_with(4_000);
    assert_eq!(parse(&text), 3.5);
    let peaks = (0..ROUNDS).map(|_| {
        heap.reset_peak_usage();
        let before = heap.current_usage();
        for _ in 0..10 {
            assert_eq!(black_box(parse(&text)), 3.5);
        }
        heap.peak_usage().saturating_sub(before)
    });
    assert!(peaks.min() < Some(NOISE_BYTES));

    let large = text_with(100_000);
    let before = heap.current_usage();
    let after = (0..ROUNDS).map(|_| {
        assert_eq!(parse(&large), 3.5);
        heap.current_usage()
    });
    assert!(after.min() < Some(before + NOISE_BYTES));
}
