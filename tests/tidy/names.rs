//! Rules for names: words that people search for, each for one thing.

use std::collections::{BTreeMap, BTreeSet};

use super::repository::{Repository, stem};
use super::words::{
    EMPTY_WORDS, EMPTY_WORDS_KEPT, NOUNS, RETIRED_FILES, RETIRED_TYPES, SAME_NAMES,
};

/// The folders that are searched for retired names: code, and benches named after what they
/// measure.
const PICTURED: &[&str] = &[
    "src/",
    "loadtest/src/",
    "benches/engine/",
    "benches/scenes/",
];

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
    for (path, facts) in repository.under(&["src/", "loadtest/src/"]) {
        for (name, line) in &facts.types {
            let retired = RETIRED_TYPES.iter().find(|(word, _)| word == name);
            wrong.extend(retired.map(|(_, now)| {
                format!("{path}:{line}: the type `{name}` has an old name\n    the word is {now}")
            }));
        }
    }
    wrong
}

/// Returns files of `src` that share a name.
pub fn twice(repository: &Repository) -> Vec<String> {
    let mut of_name: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for file in repository
        .files
        .iter()
        .filter(|file| file.starts_with("src/"))
    {
        if stem(file) != "mod" {
            of_name.entry(stem(file)).or_default().push(file);
        }
    }
    let twice: BTreeSet<&[&str]> = of_name
        .values()
        .filter(|f| f.len() > 1)
        .map(Vec::as_slice)
        .collect();
    let allowed: BTreeSet<&[&str]> = SAME_NAMES.iter().map(|(files, _)| *files).collect();
    let new = twice.difference(&allowed).map(|files| {
        format!("{}: one name\n    find the word that differs, or say in SAME_NAMES of tests/tidy/words.rs why not", files.join(", "))
    });
    let idle = allowed.difference(&twice).map(|files| {
        format!("{}: not the files of one name\n    correct the line in SAME_NAMES of tests/tidy/words.rs", files.join(", "))
    });
    new.chain(idle).collect()
}
