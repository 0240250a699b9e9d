//! The table of invariants in docs/architecture.md names tests that exist.

use crate::fixture::{files_under, quoted, read, root, section};

#[test]
fn tests_that_hold_an_invariant_exist() {
    let page = read("docs/architecture.md");
    let code: String = ["src", "tests"]
        .into_iter()
        .flat_map(files_under)
        .map(|f| read(&f))
        .collect();
    for row in section(&page, "## Invariants")
        .lines()
        .filter(|line| line.starts_with("| "))
    {
        for name in row.rsplit(" | ").next().map(quoted).unwrap_or_default() {
            let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
            let exists = if name.contains('/') {
                root().join(&name).exists()
            } else {
                !name.chars().all(is_word) || code.contains(&format!("fn {name}("))
            };
            assert!(
                exists,
                "docs/architecture.md names {name}, which is not there"
            );
        }
    }
}
