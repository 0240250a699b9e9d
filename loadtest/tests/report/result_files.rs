//! Result files: written, read, refused, and as the published schema says.

use std::path::{Path, PathBuf};

use lobbyd_loadtest::report::{compare, html, json, schema, text};

use crate::{fixtures, named, samples};

/// Makes a folder that is removed when the test ends.
fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

#[test]
fn result_that_was_written_is_read_as_it_was() {
    let folder = folder();
    for (name, result) in samples() {
        let path = folder.path().join(name);
        json::write(&path, &result).unwrap();
        assert_eq!(json::read(&path).unwrap(), result, "{name}");
    }
}

#[test]
fn file_that_cannot_be_used_is_refused_with_the_reason() {
    let folder = folder();
    let path = folder.path().join("result.json");
    let refused = |content: &str| {
        std::fs::write(&path, content).unwrap();
        json::read(&path).unwrap_err().to_string()
    };
    let whole = serde_json::to_string(&fixtures::healthy()).unwrap();
    assert!(
        refused(&whole[..whole.len() / 2]).contains("result.json is not JSON: EOF while parsing")
    );
    assert!(
        refused("{\"name\":\"package\"}").contains("is JSON, but not a result of lobbyd-loadtest")
    );
    let later = whole.replace("\"schema_version\":1", "\"schema_version\":2");
    assert!(refused(&later).contains("has schema_version 2, and this lobbyd-loadtest reads 1"));
    let damaged = whole.replace("\"held\":true", "\"held\":\"yes\"");
    assert!(refused(&damaged).contains("is a result of lobbyd-loadtest 0.1.0, but invalid type"));
    let absent = json::read(&folder.path().join("absent.json"))
        .unwrap_err()
        .to_string();
    assert!(
        absent.starts_with("cannot read ") && absent.contains("absent.json: No such file"),
        "{absent}"
    );
}

fn published_schema() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("schema.json")
}

#[test]
fn published_schema_is_that_of_the_code() {
    let made = serde_json::to_string_pretty(&schema()).unwrap() + "\n";
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(published_schema(), &made).unwrap();
    }
    let published = std::fs::read_to_string(published_schema()).unwrap_or_default();
    let how = "BLESS=1 cargo test -p lobbyd-loadtest --test report schema";
    assert!(
        made == published,
        "loadtest/schema.json is not what the types in src/result say. Write it anew: {how}"
    );
}

#[test]
fn sample_results_match_the_schema_and_altered_ones_do_not() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    for (name, result) in samples() {
        let value = serde_json::to_value(&result).unwrap();
        let errors: Vec<String> = validator
            .iter_errors(&value)
            .map(|error| error.to_string())
            .collect();
        assert!(errors.is_empty(), "{name}: {errors:?}");
    }
    let mut stranger = serde_json::to_value(fixtures::healthy()).unwrap();
    stranger["measurements"][0]["saturated"] = "perhaps".into();
    assert!(!validator.is_valid(&stranger));
    let mut longer = serde_json::to_value(fixtures::healthy()).unwrap();
    longer["measurements"][0]["surprise"] = 1.into();
    assert!(!validator.is_valid(&longer));
}

#[test]
#[ignore = "leaves the samples as text, HTML and JSON in target/tmp/report, to be looked at"]
fn samples_are_left_to_be_looked_at() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("report");
    std::fs::create_dir_all(&folder).unwrap();
    let keep = |name: &str, content: String| std::fs::write(folder.join(name), content).unwrap();
    for (name, result) in samples() {
        keep(&format!("{name}.html"), html::render(&result));
        keep(&format!("{name}.txt"), text::render(&result, None, true));
        json::write(&folder.join(format!("{name}.json")), &result).unwrap();
    }
    let runs = named([fixtures::healthy(), fixtures::failing()]);
    keep("compare.html", compare::html(&runs));
    keep("compare.txt", compare::text(&runs, None, true));
}
