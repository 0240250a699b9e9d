//! Random input of a client: the session answers or closes, and never panics.

use proptest::prelude::*;

use super::Client;
use crate::protocol::Version;

proptest! {
    #[test]
    fn session_does_not_panic_whatever_bytes_come(
        messages in prop::collection::vec((any::<bool>(), prop::collection::vec(any::<u8>(), 0..40)), 1..8),
        version in version(),
    ) {
        let mut client = Client::new(version);
        for (binary, data) in messages {
            let _ = match binary {
                true => client.sends_bytes(&data),
                false => client.sends(&String::from_utf8_lossy(&data)),
            };
        }
    }

    #[test]
    fn session_does_not_panic_whatever_values_refs_and_names_have(
        messages in prop::collection::vec([odd(), odd(), odd(), odd(), odd()], 1..8),
    ) {
        let mut client = Client::in_room();
        for message in messages {
            let _ = client.sends(&format!("[{}]", message.join(",")));
        }
    }

    #[test]
    fn session_does_not_panic_whatever_binary_header_comes(
        parts in [prop::collection::vec(any::<u8>(), 0..4), prop::collection::vec(any::<u8>(), 0..4)],
        topic in prop::sample::select(vec!["room:a", "phoenix", "room:\u{e9}", ""]),
        event in prop::sample::select(vec!["echo", "bytes", "phx_join", "phx_leave", "panic", "later"]),
        in_room in any::<bool>(),
    ) {
        let mut client = if in_room { Client::in_room() } else { Client::v2() };
        let fields = [&parts[0][..], &parts[1][..], topic.as_bytes(), event.as_bytes()];
        let mut message = vec![0];
        message.extend(fields.iter().map(|field| field.len() as u8));
        message.extend(fields.concat());
        let _ = client.sends_bytes(&message);
    }
}

fn version() -> impl Strategy<Value = Version> {
    prop_oneof![Just(Version::V1), Just(Version::V2)]
}

/// JSON in places where no client should put it.
fn odd() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "null",
        "1",
        "1.0",
        "-0",
        "1e5",
        "99999999999999999999999",
        "true",
        "{}",
        "[[[]]]",
        r#""""#,
        r#""1""#,
        r#""room:a""#,
        r#""room:\u0061""#,
        r#""phx_join""#,
        r#""phx_leave""#,
        r#""echo""#,
        r#""\u0000""#,
        r#""\ud800""#,
        r#""phoenix""#,
        r#""heartbeat""#,
        r#"{"do":"later"}"#,
    ])
}
