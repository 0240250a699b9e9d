//! The table in `mod.rs` has every number, and its tests exist.

use std::collections::BTreeSet;
use std::path::Path;

const MAIN: &str = include_str!("mod.rs");

/// Returns the first and the second cell of each row.
fn rows() -> impl Iterator<Item = (&'static str, &'static str)> {
    let rows = MAIN.lines().filter_map(|line| line.strip_prefix("//! | "));
    rows.filter_map(|row| row.split_once(" | "))
        .filter(|(first, _)| first.starts_with(|c: char| c.is_ascii_digit()))
}

#[test]
fn table_has_every_behaviour_once() {
    let mut listed = Vec::new();
    for part in rows().flat_map(|(numbers, _)| numbers.split(", ")) {
        let (first, last) = part.split_once('–').unwrap_or((part, part));
        let number = |text: &str| text.parse::<u32>().expect("a number");
        listed.extend(number(first)..=number(last));
    }
    listed.sort_unstable();
    assert_eq!(listed, (1..=113).collect::<Vec<_>>());
}

#[test]
fn tests_that_the_table_names_exist() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/wire/phoenix");
    let quoted = rows().flat_map(|(_, shown)| shown.split('`').skip(1).step_by(2));
    let names = quoted.filter_map(|name| name.split_once("::"));
    let tests: BTreeSet<_> = names.filter(|(module, _)| *module != "channel").collect();
    assert!(tests.len() > 40);
    for (module, test) in tests {
        let file = std::fs::read_to_string(folder.join(format!("{module}.rs"))).expect(module);
        assert!(
            file.contains(&format!("#[test]\nfn {test}()")),
            "{module}::{test}"
        );
    }
}
