//! docs/files.md is made from the first lines of the source files, which say what each file is.

use std::collections::BTreeMap;

use crate::fixture::{files_under, is_made, read};

/// The folders of the sources. Tests are not listed, because they have tests/README.md.
const SOURCES: [&str; 4] = ["src", "loadtest/src", "testkit/src", "benches"];

/// Most columns of a first line.
const COLUMNS_MAX: usize = 100;

const HEAD: &str = "# Files\n
Made from the first line of each source file by `WRITE=1 cargo test --test documents`. \
What the folders are to each other is in [architecture.md](architecture.md).\n";

#[test]
fn files_page_is_made_from_the_first_lines() {
    let mut folders: BTreeMap<(usize, String), Vec<String>> = BTreeMap::new();
    for (path, order) in sources() {
        let (folder, name) = path.rsplit_once('/').expect("a folder");
        let is_entry = ["mod.rs", "lib.rs", "main.rs"].contains(&name);
        let row = format!(
            "| `{name}` | {} |",
            first_sentence(&path).replace('|', "\\|")
        );
        let rows = folders.entry((order, folder.to_owned())).or_default();
        match is_entry {
            true => rows.insert(0, row),
            false => rows.push(row),
        }
    }
    let mut page = HEAD.to_owned();
    for ((_, folder), rows) in folders {
        let rows = rows.join("\n");
        page += &format!("\n## `{folder}`\n\n| file | |\n|---|---|\n{rows}\n");
    }
    is_made("docs/files.md", &page);
}

#[test]
fn first_lines_are_short_whole_and_do_not_begin_with_the_files_name() {
    let broken: Vec<String> = sources()
        .into_iter()
        .filter_map(|(path, _)| Some(format!("{path}: {}", fault(&path)?)))
        .collect();
    assert!(
        broken.is_empty(),
        "{} first lines:\n{}",
        broken.len(),
        broken.join("\n")
    );
}

/// Returns the fault of the first line of a file, if any.
fn fault(path: &str) -> Option<String> {
    let text = read(path);
    let line = text.lines().next().unwrap_or_default();
    let Some(said) = line.strip_prefix("//! ") else {
        return Some(format!("does not open with //! but {line:?}"));
    };
    let name = path.rsplit('/').next().unwrap_or_default();
    let name = name.trim_end_matches(".rs").replace('_', " ");
    let begin = said.trim_start_matches('`').to_lowercase();
    let rest = begin.strip_prefix(&name);
    let columns = line.chars().count();
    if columns > COLUMNS_MAX {
        Some(format!("{columns} columns"))
    } else if rest.is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric())) {
        Some(format!("begins with its own name: {said}"))
    } else if !said.ends_with(['.', ':', '`']) {
        Some(format!("breaks off: {said}"))
    } else {
        None
    }
}

/// Returns all source files in the order of their paths, each with its index in [`SOURCES`].
fn sources() -> Vec<(String, usize)> {
    let is_test = |path: &String| path.contains("/tests/") || path.ends_with("tests.rs");
    let mut all = Vec::new();
    for (order, folder) in SOURCES.iter().enumerate() {
        let mut files = files_under(folder);
        files.retain(|path| !is_test(path));
        files.sort_unstable();
        all.extend(files.into_iter().map(|path| (path, order)));
    }
    all
}

/// Returns the first sentence of a file. The sentence is the whole first line if that keeps to the
/// rule.
fn first_sentence(path: &str) -> String {
    let text = read(path);
    let lines = text.lines().map_while(|line| line.strip_prefix("//! "));
    let paragraph = lines.collect::<Vec<_>>().join(" ");
    match paragraph.split_once(". ") {
        Some((sentence, _)) => format!("{sentence}."),
        None => paragraph,
    }
}
