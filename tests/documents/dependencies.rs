//! The table of dependencies in docs/architecture.md lists all of lobbyd's, and none that is gone.

use std::collections::BTreeSet;

use crate::fixture::{read, section};

#[test]
fn dependency_table_has_each_dependency_and_no_other() {
    let names_in = |manifest: &str, table: &str| -> BTreeSet<String> {
        let manifest = read(manifest);
        let (_, rest) = manifest.split_once(&format!("\n[{table}]\n")).expect(table);
        let lines = rest.lines().take_while(|line| !line.starts_with('['));
        let names = lines.filter_map(|line| Some(line.split_once(" = ")?.0));
        names
            .filter(|name| !name.starts_with('#'))
            .map(str::to_owned)
            .collect()
    };
    let own = names_in("Cargo.toml", "dependencies");
    let of_tests = [
        names_in("Cargo.toml", "dev-dependencies"),
        names_in("benches/instructions/Cargo.toml", "dev-dependencies"),
        names_in("fuzz/Cargo.toml", "dependencies"),
    ];
    let page = read("docs/architecture.md");
    let rows = section(&page, "## Dependencies")
        .lines()
        .skip_while(|line| !line.starts_with("|--"));
    let cells = rows
        .skip(1)
        .filter_map(|row| row.strip_prefix("| ")?.split(" | ").next());
    let named: BTreeSet<String> = cells
        .flat_map(|cell| cell.split(", "))
        .map(str::to_owned)
        .collect();
    let missing: Vec<_> = own.difference(&named).collect();
    assert!(
        missing.is_empty(),
        "not in the table of docs/architecture.md: {missing:?}"
    );
    let gone = named
        .iter()
        .filter(|name| !own.contains(*name) && !of_tests.iter().any(|of| of.contains(*name)));
    let gone: Vec<_> = gone.collect();
    assert!(
        gone.is_empty(),
        "in the table of docs/architecture.md, and no dependency: {gone:?}"
    );
}
