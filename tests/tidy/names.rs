//! Rules for names: words that people search for, each for one thing.

use std::collections::{BTreeMap, BTreeSet};

use super::facts::Facts;
use super::limits::TEST_NAME_MAX;
use super::repository::{Repository, stem};
use super::words::{
    EMPTY_WORDS, EMPTY_WORDS_KEPT, NOUNS, RETIRED_FILES, RETIRED_TYPES, SAME_NAMES, SameType,
    TEST_BEGINNINGS,
};

/// The folders that are searched for retired names: code, and benches named after what they
/// measure.
const PICTURED: &[&str] = &[
    "src/",
    "loadtest/src/",
    "benches/engine/",
    "benches/scenes/",
];

/// The crates whose types are held.
const CRATES: &[&str] = &["src/", "loadtest/src/"];

/// Returns faults in the names of files and folders.
pub fn files(repository: &Repository) -> Vec<String> {
    let mut places = BTreeSet::new();
    for path in repository.facts.keys() {
        let slashes = path.match_indices('/').map(|(at, _)| &path[..at]);
        places.extend(slashes.chain([path.as_str()]));
    }
    let mut wrong = Vec::new();
    for place in &places {
        let is_pictured = PICTURED.iter().any(|folder| place.starts_with(folder));
        let why = unfit(stem(place)).or_else(|| picture(stem(place)).filter(|_| is_pictured));
        wrong.extend(why.map(|why| format!("{place}: {why}")));
    }
    let used: BTreeSet<&str> = places.into_iter().map(stem).collect();
    let kept = NOUNS.iter().chain(EMPTY_WORDS_KEPT);
    let idle = kept.filter(|(name, _)| !used.contains(name));
    wrong.extend(idle.map(|(name, _)| {
        format!(
            "{name}: no file has this name any more\n    \
             take it out of NOUNS or EMPTY_WORDS_KEPT of tests/tidy/words.rs"
        )
    }));
    wrong
}

fn picture(name: &str) -> Option<String> {
    let retired = RETIRED_FILES.iter().find(|(word, _)| *word == name);
    retired.map(|(_, now)| format!("`{name}` is a picture\n    the word is {now}"))
}

/// Returns the reason why a name is unfit for any file.
fn unfit(name: &str) -> Option<String> {
    let is_kept = |kept: &[(&str, &str)]| kept.iter().any(|(word, _)| *word == name);
    let is_gerund =
        |word: &str| word.ends_with("ing") && !NOUNS.iter().any(|(noun, _)| *noun == word);
    if name.split('_').any(is_gerund) && !is_kept(NOUNS) {
        return Some(format!(
            "`{name}` is a gerund\n    take a noun for a state, a plain verb for a step (`read`, not `reading`)"
        ));
    }
    let empty = name.split('_').find(|word| EMPTY_WORDS.contains(word));
    let empty = empty.filter(|_| !is_kept(EMPTY_WORDS_KEPT));
    empty.map(|word| format!("`{word}` in `{name}` says nothing\n    name it by what is in it"))
}

/// Returns faults in the names of types.
pub fn types(repository: &Repository) -> Vec<String> {
    let mut wrong = Vec::new();
    for (path, facts) in repository.under(CRATES) {
        for (name, line) in &facts.types {
            let retired = RETIRED_TYPES.iter().find(|(word, _)| word == name);
            wrong.extend(retired.map(|(_, now)| {
                format!("{path}:{line}: the type `{name}` has an old name\n    the word is {now}")
            }));
        }
    }
    wrong
}

/// Names of tests: the subject first, which is what is searched for.
pub fn tests(repository: &Repository) -> Vec<String> {
    let mut wrong = Vec::new();
    for (path, facts) in repository.facts {
        for (name, line) in &facts.tests {
            let why = late_subject(name).or_else(|| too_long(name));
            wrong.extend(why.map(|why| format!("{path}:{line}: the test `{name}` {why}")));
        }
    }
    wrong
}

fn late_subject(name: &str) -> Option<String> {
    let first = name.split('_').next().unwrap_or(name);
    let is_among = |words: &str| words.split_whitespace().any(|word| word == first);
    let (kind, _) = TEST_BEGINNINGS.iter().find(|(_, words)| is_among(words))?;
    Some(format!(
        "begins with `{first}`, {kind}\n    begin with its subject, which is what is searched for"
    ))
}

fn too_long(name: &str) -> Option<String> {
    let letters = name.chars().count();
    (letters > TEST_NAME_MAX)
        .then(|| format!("has {letters} letters, at most {TEST_NAME_MAX}\n    say it shorter"))
}

/// Returns files of `src` that share a name.
pub fn twice(repository: &Repository) -> Vec<String> {
    let mut of_name: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let is_held = |file: &&&str| file.starts_with("src/") && stem(file) != "mod";
    for file in repository.files.iter().filter(is_held) {
        of_name.entry(stem(file)).or_default().push(file);
    }
    let found = of_name.values().map(|files| ("", files.clone()));
    let kept = SAME_NAMES.iter().map(|(files, _)| ("", files.to_vec()));
    found_twice(found, kept, "SAME_NAMES")
}

/// Types of one name in a crate, tests left out.
pub fn types_twice(repository: &Repository, kept: &[SameType]) -> Vec<String> {
    let mut of_name: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    for folder in CRATES {
        let compiled = |(path, _): &(&str, &Facts)| repository.files.contains(path);
        for (path, facts) in repository.under(&[folder]).filter(compiled) {
            for (name, _) in &facts.types {
                of_name.entry((folder, name)).or_default().push(path);
            }
        }
    }
    let found = of_name.into_iter().map(|((_, name), files)| (name, files));
    let kept = kept.iter().map(|(name, files, _)| (*name, files.to_vec()));
    found_twice(found, kept, "SAME_TYPES")
}

/// A name, and the files that have it. For the name of a file it is left empty: the files show it.
type Named<'a> = (&'a str, Vec<&'a str>);

/// Names that two things have, but for those of a table, and rows of the table that nothing needs.
fn found_twice<'a>(
    found: impl Iterator<Item = Named<'a>>,
    kept: impl Iterator<Item = Named<'a>>,
    table: &str,
) -> Vec<String> {
    let twice: BTreeSet<Named> = found.filter(|(_, files)| files.len() > 1).collect();
    let kept: BTreeSet<Named> = kept.collect();
    let places = |(name, files): &Named| match name.is_empty() {
        true => files.join(", "),
        false => format!("{}: `{name}`", files.join(", ")),
    };
    let new = twice.difference(&kept).map(|same| {
        format!("{}: one name\n    find the word that differs, or say in {table} of tests/tidy/words.rs why not", places(same))
    });
    let idle = kept.difference(&twice).map(|same| {
        format!(
            "{}: not the files of one name\n    correct the line in {table} of tests/tidy/words.rs",
            places(same)
        )
    });
    new.chain(idle).collect()
}
