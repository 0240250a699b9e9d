//! Each row of the table of limits is enforced: code outside the table names what the row names.
//!
//! The page for operators has advice for each limit, and names those that protect memory.

use lobbyd::server::Limit;
use std::collections::BTreeSet;

use crate::fixture::{files_under, quoted, read, section};

/// The table itself and what is made of it; a name there enforces nothing.
const TABLE: &str = "src/server/limits";

#[test]
fn limits_without_code_that_enforces_them_are_none() {
    let table = read("src/server/limits/limit.rs");
    let server = sources("src/server");
    let fanout = sources("src/broker/fanout");
    for limit in Limit::ALL {
        let name = format!("{limit:?}");
        let row = row_of(&table, &name);
        // The fan-out knows no limit by name, but gives a connection up for the failure of the row.
        let (code, word) = match row.split_once("Failure::") {
            Some((_, rest)) => (&fanout, format!("Failure::{}", first_word(rest))),
            None => (&server, format!("Limit::{name}")),
        };
        assert!(
            mentions(code, &word),
            "{name}: a row of {TABLE}/limit.rs, but no code beyond the table has {word}"
        );
    }
}

/// The words with which the page stands for all limits whose names begin so.
const RETENTION: &str = "retention_…";

#[test]
fn operations_page_names_the_limits_that_protect_memory_and_no_others() {
    let page = read("docs/operations.md");
    let text = section(&page, "## When a limit is reached");
    let (_, list) = text
        .split_once("those that protect memory")
        .expect("the list");
    let (_, list) = list.split_once(": ").expect("a colon before the list");
    let (list, _) = list.split_once(". ").expect("the end of the sentence");
    assert_eq!(names(list), all_names(Limit::protects_memory));
}

#[test]
fn operations_page_has_advice_for_every_limit_and_no_other() {
    let page = read("docs/operations.md");
    let text = section(&page, "## When a limit is reached");
    let rows = text.lines().filter(|line| line.starts_with("| `"));
    let first = |row: &str| row.split('|').nth(1).unwrap_or_default().to_owned();
    let rows: Vec<String> = rows.map(first).collect();
    assert_eq!(names(&rows.concat()), all_names(|_| true));
}

fn all_names(counts: impl Fn(Limit) -> bool) -> BTreeSet<String> {
    let limits = Limit::ALL.iter().filter(|limit| counts(**limit));
    limits.map(|limit| limit.name().to_owned()).collect()
}

/// Returns the names between backticks, with the names that [`RETENTION`] stands for.
fn names(text: &str) -> BTreeSet<String> {
    let mut names: BTreeSet<String> = quoted(text).into_iter().collect();
    if names.remove(RETENTION) {
        let all = all_names(|limit| limit.name().starts_with("retention_"));
        assert_eq!(all.len(), 4, "the page says that there are four");
        names.extend(all);
    }
    names
}

#[test]
fn name_counts_as_mentioned_only_as_a_whole_word() {
    assert!(mentions("judge(Limit::HeadTime, used)", "Limit::HeadTime"));
    assert!(!mentions("Limit::HeadTimeout", "Limit::HeadTime"));
    let table = "    A = \"a\", x;\n    Ab = \"ab\", Failure::Full;\n";
    assert_eq!(row_of(table, "A").trim(), "\"a\", x;");
}

fn row_of<'t>(table: &'t str, name: &str) -> &'t str {
    let (_, rest) = table.split_once(&format!("    {name} = \"")).expect(name);
    let end = rest.find(";\n").expect(name) + 1;
    let start = table.len() - rest.len() - 1;
    &table[start..start + end + 1]
}

fn first_word(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_alphanumeric());
    &text[..end.unwrap_or(text.len())]
}

fn mentions(code: &str, word: &str) -> bool {
    let ends = |rest: &str| !rest.starts_with(|c: char| c.is_alphanumeric());
    code.match_indices(word)
        .any(|(at, _)| ends(&code[at + word.len()..]))
}

/// Returns the code of the files under `folder`, without comments, tests, imports and the table.
fn sources(folder: &str) -> String {
    let is_source = |path: &String| !path.starts_with(TABLE) && !path.ends_with("/tests.rs");
    let files = files_under(folder).into_iter().filter(is_source);
    files.map(|path| code_of(&read(&path))).collect()
}

fn code_of(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod tests").next();
    let lines = text.unwrap_or_default().lines().map(str::trim_start);
    let is_code = |line: &&str| !line.starts_with("//") && !line.starts_with("use ");
    lines
        .filter(is_code)
        .flat_map(|line| [line, "\n"])
        .collect()
}
