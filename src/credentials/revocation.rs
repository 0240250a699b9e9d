//! A revocation: a token, or the tokens of a subject, that are taken no longer. Plain data.

use compact_str::CompactString;
use serde_json::{Map, Value};

/// A token by its own name (`jti`), or all tokens of a subject that were issued before a moment.
///
/// A revocation is for emergencies. It is kept in memory, and ends with the process unless it
/// stands in a file. Tokens with a short life need none.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Revocation {
    /// What is taken no longer.
    pub of: Revoked,
    /// When the revocation itself ends, in milliseconds since 1970: when the last of its tokens
    /// is over anyway. `None`: never.
    pub until_ms: Option<u64>,
}

/// What a revocation is of.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Revoked {
    /// The token with this `jti`.
    Token(CompactString),
    /// The tokens of a subject.
    Subject {
        /// The subject, as the token names it.
        subject: CompactString,
        /// Tokens issued at this moment or later are good, in milliseconds since 1970. A token
        /// that says no moment is revoked. `None` bans the subject: none of its tokens is good.
        issued_before_ms: Option<u64>,
    },
}

impl Revocation {
    /// Revokes the token with this `jti`.
    pub fn token(id: impl Into<CompactString>) -> Revocation {
        Revocation {
            of: Revoked::Token(id.into()),
            until_ms: None,
        }
    }

    /// Revokes the tokens of `subject` that were issued before this moment, in milliseconds since
    /// 1970.
    pub fn subject(subject: impl Into<CompactString>, issued_before_ms: u64) -> Revocation {
        Revocation {
            of: Revoked::Subject {
                subject: subject.into(),
                issued_before_ms: Some(issued_before_ms),
            },
            until_ms: None,
        }
    }

    /// Bans `subject`: all of its tokens are revoked, whenever they are issued.
    pub fn ban(subject: impl Into<CompactString>) -> Revocation {
        Revocation {
            of: Revoked::Subject {
                subject: subject.into(),
                issued_before_ms: None,
            },
            until_ms: None,
        }
    }

    /// Ends the revocation at this moment, in milliseconds since 1970.
    #[must_use]
    pub fn until_ms(self, until_ms: u64) -> Revocation {
        Revocation {
            until_ms: Some(until_ms),
            ..self
        }
    }

    /// Reads a file of revocations: a JSON object a line. Empty lines, and lines that begin with
    /// `#`, are left out. Times are seconds since 1970.
    ///
    /// ```text
    /// {"jti": "8f0c", "until": 1764400000}
    /// {"subject": "u17", "issued_before": 1764400000}
    /// {"subject": "u18"}
    /// ```
    ///
    /// # Errors
    /// The first line that is none of these, with its number and what is wrong with it. Nothing of
    /// the file is taken then.
    pub fn lines(text: &str) -> Result<Vec<Revocation>, BadRevocation> {
        let lines = text.lines().enumerate();
        let lines = lines.map(|(at, line)| (at + 1, line.trim()));
        let told = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
        let read = told.map(|(at, line)| of_line(line).map_err(|why| BadRevocation(at, why)));
        read.collect()
    }
}

/// A line of a file that is no revocation: its number, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {0}: {1}")]
#[non_exhaustive]
pub struct BadRevocation(pub usize, pub String);

const FORMS: &str = r#"a line is {"jti": "…"} or {"subject": "…", "issued_before": seconds}"#;

fn of_line(line: &str) -> Result<Revocation, String> {
    let object: Map<String, Value> =
        serde_json::from_str(line).map_err(|_| format!("no JSON object: {FORMS}"))?;
    let known = ["jti", "subject", "issued_before", "until"];
    if let Some(other) = object.keys().find(|key| !known.contains(&key.as_str())) {
        return Err(format!("unknown field {other:?}: {FORMS}"));
    }
    let issued_before_ms = time_of(&object, "issued_before")?;
    let until_ms = time_of(&object, "until")?;
    let of = match (name_of(&object, "jti")?, name_of(&object, "subject")?) {
        (Some(_), None) if issued_before_ms.is_some() => {
            return Err("`issued_before` is for a subject: leave it out beside `jti`".to_owned());
        }
        (Some(id), None) => Revoked::Token(id),
        (None, Some(subject)) => Revoked::Subject {
            subject,
            issued_before_ms,
        },
        _ => return Err(format!("either `jti` or `subject`: {FORMS}")),
    };
    Ok(Revocation { of, until_ms })
}

fn name_of(object: &Map<String, Value>, key: &str) -> Result<Option<CompactString>, String> {
    match object.get(key) {
        None => Ok(None),
        Some(Value::String(name)) if !name.is_empty() => Ok(Some(name.into())),
        Some(_) => Err(format!("`{key}` is a text that is not empty")),
    }
}

fn time_of(object: &Map<String, Value>, key: &str) -> Result<Option<u64>, String> {
    let Some(value) = object.get(key) else {
        return Ok(None);
    };
    let ms = value
        .as_u64()
        .and_then(|seconds| seconds.checked_mul(1_000));
    ms.map(Some)
        .ok_or_else(|| format!("`{key}` is a time in whole seconds since 1970"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_a_file_are_revocations_and_comments() {
        let text = "\n# the stolen laptop\n{\"jti\": \"8f0c\", \"until\": 1764400000}\n  \
                    {\"subject\": \"u17\", \"issued_before\": 1764400000}\n{\"subject\": \"u18\"}\n";
        let expected = vec![
            Revocation::token("8f0c").until_ms(1_764_400_000_000),
            Revocation::subject("u17", 1_764_400_000_000),
            Revocation::ban("u18"),
        ];
        assert_eq!(Revocation::lines(text), Ok(expected));
        assert_eq!(Revocation::lines(""), Ok(Vec::new()));
    }

    #[test]
    fn line_that_is_no_revocation_is_named_with_its_fault() {
        let fault = |line: &str| Revocation::lines(&format!("\n{line}")).unwrap_err();
        let table = [
            ("u17", "no JSON object"),
            ("[]", "no JSON object"),
            ("{}", "either `jti` or `subject`"),
            (r#"{"jti": "a", "subject": "b"}"#, "either"),
            (r#"{"jti": ""}"#, "`jti` is a text"),
            (r#"{"subject": 7}"#, "`subject` is a text"),
            (
                r#"{"jti": "a", "issued_before": 1}"#,
                "`issued_before` is for a subject",
            ),
            (
                r#"{"subject": "a", "issued_before": -1}"#,
                "`issued_before` is a time",
            ),
            (r#"{"subject": "a", "until": 1.5}"#, "`until` is a time"),
            (
                r#"{"subject": "a", "until": 18446744073709551615}"#,
                "`until` is a time",
            ),
            (r#"{"subject": "a", "why": "x"}"#, "unknown field \"why\""),
        ];
        for (line, why) in table {
            let BadRevocation(at, told) = fault(line);
            assert_eq!(at, 2, "{line}");
            assert!(told.starts_with(why), "{line}: {told}");
        }
    }
}
