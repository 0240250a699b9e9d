//! What a result shows of flags that may hold secrets.

/// Returns the command line without values of --param, --header and --auth-token, and without
/// tokens in --join-payload. Files of values are named.
pub(super) fn command_line(arguments: impl Iterator<Item = String>) -> Vec<String> {
    let mut flag_before = String::new();
    let mask = |argument: String| {
        if let Some((flag, value)) = argument.split_once('=')
            && flag.starts_with("--")
        {
            return format!("{flag}={}", masked(flag, value));
        }
        let flag = std::mem::replace(&mut flag_before, argument.clone());
        masked(&flag, &argument)
    };
    arguments.map(mask).collect()
}

/// Returns the value of a flag as it is shown.
fn masked(flag: &str, value: &str) -> String {
    let parts = match flag {
        "--param" => '=',
        "--header" => ':',
        "--auth-token" => return source(value),
        "--join-payload" => return payload(value),
        _ => return value.to_owned(),
    };
    match value.split_once(parts) {
        Some((name, value)) if parts == '=' => format!("{name}={}", source(value)),
        Some((name, _)) => format!("{name}:…"),
        None => "…".to_owned(),
    }
}

/// Returns a file of values as typed, and nothing of a value.
fn source(value: &str) -> String {
    match value.starts_with('@') && !value.starts_with("@@") {
        true => value.to_owned(),
        false => "…".to_owned(),
    }
}

/// Words in the names of members whose values are secrets.
const SECRETS: [&str; 4] = ["token", "secret", "password", "key"];

/// Returns the JSON of a join as typed, but for texts of members that are named like secrets. A
/// place for a client's value is no secret.
pub fn payload(json: &str) -> String {
    let (mut shown, mut rest, mut name) = (String::new(), json, "");
    while let Some(begin) = rest.find('"') {
        let (before, from) = rest.split_at(begin);
        let Some(len) = end_of_string(from) else {
            break;
        };
        let text = &from[1..len - 1];
        let is_value = before.trim() == ":";
        let lower = name.to_lowercase();
        let is_secret = is_value && SECRETS.iter().any(|word| lower.contains(word));
        let is_place = text.starts_with('{') && text.find('}') == Some(text.len() - 1);
        shown.push_str(before);
        match is_secret && !is_place {
            true => shown.push_str("\"…\""),
            false => shown.push_str(&from[..len]),
        }
        name = text;
        rest = &from[len..];
    }
    shown + rest
}

/// Returns the length of the JSON string that `text` begins with, if it has an end.
fn end_of_string(text: &str) -> Option<usize> {
    let mut escaped = false;
    let end = text.bytes().skip(1).position(|byte| {
        let is_end = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        is_end
    });
    end.map(|at| at + 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn command_line_is_kept_without_its_secrets() {
        for (line, expected) in [
            (
                "x fanout --param token=abc --header Authorization:b --param=key=c --rate 5",
                "x fanout --param token=… --header Authorization:… --param=key=… --rate 5",
            ),
            (
                "x joins --param t=@f --param=u=@@f --auth-token a=b --auth-token=c --auth-token @f",
                "x joins --param t=@f --param=u=… --auth-token … --auth-token=… --auth-token @f",
            ),
            (
                r#"x idle --join-payload {"access_token":"a"} --join-payload={"token":"b"}"#,
                r#"x idle --join-payload {"access_token":"…"} --join-payload={"token":"…"}"#,
            ),
        ] {
            let kept = command_line(line.split(' ').map(str::to_owned)).join(" ");
            assert_eq!(kept, expected);
        }
    }

    #[test]
    fn payload_is_shown_without_texts_of_members_that_are_named_like_secrets() {
        for (typed, shown) in [
            (r#"{"side":"left"}"#, r#"{"side":"left"}"#),
            (
                r#"{"Access_Token" : "a\"b", "n": 1}"#,
                r#"{"Access_Token" : "…", "n": 1}"#,
            ),
            (
                r#"{"access_token":"{token}"}"#,
                r#"{"access_token":"{token}"}"#,
            ),
            (r#"{"token":"x{token}"}"#, r#"{"token":"…"}"#),
            (r#"["token","left"]"#, r#"["token","left"]"#),
            (r#"{"token"#, r#"{"token"#),
        ] {
            assert_eq!(payload(typed), shown);
        }
    }
}
