//! What the reports say of a result: that failures come first, that nothing from outside gets through unescaped, that the
//! schema is the one that is published.

#[path = "report/fixtures.rs"]
mod fixtures;

use std::path::Path;

use lobbyd_loadtest::report::{html, json, text};
use lobbyd_loadtest::result::RunResult;

/// Every sample with a name.
fn samples() -> [(&'static str, RunResult); 5] {
    [
        ("healthy", fixtures::healthy()),
        ("failing", fixtures::failing()),
        ("ramp", fixtures::ramp()),
        ("floor", fixtures::with_floor()),
        ("joins", fixtures::joins()),
    ]
}

#[test]
#[ignore = "leaves the samples as text, HTML and JSON in target/tmp/report, to be looked at"]
fn samples_to_look_at() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("report");
    std::fs::create_dir_all(&folder).unwrap();
    for (name, result) in samples() {
        let file = |ending: &str| folder.join(format!("{name}.{ending}"));
        std::fs::write(file("html"), html::render(&result)).unwrap();
        std::fs::write(file("txt"), text::render(&result, None, false)).unwrap();
        std::fs::write(file("colour.txt"), text::render(&result, None, true)).unwrap();
        std::fs::write(file("80.txt"), text::render(&result, Some(80), false)).unwrap();
        json::write(&file("json"), &result).unwrap();
    }
}
