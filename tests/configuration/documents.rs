//! `docs/configuration.md` has tables that the program's own table of settings makes.
//!
//! `WRITE_TABLES=1 cargo test --test configuration the_tables` writes them anew.

use std::fs;
use std::path::Path;

use lobbyd::config::tables;

#[test]
fn the_tables_of_the_documentation_are_those_of_the_program() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/configuration.md");
    let page = fs::read_to_string(&path).unwrap();
    let mut right = page.clone();
    for (name, table) in tables() {
        let begin = format!("<!-- begin {name}: made by the program -->\n");
        let (before, rest) = right.split_once(&begin).expect(name);
        let (_, after) = rest.split_once("<!-- end -->").expect(name);
        right = format!("{before}{begin}\n{table}\n<!-- end -->{after}");
    }
    if std::env::var_os("WRITE_TABLES").is_some() {
        fs::write(&path, &right).unwrap();
    }
    assert!(
        page == right,
        "docs/configuration.md says other than the program; this writes its tables anew: \
        WRITE_TABLES=1 cargo test --test configuration the_tables"
    );
}
