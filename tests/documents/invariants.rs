//! The table of invariants in docs/architecture.md names tests that exist, and where they are.

use crate::fixture::{files_under, read, root, section};

/// A row: "`one`, `two` (`tests/a.rs`); `three`". A file in brackets has the tests named before it,
/// as far as the last file or semicolon. Tests that no file follows are in `src`.
#[test]
fn tests_that_hold_an_invariant_are_where_the_table_says() {
    let page = read("docs/architecture.md");
    let rows = section(&page, "## Invariants").lines();
    let wrong: Vec<String> = rows
        .filter_map(|row| row.strip_prefix("| ")?.rsplit_once(" | "))
        .flat_map(|(_, holders)| holders.split(';').flat_map(faults))
        .collect();
    assert!(
        wrong.is_empty(),
        "docs/architecture.md:\n{}",
        wrong.join("\n")
    );
}

/// Returns what is wrong with the tests and files that a part of a row names.
fn faults(part: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut tests: Vec<&str> = Vec::new();
    let texts: Vec<&str> = part.split('`').collect();
    for pair in texts.chunks(2) {
        let &[before, name] = pair else { break };
        if name.contains('/') && before.ends_with('(') {
            let missing = tests.drain(..).filter(|test| !has(&read(name), test));
            wrong.extend(missing.map(|test| format!("{test} is not in {name}")));
        } else if name.contains('/') && !root().join(name).exists() {
            wrong.push(format!("there is no {name}"));
        } else if name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            tests.push(name);
        }
    }
    let in_src = |test: &&str| files_under("src").iter().any(|file| has(&read(file), test));
    let missing = tests.into_iter().filter(|test| !in_src(test));
    wrong.extend(missing.map(|test| format!("{test} is not in src, and no file is named")));
    wrong
}

fn has(code: &str, test: &str) -> bool {
    code.contains(&format!("fn {test}("))
}
