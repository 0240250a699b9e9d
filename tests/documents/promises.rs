//! The table of promises in tests/README.md, made from the table of invariants.
//!
//! The table leads from each promise to the files that hold it.

use std::collections::BTreeSet;

use crate::fixture::{files_under, is_made, quoted, read, root, section};

/// The line above which the page is written by hand.
const MARK: &str = "<!-- Made by `WRITE=1 cargo test --test documents` from here on. -->\n";

#[test]
fn promises_lead_to_the_files_that_hold_them() {
    let sources: Vec<(String, String)> = ["src", "tests"]
        .into_iter()
        .flat_map(files_under)
        .map(|path| (read(&path), path))
        .collect();
    let page = read("docs/architecture.md");
    let mut table = String::from("\n| promise | held by |\n|---|---|\n");
    let rows = section(&page, "## Invariants").lines();
    for row in rows.filter_map(|row| row.strip_prefix("| ")?.strip_suffix(" |")) {
        let Some((promise, holders)) = row.rsplit_once(" | ") else {
            continue;
        };
        if promise == "what holds" {
            continue;
        }
        let files: BTreeSet<String> = quoted(holders)
            .iter()
            .flat_map(|name| files_of(name, &sources))
            .collect();
        let files: Vec<String> = files.iter().map(|file| format!("`{file}`")).collect();
        let files = match files.is_empty() {
            true => holders.to_owned(),
            false => files.join(", "),
        };
        table += &format!("| {promise} | {files} |\n");
    }
    let page = read("tests/README.md");
    let (by_hand, _) = page.split_once(MARK).expect(MARK);
    is_made("tests/README.md", &format!("{by_hand}{MARK}{table}"));
}

/// Returns the file of this name, or else the files with the test of this name.
fn files_of(name: &str, sources: &[(String, String)]) -> Vec<String> {
    if name.contains('/') && root().join(name).exists() {
        return vec![name.to_owned()];
    }
    let function = format!("fn {name}(");
    let has_it = sources.iter().filter(|(text, _)| text.contains(&function));
    has_it.map(|(_, path)| path.clone()).collect()
}
