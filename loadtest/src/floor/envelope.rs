//! A client's message, `["jr","ref","topic","event",payload]`, cut by its quotes.
//!
//! Nothing is decoded: an answer repeats the front of the message, a broadcast the back.

use memchr::memchr2;

/// A client's message, cut into the parts that answers and broadcasts are made of.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Envelope<'a> {
    /// The topic without its quotes; escapes stay as the client sent them.
    pub topic: &'a [u8],
    /// The event without its quotes.
    pub event: &'a [u8],
    /// All bytes before the event: `["jr","ref","topic",`.
    pub before_event: &'a [u8],
    /// All bytes from the topic on: `"topic","event",payload]`.
    pub from_topic: &'a [u8],
}

impl<'a> Envelope<'a> {
    /// Cuts a message. `None` if the text has another shape. References must be strings or null,
    /// with no white space between the elements: JSON encoders write messages so.
    pub fn cut(text: &'a [u8]) -> Option<Envelope<'a>> {
        let refs = text.strip_prefix(b"[")?;
        let from_topic = after_ref(after_ref(refs)?)?;
        let (topic, rest) = string(from_topic)?;
        let from_event = rest.strip_prefix(b",")?;
        let (event, rest) = string(from_event)?;
        (rest.starts_with(b",") && rest.ends_with(b"]")).then_some(Envelope {
            topic,
            event,
            before_event: &text[..text.len() - from_event.len()],
            from_topic,
        })
    }
}

/// Returns the bytes after a reference and its comma.
fn after_ref(bytes: &[u8]) -> Option<&[u8]> {
    let rest = match bytes.strip_prefix(b"null") {
        Some(rest) => rest,
        None => string(bytes)?.1,
    };
    rest.strip_prefix(b",")
}

/// Returns the string at the start of `bytes`, and the bytes after its closing quote.
fn string(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let bytes = bytes.strip_prefix(b"\"")?;
    let mut at = 0;
    loop {
        at += memchr2(b'"', b'\\', bytes.get(at..)?)?;
        if bytes[at] == b'"' {
            return Some((&bytes[..at], &bytes[at + 1..]));
        }
        at += 2; // a backslash and the byte that it escapes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn message_is_cut_at_its_topic_and_its_event() {
        let text = br#"["3","17","room:lobby","new_msg",{"body":"a\",\"b"}]"#;
        let envelope = Envelope::cut(text).unwrap();
        assert_eq!(envelope.topic, b"room:lobby");
        assert_eq!(envelope.event, b"new_msg");
        assert_eq!(envelope.before_event, br#"["3","17","room:lobby","#);
        let from_topic = br#""room:lobby","new_msg",{"body":"a\",\"b"}]"#;
        assert_eq!(envelope.from_topic, from_topic);
    }

    #[test]
    fn references_may_be_null_and_strings_may_have_escaped_quotes() {
        let text = br#"[null,null,"room:\"\\","e",{}]"#;
        assert_eq!(Envelope::cut(text).unwrap().topic, br#"room:\"\\"#);
    }

    #[test]
    fn text_of_another_shape_is_no_envelope() {
        let shapes: [&[u8]; 9] = [
            b"",
            b"[",
            b"{}",
            br#"["1","2","room:lobby"]"#,
            br#"["1","2","room:lobby","e"]"#,
            br#"["1","2","room:lobby","e",{}"#,
            br#"["1","2","room:lobby,"#,
            br#"["1","2","room:lobby\"#,
            br#"[true,"2","room:lobby","e",{}]"#,
        ];
        for text in shapes {
            assert_eq!(Envelope::cut(text), None, "{}", text.escape_ascii());
        }
    }
}
