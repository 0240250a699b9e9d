//! Rules for lines: of a file, of a function, of the load test, and the columns of comments.

use std::collections::{BTreeMap, BTreeSet};

use super::limits::{
    COLUMNS_MAX, FILE_LINES_MAX, FUNCTION_LINES_MAX, LOADTEST_LINES_MAX, LONG_FILES,
    LONG_FUNCTIONS, WIDE_COMMENTS,
};
use super::repository::{Repository, stem};

/// The folders whose files and functions have a limit.
const HELD: &[&str] = &[
    "src/",
    "loadtest/",
    "testkit/",
    "tests/",
    "benches/",
    "examples/",
    "fuzz/",
];
/// The folders whose files begin with a line that says what the file is.
const CRATES: &[&str] = &["src/", "loadtest/src/", "testkit/src/"];

/// Returns long files.
pub fn files(repository: &Repository) -> Vec<String> {
    let mut long = BTreeMap::new();
    for (path, _) in repository.under(HELD) {
        let lines = repository.texts[path].lines().count();
        if lines > FILE_LINES_MAX {
            let what = format!("{path}:{FILE_LINES_MAX}: {lines} lines, at most {FILE_LINES_MAX}");
            long.insert(path.to_owned(), what + "\n    split it by what it is about");
        }
    }
    but_for(long, LONG_FILES, "LONG_FILES")
}

/// Returns long functions.
pub fn functions(repository: &Repository) -> Vec<String> {
    let mut long = BTreeMap::new();
    for (path, facts) in repository.under(HELD) {
        for function in facts
            .functions
            .iter()
            .filter(|f| f.lines > FUNCTION_LINES_MAX)
        {
            let (name, line, lines) = (&function.name, function.line, function.lines);
            let what =
                format!("{path}:{line}: `{name}` has {lines} lines, at most {FUNCTION_LINES_MAX}");
            long.insert(
                format!("{path}::{name}"),
                what + "\n    give its steps functions of their own",
            );
        }
    }
    but_for(long, LONG_FUNCTIONS, "LONG_FUNCTIONS")
}

/// Returns faults without an exception, and exceptions that no fault needs.
fn but_for(mut wrong: BTreeMap<String, String>, kept: &[(&str, &str)], table: &str) -> Vec<String> {
    let idle = kept
        .iter()
        .filter(|(path, _)| wrong.remove(*path).is_none());
    let idle = idle.map(|(path, _)| {
        format!(
            "{path}: needs no exception any more\n    take it out of {table} of tests/tidy/limits.rs"
        )
    });
    let idle: Vec<String> = idle.collect();
    wrong.into_values().chain(idle).collect()
}

/// Checks the number of lines of the load test.
pub fn loadtest(repository: &Repository) -> Vec<String> {
    let files = repository.under(&["loadtest/src/"]);
    let lines: usize = files
        .map(|(path, _)| repository.texts[path].lines().count())
        .sum();
    let hundreds = lines.div_ceil(100) * 100;
    match hundreds.cmp(&LOADTEST_LINES_MAX) {
        std::cmp::Ordering::Equal => Vec::new(),
        std::cmp::Ordering::Greater => vec![format!(
            "loadtest/src: {lines} lines, at most {LOADTEST_LINES_MAX}\n    a new report needs an old one to go"
        )],
        std::cmp::Ordering::Less => vec![format!(
            "loadtest/src: {lines} lines, fewer than allowed\n    lower LOADTEST_LINES_MAX of tests/tidy/limits.rs to {hundreds}"
        )],
    }
}

/// Returns comments that are too wide, where a folder has more or fewer than the table allows.
pub fn comments(repository: &Repository) -> Vec<String> {
    let mut wide: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (path, _) in repository.under(CRATES) {
        let folder = held_folder(path);
        for (place, line) in repository.texts[path].lines().enumerate() {
            if is_wide_comment(line) {
                wide.entry(folder)
                    .or_default()
                    .push(format!("{path}:{}", place + 1));
            }
        }
    }
    let folders: BTreeSet<&str> = wide
        .keys()
        .copied()
        .chain(WIDE_COMMENTS.iter().map(|(f, _)| *f))
        .collect();
    let mut wrong = Vec::new();
    for folder in folders {
        let places = wide.remove(folder).unwrap_or_default();
        let allowed = WIDE_COMMENTS
            .iter()
            .find(|(of, _)| *of == folder)
            .map_or(0, |(_, n)| *n);
        let count = places.len();
        if count > allowed {
            wrong.push(format!(
                "{folder}: {count} comment lines over {COLUMNS_MAX} columns, at most {allowed}\n    break them: {}",
                places.join(" ")
            ));
        } else if count < allowed {
            wrong.push(format!(
                "{folder}: {count} comment lines over {COLUMNS_MAX} columns, fewer than the {allowed} allowed\n    \
                 lower its number in WIDE_COMMENTS of tests/tidy/limits.rs to {count}"
            ));
        }
    }
    wrong
}

/// Returns the folder of a file as in `WIDE_COMMENTS`: a folder below `src`, or the crate's.
fn held_folder(path: &str) -> &str {
    match path.strip_prefix("src/").and_then(|rest| rest.find('/')) {
        Some(slash) => &path[.."src/".len() + slash + 1],
        None => CRATES
            .iter()
            .find(|folder| path.starts_with(**folder))
            .copied()
            .unwrap_or(path),
    }
}

/// True for a comment that is too wide. Rows of tables are left out, because Markdown cannot break
/// them.
fn is_wide_comment(line: &str) -> bool {
    let line_text = line.trim_start();
    let Some(text) = line_text.strip_prefix("//") else {
        return false;
    };
    let text = text.trim_start_matches(['/', '!']).trim_start();
    line.chars().count() > COLUMNS_MAX && !text.starts_with('|')
}

/// Checks first lines, which say what a file is. The list of files is made of them.
pub fn first_lines(repository: &Repository) -> Vec<String> {
    let mut wrong = Vec::new();
    for (path, _) in repository.under(CRATES) {
        let first = repository.texts[path].lines().next().unwrap_or_default();
        let Some(says) = first.strip_prefix("//! ") else {
            wrong.push(format!(
                "{path}:1: no `//!` line\n    say in one line what the file is"
            ));
            continue;
        };
        if first.chars().count() > COLUMNS_MAX {
            wrong.push(format!(
                "{path}:1: the first line has {} columns, at most {COLUMNS_MAX}\n    say it shorter; more can stand below",
                first.chars().count()
            ));
        }
        if begins_with_name(says, stem(path)) {
            wrong.push(format!(
                "{path}:1: the first line begins with the file's own name\n    the list has the name already: say what it is"
            ));
        }
    }
    wrong
}

fn begins_with_name(says: &str, stem: &str) -> bool {
    let plain = says.replace('`', "").replace('_', " ").to_lowercase();
    let rest = plain.strip_prefix(&stem.replace('_', " "));
    rest.is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
}
