//! Tests of the engine on trees of a few lines: its results, and that each rule can fail.

mod api;
mod files;
mod graph;
mod log_lines;
mod names;
mod resolution;
mod rules;
mod sizes;
mod types;

use super::repository::Repository;

/// Makes a repository of these files. Missing targets are not added.
fn repository(files: &[(&str, &str)]) -> Repository {
    let owned = files
        .iter()
        .map(|(path, text)| (path.to_string(), text.to_string()));
    Repository::of(owned.collect())
}

/// Returns the arrows as `from:line -> to`, with several names of a line as one.
fn arrows(files: &[(&str, &str)]) -> Vec<String> {
    let repository = repository(files);
    let arrows = repository.arrows.iter();
    let lines = arrows.map(|a| format!("{}:{} -> {}", short(a.from), a.line, short(a.to)));
    let mut lines: Vec<String> = lines.collect();
    lines.dedup();
    lines
}

fn short(file: &str) -> &str {
    file.trim_start_matches("src/").trim_end_matches(".rs")
}

/// Returns the arrows of `src/a.rs` with this text, next to a `src/b.rs` that defines a few names.
fn arrows_of_a(text: &str) -> Vec<String> {
    arrows(&[
        ("src/lib.rs", "mod a;\nmod b;"),
        ("src/a.rs", text),
        (
            "src/b.rs",
            "pub struct Thing;\npub enum Kind { One }\npub fn go() {}\npub const MAX: u8 = 1;",
        ),
    ])
}
