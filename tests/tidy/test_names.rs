//! Rules for names of tests: the subject first, which is what is searched for, and few letters.

use super::limits::TEST_NAME_MAX;
use super::repository::Repository;
use super::verbs::{ALONE, NOUN_SIGNS, OBJECT_BEGINNINGS, TEST_BEGINNINGS, VERBS_OR_NOUNS};

/// Returns tests whose names do not begin with their subject, or are long.
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
    let mut words = name.strip_prefix(ALONE).unwrap_or(name).split('_');
    let (first, second) = (
        words.next().unwrap_or(name),
        words.next().unwrap_or_default(),
    );
    let is_among = |words: &str, word: &str| words.split_whitespace().any(|other| other == word);
    let row = TEST_BEGINNINGS
        .iter()
        .find(|(_, words)| is_among(words, first));
    let kind = match row {
        Some((kind, _)) => kind,
        None if is_among(VERBS_OR_NOUNS, first) && !is_among(NOUN_SIGNS, second) => "a verb",
        None if name.contains("_at_a_time") => return None, // `a` begins no object there
        None if is_among(OBJECT_BEGINNINGS, second) => "a verb with its object",
        None => return None,
    };
    Some(format!(
        "begins with `{first}`, {kind}\n    begin with its subject, which is what is searched for"
    ))
}

fn too_long(name: &str) -> Option<String> {
    let letters = name.chars().count();
    (letters > TEST_NAME_MAX)
        .then(|| format!("has {letters} letters, at most {TEST_NAME_MAX}\n    say it shorter"))
}
