//! Pages and sources by their paths from the root, and pages that are made from the code.

use std::path::PathBuf;
use std::{env, fs};

/// Asserts that the page at `path` equals `made`. With `WRITE` set, writes the page instead.
pub fn is_made(path: &str, made: &str) {
    if env::var_os("WRITE").is_some() {
        fs::write(root().join(path), made).unwrap_or_else(|error| panic!("{path}: {error}"));
        return;
    }
    let page = fs::read_to_string(root().join(path)).unwrap_or_default();
    let difference = page.lines().zip(made.lines()).find(|(is, made)| is != made);
    assert!(
        page == made,
        "{path} is not what the code makes of it; first difference: {difference:?}\n\
         `WRITE=1 cargo test --test documents` writes it"
    );
}

pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

pub fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Returns the text from a heading to the next heading of its kind.
pub fn section<'a>(page: &'a str, heading: &str) -> &'a str {
    let (_, rest) = page.split_once(&format!("\n{heading}\n")).expect(heading);
    rest.split("\n## ").next().unwrap_or_default()
}

/// Returns the texts between backticks.
pub fn quoted(text: &str) -> Vec<String> {
    text.split('`')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect()
}

pub fn pages() -> Vec<String> {
    let pages = fs::read_dir(root().join("docs")).expect("docs/");
    let names = pages.map(|page| {
        page.expect("a page")
            .file_name()
            .into_string()
            .expect("a name")
    });
    names.map(|name| format!("docs/{name}")).collect()
}

/// Returns the paths, from the root, of all Rust files below `folder`.
pub fn files_under(folder: &str) -> Vec<String> {
    let mut files = Vec::new();
    for entry in fs::read_dir(root().join(folder)).expect(folder) {
        let entry = entry.expect(folder);
        let path = format!("{folder}/{}", entry.file_name().to_string_lossy());
        if path.contains("node_modules") {
            continue;
        }
        match entry.file_type().expect(folder).is_dir() {
            true => files.extend(files_under(&path)),
            false if path.ends_with(".rs") => files.push(path),
            false => {}
        }
    }
    files
}
