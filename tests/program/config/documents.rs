//! Tables in `docs/configuration.md` that are made from the program's own table of settings.
//!
//! `WRITE_TABLES=1 cargo test --test program tables_of` writes the tables.

use std::fs;
use std::path::Path;

use lobbyd::config::tables;

use crate::config::fixture::Folder;

#[test]
fn tables_of_the_documentation_are_those_of_the_program() {
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
        WRITE_TABLES=1 cargo test --test program tables_of"
    );
}

#[test]
fn files_that_the_documents_show_are_right() {
    let folder = Folder::of("shown_files");
    for (page, shown) in [("README.md", 1), ("docs/configuration.md", 4)] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(page);
        let text = fs::read_to_string(path).unwrap();
        let blocks = text.split("```toml\n").skip(1);
        let files = blocks.filter_map(|block| block.split("```").next());
        let files: Vec<&str> = files.filter(|file| file.contains("[[room]]")).collect();
        assert_eq!(files.len(), shown, "{page}");
        for file in files {
            folder.write(file);
            let (code, _, stderr) = folder.run(&["config", "check", "lobbyd.toml"]);
            // The part about rooms that ask for a token leaves out what checks one.
            let mut others = stderr
                .lines()
                .filter(|line| !line.contains(": nobody can "));
            assert_eq!((code, others.next()), (0, None), "{page}: {file}");
        }
    }
}
