//! Tests of which texts count as JSON, at any depth and size (protocol.md §2.5).

use std::time::{Duration, Instant};

use super::text;
use crate::protocol::error::Undecodable;
use crate::protocol::scratch::DecodeScratch;
use crate::protocol::version::Version;

#[test]
fn text_that_is_not_json_is_refused_wherever_it_stands() {
    let not_values = [
        "",
        "01",
        "-",
        "1.",
        ".5",
        "+1",
        "1e",
        "1e+",
        "-01",
        "0x1",
        "1e400",
        "-1.0e999",
        "NaN",
        "Infinity",
        "tru",
        "nul",
        "falsy",
        "True",
        "'a'",
        "\"a",
        "\"\\\"",
        "\"\\x\"",
        "\"\\u12g4\"",
        "\"\\u12\"",
        "\"\t\"",
        "\"\n\"",
        "\"\u{0}\"",
        "\"\\ud800\"",
        "\"\\udc00\"",
        "\"\\ud800x\"",
        "\"\\ud800\\n\"",
        "\"\\ud800\\ud800\"",
        "\"\\udc00\\ud800\"",
        "[",
        "]",
        "[1",
        "[1,",
        "[1,]",
        "[,1]",
        "[1 2]",
        "[1}",
        "{",
        "}",
        "{\"a\"",
        "{\"a\":",
        "{\"a\":1",
        "{\"a\":1,",
        "{\"a\":1,}",
        "{\"a\" 1}",
        "{1:1}",
        "{a:1}",
        "{,}",
        "{\"a\":1]",
        "{\"a\",1}",
        "[\"a\":1]",
        "[[]",
        "[{]}",
        "1//c",
        "/**/1",
        "\u{feff}1",
        "\u{a0}1",
        "nullnull",
        "1 1",
        "\u{c}1",
    ];
    for value in not_values {
        let v2 = format!(r#"["1","1","t","e",{value}]"#);
        assert_eq!(text(Version::V2, &v2), Err(Undecodable::NotJson), "{v2}");
        let nested = format!(r#"["1","1","t","e",{{"k":[{value} , 1]}}]"#);
        assert_eq!(
            text(Version::V2, &nested),
            Err(Undecodable::NotJson),
            "{nested}"
        );
        let early = format!(r#"[{value},"1","t","e",{{}}]"#);
        assert_eq!(
            text(Version::V2, &early),
            Err(Undecodable::NotJson),
            "{early}"
        );
        let v1 = format!(r#"{{"topic":"t","event":"e","payload":{value},"ref":"1"}}"#);
        assert_eq!(text(Version::V1, &v1), Err(Undecodable::NotJson), "{v1}");
    }
}

#[test]
fn prefixes_of_a_message_and_anything_behind_it_are_refused() {
    let frame = r#"["1",2.5e1,"t","\u00e9",{"a":[true,null,"x"]}]"#;
    for length in 0..frame.len() {
        assert!(text(Version::V2, &frame[..length]).is_err(), "{length}");
    }
    for behind in ["]", "[", ",", "1", "\0", "null", frame] {
        let long = format!("{frame}{behind}");
        assert_eq!(
            text(Version::V2, &long),
            Err(Undecodable::NotJson),
            "{long}"
        );
    }
}

#[test]
fn bytes_that_v1_reads_as_text_are_refused_if_they_are_not_utf8() {
    let frame = b"{\"topic\":\"t\",\"event\":\"e\",\"payload\":\"\xff\",\"ref\":\"1\"}";
    let result = Version::V1.decode_binary(frame, &mut DecodeScratch::new());
    assert_eq!(result, Err(Undecodable::NotJson));
}

#[test]
fn integers_of_any_size_pass_verbatim() {
    let digits = "9".repeat(1000);
    for number in [
        digits.as_str(),
        "-0",
        "18446744073709551616",
        "-9223372036854775809",
        "0.1e-999",
    ] {
        let frame = format!(r#"["1",{number},"t","e",{{"n":{number}}}]"#);
        let message = text(Version::V2, &frame).expect("valid");
        let n = message.payload.get("n").expect("the key is there");
        assert_eq!(n.as_raw(), number);
    }
}

#[test]
fn deep_json_costs_no_stack_and_linear_time() {
    const DEPTH: usize = 1_000_000;
    let start = Instant::now();
    let (open, close) = ("[{\"\":".repeat(DEPTH), "}]".repeat(DEPTH));
    let frame = format!(r#"["1","1","t","e",{open}1{close}]"#);
    let message = text(Version::V2, &frame).expect("valid");
    assert_eq!(
        message.payload.as_json().map(|json| json.as_raw().len()),
        Some(7 * DEPTH + 1)
    );
    for bad in [
        &frame[..frame.len() / 2],
        &"[".repeat(60_000),
        &"{\"a\":".repeat(60_000),
    ] {
        assert_eq!(text(Version::V2, bad), Err(Undecodable::NotJson));
        assert_eq!(text(Version::V1, bad), Err(Undecodable::NotJson));
    }
    assert!(
        start.elapsed() < Duration::from_secs(20),
        "quadratic would take hours"
    );
}

#[test]
fn brackets_must_match_at_any_depth() {
    for depth in [1_usize, 2, 63, 64, 65, 127, 128, 129, 200] {
        for wrong in 0..depth {
            let open: String = (0..depth)
                .map(|at| if at.is_multiple_of(3) { "[" } else { "{\"a\":" })
                .collect();
            let close = |flip: Option<usize>| -> String {
                let closing = |at: usize| {
                    if at.is_multiple_of(3) != (flip == Some(at)) {
                        ']'
                    } else {
                        '}'
                    }
                };
                (0..depth).rev().map(closing).collect()
            };
            let frame = |flip| format!("[1,1,1,1,{open}1{}]", close(flip));
            assert!(text(Version::V2, &frame(None)).is_ok());
            assert_eq!(
                text(Version::V2, &frame(Some(wrong))),
                Err(Undecodable::NotJson)
            );
        }
    }
}
