//! The messages of clients, in each encoding, with a body of a stated size.

use lobbyd::protocol::{DecodeScratch, Message, Version};

pub const TOPIC: &str = "room:lobby";
pub const EVENT: &str = "new_msg";

/// Sizes of bodies, in bytes, with the names that benches give them.
pub const SIZES: [(&str, usize); 3] = [("64 B", 64), ("1 KiB", 1 << 10), ("16 KiB", 16 << 10)];

/// One of the three encodings of a client's push.
#[derive(Clone, Copy)]
pub enum Encoding {
    V1,
    V2,
    Binary,
}

impl Encoding {
    pub const ALL: [Encoding; 3] = [Encoding::V1, Encoding::V2, Encoding::Binary];

    pub fn name(self) -> &'static str {
        match self {
            Encoding::V1 => "V1",
            Encoding::V2 => "V2",
            Encoding::Binary => "binary",
        }
    }

    pub fn version(self) -> Version {
        match self {
            Encoding::V1 => Version::V1,
            Encoding::V2 | Encoding::Binary => Version::V2,
        }
    }
}

/// A push in one encoding, and the size of the payload that its decoding must return.
pub struct Push {
    encoding: Encoding,
    content: Content,
    payload_bytes: usize,
}

/// The content of the push, as the frame reader yields it.
enum Content {
    Text(String),
    Binary(Vec<u8>),
}

/// Returns a push of `new_msg` to `room:lobby` whose body has `body_bytes` bytes.
pub fn push(encoding: Encoding, body_bytes: usize) -> Push {
    let body = body(body_bytes);
    let payload = match encoding {
        Encoding::Binary => body,
        Encoding::V1 | Encoding::V2 => format!(r#"{{"body":"{body}"}}"#),
    };
    let content = match encoding {
        Encoding::V1 => Content::Text(format!(
            r#"{{"topic":"{TOPIC}","event":"{EVENT}","payload":{payload},"ref":"42","join_ref":"11"}}"#
        )),
        Encoding::V2 => Content::Text(format!(r#"["11","42","{TOPIC}","{EVENT}",{payload}]"#)),
        Encoding::Binary => {
            let lengths = [0, 2, 2, TOPIC.len() as u8, EVENT.len() as u8];
            let header = [&lengths[..], b"1142", TOPIC.as_bytes(), EVENT.as_bytes()].concat();
            Content::Binary([header, payload.clone().into_bytes()].concat())
        }
    };
    Push {
        encoding,
        content,
        payload_bytes: payload.len(),
    }
}

impl Push {
    /// Returns the payload of the push's WebSocket frame.
    pub fn bytes(&self) -> &[u8] {
        match &self.content {
            Content::Text(text) => text.as_bytes(),
            Content::Binary(bytes) => bytes,
        }
    }

    /// Decodes the push as a shard does. Panics if the message differs.
    pub fn decode(&self, scratch: &mut DecodeScratch) -> Message<'_> {
        let version = self.encoding.version();
        let message = match &self.content {
            Content::Text(text) => version.decode_text(text, scratch),
            Content::Binary(bytes) => version.decode_binary(bytes, scratch),
        };
        let message = message.expect("a push is decodable");
        assert_eq!(message.topic.as_str(), Some(TOPIC));
        assert_eq!(message.event.as_str(), Some(EVENT));
        let payload = match message.payload.as_json() {
            Some(json) => json.as_raw().len(),
            None => message.payload.as_binary().map_or(0, <[u8]>::len),
        };
        assert_eq!(payload, self.payload_bytes);
        message
    }
}

/// Returns natural text of `bytes` bytes, with some escapes.
pub fn body(bytes: usize) -> String {
    let words = r"Somebody said that fan-out is \u201cmostly\u201d writes, and nobody in the lobby minded. ";
    let mut text: String = words.chars().cycle().take(bytes).collect();
    // A body must not end inside an escape.
    let tail = text.len() - text.len().min(6);
    if text[tail..].contains('\\') {
        text.replace_range(tail.., &"......"[..text.len() - tail]);
    }
    text
}
