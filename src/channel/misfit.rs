//! The reason why a payload does not fit the type that a handler takes, in words for its sender.

use serde::de::DeserializeOwned;

use crate::protocol::{Json, Payload};

/// Bytes at which a reason for a sender is cut, because a serde message may quote a whole value. A
/// cut reason ends with `…`.
const REASON_BYTES_MAX: usize = 200;

/// Parses `payload` as a type of the app's. Err says what is wrong, and in which field.
pub(super) fn parse<T: DeserializeOwned>(payload: Payload<'_>) -> Result<T, String> {
    let Some(json) = payload.as_json() else {
        return Err("JSON is needed, not bytes".to_owned());
    };
    json.parse()
        .map_err(|mismatch| shortened(reason_of::<T>(json).unwrap_or(mismatch.to_string())))
}

/// Returns the reason why a value does not fit. The fast parser knows no fields, so the value is
/// read a second time by a parser that knows them. `None` if that parser takes the value.
fn reason_of<T: DeserializeOwned>(json: Json<'_>) -> Option<String> {
    let mut deserializer = serde_json::Deserializer::from_str(json.as_raw());
    let read: Result<T, _> = serde_path_to_error::deserialize(&mut deserializer);
    let error = read.err()?;
    let text = error.inner().to_string();
    // Line and column are left out: a sender whose JSON a library wrote cannot use them.
    let what = text
        .rsplit_once(" at line ")
        .map_or(&*text, |(what, _)| what);
    let path = error.path();
    Some(match path.iter().next() {
        Some(_) => format!("{path}: {what}"),
        None => what.to_owned(),
    })
}

fn shortened(mut reason: String) -> String {
    if reason.len() > REASON_BYTES_MAX {
        reason.truncate(reason.floor_char_boundary(REASON_BYTES_MAX));
        reason.push('…');
    }
    reason
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize, PartialEq)]
    struct Note {
        to: Vec<u8>,
        text: String,
    }

    fn told(json: &str) -> String {
        parse::<Note>(Payload::Json(Json::new(json).unwrap())).unwrap_err()
    }

    #[test]
    fn field_that_does_not_fit_is_named() {
        for (json, reason) in [
            (r#"{"to":[1]}"#, "missing field `text`"),
            (
                r#"{"to":[1],"text":2}"#,
                "text: invalid type: integer `2`, expected a string",
            ),
            (
                r#"{"to":[1,300],"text":"x"}"#,
                "to[1]: invalid value: integer `300`, expected u8",
            ),
            ("7", "invalid type: integer `7`, expected struct Note"),
            (
                r#"{"text":"a","text":"b","to":[]}"#,
                "duplicate field `text`",
            ),
        ] {
            assert_eq!(told(json), reason, "{json}");
        }
    }

    #[test]
    fn reason_has_a_bounded_length_whatever_was_sent() {
        let long = "é".repeat(10_000);
        let reason = told(&format!(r#"{{"to":"{long}","text":""}}"#));
        assert!(
            reason.len() <= REASON_BYTES_MAX + '…'.len_utf8(),
            "{reason}"
        );
        assert!(reason.starts_with("to: invalid type: string"), "{reason}");
        let deep = "[".repeat(5_000) + &"]".repeat(5_000);
        assert!(told(&format!(r#"{{"to":{deep}}}"#)).len() <= 203);
    }

    #[test]
    fn bytes_are_no_json() {
        let reason = parse::<Note>(Payload::Binary(b"{}")).unwrap_err();
        assert_eq!(reason, "JSON is needed, not bytes");
    }
}
