//! Merging of warnings that differ only in their numbers into one sentence.
//!
//! If twenty steps warn with different numbers, the sentence has the least and the largest of each
//! number. The table of steps has the numbers of each step.

use crate::result::{RunResult, Severity};

use super::finding::Finding;

/// A warning that several measurements gave with different numbers.
struct Repeated {
    /// The texts between the numbers.
    words: Vec<String>,
    /// The least and the largest number at each place, as they were written.
    numbers: Vec<(String, String)>,
    /// The whole sentence of the first measurement.
    first: String,
    count: usize,
}

/// Merges warnings of several measurements that differ only in their numbers. Failures are not
/// merged, because each failure counts.
pub(super) fn once_each(found: Vec<Finding>, result: &RunResult) -> Vec<Finding> {
    let mut told = Vec::new();
    let mut kinds: Vec<Repeated> = Vec::new();
    for finding in found {
        match finding.text_after_its_label() {
            Some(text) if finding.severity == Severity::Warning => {
                sort_in(&mut kinds, text, &finding.text);
            }
            _ => told.push(finding),
        }
    }
    told.extend(kinds.iter().map(|kind| Finding {
        severity: Severity::Warning,
        text: kind.told(result),
        measurement: None,
    }));
    told
}

fn sort_in(kinds: &mut Vec<Repeated>, text: &str, whole: &str) {
    let (words, numbers) = taken_apart(text);
    match kinds.iter_mut().find(|kind| kind.words == words) {
        Some(kind) => kind.add(&numbers),
        None => kinds.push(Repeated {
            words,
            numbers: numbers
                .into_iter()
                .map(|each| (each.clone(), each))
                .collect(),
            first: whole.to_owned(),
            count: 1,
        }),
    }
}

impl Repeated {
    fn add(&mut self, numbers: &[String]) {
        self.count += 1;
        for ((least, most), number) in self.numbers.iter_mut().zip(numbers) {
            if value(number) < value(least) {
                least.clone_from(number);
            }
            if value(number) > value(most) {
                most.clone_from(number);
            }
        }
    }

    /// Returns "In 17 of 20 steps: …", with ranges where the numbers differ. A warning of one
    /// measurement keeps its own sentence, with the measurement's name.
    fn told(&self, result: &RunResult) -> String {
        if self.count == 1 {
            return self.first.clone();
        }
        let all = result.measurements.len();
        let what = match result.ramp.is_some() {
            true => "steps",
            false => "measurements",
        };
        let mut told = match (self.count, all) {
            (2, 2) => format!("In both {what}: "),
            (count, all) if count == all => format!("In all {all} {what}: "),
            (count, all) => format!("In {count} of {all} {what}: "),
        };
        let mut numbers = self.numbers.iter();
        for words in &self.words {
            told.push_str(words);
            match numbers.next() {
                Some((least, most)) if least == most => told.push_str(least),
                Some((least, most)) => told.push_str(&format!("{least}–{most}")),
                None => {}
            }
        }
        told
    }
}

fn value(number: &str) -> f64 {
    number.replace(',', "").parse().unwrap_or(0.0)
}

/// Splits a text into words and numbers in turn, words first. A number is no part of a word: the 99
/// of p99 is no number.
fn taken_apart(text: &str) -> (Vec<String>, Vec<String>) {
    let (mut words, mut numbers) = (vec![String::new()], Vec::new());
    let mut rest = text;
    let mut before = ' ';
    while let Some(letter) = rest.chars().next() {
        let long = match letter.is_ascii_digit() && !before.is_alphanumeric() && before != '.' {
            true => number_length(rest),
            false => 0,
        };
        if long > 0 {
            numbers.push(rest[..long].to_owned());
            words.push(String::new());
            before = '0';
        } else if let Some(last) = words.last_mut() {
            last.push(letter);
            before = letter;
        }
        rest = &rest[long.max(letter.len_utf8())..];
    }
    (words, numbers)
}

/// Returns the length of a number: digits, points and commas, without a full stop at its end.
fn number_length(text: &str) -> usize {
    let within = |letter: char| letter.is_ascii_digit() || letter == ',' || letter == '.';
    let end = text.find(|letter| !within(letter)).unwrap_or(text.len());
    text[..end].trim_end_matches([',', '.']).len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_separated_from_the_words_around_them() {
        let (words, numbers) = taken_apart("late (p99 4.2 ms of 1,200), 11 %.");
        assert_eq!(numbers, ["4.2", "1,200", "11"]);
        assert_eq!(words, ["late (p99 ", " ms of ", "), ", " %."]);
        assert_eq!(taken_apart("7.").1, ["7"]);
        assert!(taken_apart("p99, v2").1.is_empty());
    }
}
