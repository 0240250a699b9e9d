//! Rules for names of types: the word that is searched for, in one type of a crate.

use std::collections::{BTreeMap, BTreeSet};

use super::facts::Facts;
use super::names::{CRATES, found_twice};
use super::repository::Repository;
use super::words::{EMPTY_TYPE_WORDS, EMPTY_WORDS, KeptType, NOUNS, RETIRED_TYPES, SameType};

/// Returns faults in the names of types, and exceptions that no type needs.
pub fn words(repository: &Repository, kept: &[KeptType]) -> Vec<String> {
    let rows = kept
        .iter()
        .flat_map(|(folder, names, _)| names.iter().map(|name| (*folder, *name)));
    let mut idle: BTreeSet<(&str, &str)> = rows.clone().collect();
    let mut wrong = Vec::new();
    for (path, facts) in repository.under(CRATES) {
        for (name, line) in &facts.types {
            let Some(why) = retired(name).or_else(|| unfit(name)) else {
                continue;
            };
            let row = rows
                .clone()
                .find(|(folder, kept)| path.starts_with(folder) && kept == name);
            match row {
                Some(row) => drop(idle.remove(&row)),
                None => wrong.push(format!("{path}:{line}: the type `{name}` {why}")),
            }
        }
    }
    wrong.extend(idle.into_iter().map(|(folder, name)| {
        format!("{folder}: no type `{name}` needs an exception\n    take it out of TYPES_KEPT of tests/tidy/words.rs")
    }));
    wrong
}

fn retired(name: &str) -> Option<String> {
    let parts = parts(name);
    let is_in = |word: &str| name == word || parts.contains(&word);
    let mut old = RETIRED_TYPES.iter().filter(|(_, now)| *now != name);
    let (word, now) = old.find(|(word, _)| is_in(word))?;
    Some(format!("has the old word `{word}`\n    the word is {now}"))
}

fn unfit(name: &str) -> Option<String> {
    let parts = parts(name).into_iter().map(str::to_lowercase);
    let is_noun = |word: &str| NOUNS.iter().any(|(noun, _)| *noun == word);
    let is_gerund = |word: &str| word.ends_with("ing") && !is_noun(word);
    let is_empty = |word: &str| EMPTY_WORDS.contains(&word) || EMPTY_TYPE_WORDS.contains(&word);
    parts.into_iter().find_map(|word| match word.as_str() {
        word if is_gerund(word) => Some(format!("has the gerund `{word}`\n    take a noun")),
        word if is_empty(word) => Some(format!(
            "has `{word}`, which says nothing\n    name it by what it is or has"
        )),
        _ => None,
    })
}

/// Returns the words of a type's name, each from its capital on.
fn parts(name: &str) -> Vec<&str> {
    let capitals = name.match_indices(char::is_uppercase).map(|(at, _)| at);
    let begins: Vec<usize> = capitals.collect();
    let ends = begins.iter().skip(1).copied().chain([name.len()]);
    begins
        .iter()
        .zip(ends)
        .map(|(begin, end)| &name[*begin..end])
        .collect()
}

/// Returns types of one name in a crate, those of tests left out.
pub fn twice(repository: &Repository, kept: &[SameType]) -> Vec<String> {
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
