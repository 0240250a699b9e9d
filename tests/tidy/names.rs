//! Rules for names of files and folders: words that people search for, each for one thing.

use std::collections::{BTreeMap, BTreeSet};

use super::repository::{Repository, stem};
use super::words::{EMPTY_WORDS, EMPTY_WORDS_KEPT, NOUNS, RETIRED_FILES, SAME_NAMES};

/// The folders that are searched for retired names: code, and benches named after what they
/// measure.
const PICTURED: &[&str] = &[
    "src/",
    "loadtest/src/",
    "benches/engine/",
    "benches/scenes/",
];

/// The crates whose files have words of the vocabulary, and one name each.
pub const CRATES: &[&str] = &["src/", "loadtest/src/"];

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

/// Returns words of names that the vocabulary lacks, and words of it that no name needs.
pub fn vocabulary(repository: &Repository, vocabulary: &[&str]) -> Vec<String> {
    let table = "VOCABULARY of tests/tidy/vocabulary.rs";
    let known: Vec<&str> = vocabulary
        .iter()
        .flat_map(|w| w.split_whitespace())
        .collect();
    let mut places: BTreeMap<&str, &str> = BTreeMap::new();
    for (path, _) in repository.under(CRATES) {
        let words = path.split('/').flat_map(|place| stem(place).split('_'));
        places.extend(words.map(|word| (word, path)));
    }
    let new = places.iter().filter(|(word, _)| !known.contains(word));
    let mut wrong: Vec<String> = new
        .map(|(word, path)| {
            format!(
                "{path}: `{word}` is a new word for a file\n    take a word that stands in {table}, or add \
                 it there, if somebody from Phoenix, centrifuge or nats would search for it"
            )
        })
        .collect();
    let idle = known.iter().filter(|word| !places.contains_key(*word));
    wrong.extend(idle.map(|word| {
        format!("{word}: no file has this word in its name any more\n    take it out of {table}")
    }));
    let unsorted = known.windows(2).filter(|pair| pair[0] >= pair[1]);
    wrong.extend(
        unsorted.map(|pair| format!("{}: stands behind {}\n    sort {table}", pair[1], pair[0])),
    );
    wrong
}

/// Returns files of one crate that share a name.
pub fn twice(repository: &Repository) -> Vec<String> {
    let mut of_name: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    for folder in CRATES {
        let is_held = |file: &&&str| file.starts_with(folder) && stem(file) != "mod";
        for file in repository.files.iter().filter(is_held) {
            of_name.entry((folder, stem(file))).or_default().push(file);
        }
    }
    let found = of_name.values().map(|files| ("", files.clone()));
    let kept = SAME_NAMES.iter().map(|(files, _)| ("", files.to_vec()));
    found_twice(found, kept, "SAME_NAMES")
}

/// A name, and the files that have it. For the name of a file it is left empty: the files show it.
pub type Named<'a> = (&'a str, Vec<&'a str>);

/// Names that two things have, but for those of a table, and rows of the table that nothing needs.
pub fn found_twice<'a>(
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
