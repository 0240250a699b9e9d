//! The command line of `lobbyd-instructions`.

/// The words that show how the program is used.
pub const USAGE: &str = "usage: cargo run -p lobbyd-instructions -- COMMAND

check                        counts, and compares with benches/instructions/figures.json; where the
                             conditions differ from those of the record, with the commit before
                             the one that last changed that file, counted here too
check --against REV          counts REV and the present state here, and compares
record --because TEXT        counts, and writes figures.json
  --new-baseline PART        also reckons growth of works with PART in their names from here on
count                        counts, and prints the counts as JSON

A check fails if a work takes over 1 % more instructions, if it is over 3 % above its baseline, if it
allocates more blocks of heap, or if a delivery allocates any. Changes of over 0.3 % are reported.

exit code: 0 held or recorded; 1 something grew; 2 wrong use; 3 could not count or compare";

/// The argument with which this program runs itself under valgrind, to read the processor's
/// features.
pub const DISPATCH: &str = "dispatch";

/// One call of the program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Call {
    /// Counts and compares, with a named revision if there is one.
    Check { against: Option<String> },
    /// Counts and writes the file.
    Record {
        because: String,
        new_baseline: Option<String>,
    },
    /// Counts and prints.
    Count,
    /// Prints the features of the processor.
    Dispatch,
    /// Prints [`USAGE`], because it was asked for.
    Help,
}

impl Call {
    /// Reads the command line, without the program's name. `None` if it is wrong.
    pub fn parse(arguments: &[&str]) -> Option<Call> {
        match arguments {
            ["check"] => Some(Call::Check { against: None }),
            ["check", "--against", revision] => Some(Call::Check {
                against: Some((*revision).into()),
            }),
            ["record", options @ ..] => Call::record(options),
            ["count"] => Some(Call::Count),
            [DISPATCH] => Some(Call::Dispatch),
            ["help" | "--help" | "-h"] => Some(Call::Help),
            _ => None,
        }
    }

    fn record(options: &[&str]) -> Option<Call> {
        let (mut because, mut new_baseline) = (None, None);
        for pair in options.chunks(2) {
            let (option, value) = match pair {
                ["--because", text] => (&mut because, text),
                ["--new-baseline", part] => (&mut new_baseline, part),
                _ => return None,
            };
            if value.trim().is_empty() || option.replace((*value).to_owned()).is_some() {
                return None;
            }
        }
        Some(Call::Record {
            because: because?,
            new_baseline,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn record_needs_a_reason_and_takes_a_part_of_names() {
        assert_eq!(Call::parse(&["record"]), None);
        assert_eq!(Call::parse(&["record", "--because"]), None);
        assert_eq!(Call::parse(&["record", "--because", " "]), None);
        assert_eq!(Call::parse(&["record", "--new-baseline", "flush"]), None);
        let twice = ["record", "--because", "a", "--because", "b"];
        assert_eq!(Call::parse(&twice), None);
        let expected = Call::Record {
            because: "it buys resume".into(),
            new_baseline: Some("flush".into()),
        };
        let forth = [
            "record",
            "--because",
            "it buys resume",
            "--new-baseline",
            "flush",
        ];
        assert_eq!(Call::parse(&forth), Some(expected.clone()));
        let back = [
            "record",
            "--new-baseline",
            "flush",
            "--because",
            "it buys resume",
        ];
        assert_eq!(Call::parse(&back), Some(expected));
    }

    #[test]
    fn check_takes_a_revision_and_refuses_other_words() {
        assert_eq!(Call::parse(&["check"]), Some(Call::Check { against: None }));
        let against = Some("HEAD~1".to_owned());
        let parsed = Call::parse(&["check", "--against", "HEAD~1"]);
        assert_eq!(parsed, Some(Call::Check { against }));
        assert_eq!(Call::parse(&["check", "--against"]), None);
        assert_eq!(Call::parse(&["check", "HEAD~1"]), None);
        assert_eq!(Call::parse(&[]), None);
    }
}
