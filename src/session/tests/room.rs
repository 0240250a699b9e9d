//! The tutorial's room as its clients meet it, by rules and in code: clients must see no
//! difference.

use std::sync::Arc;

use super::Client;
use crate::channel::{Assigns, Routes};
use crate::protocol::Version;
use crate::rooms::{DeclaredRoom, RoomChannel, tutorial};

fn in_code() -> Routes {
    let mut routes = Routes::default();
    routes.push("room:*", Arc::new(RoomChannel));
    routes
}

fn by_rules() -> Routes {
    let mut routes = Routes::default();
    for rules in tutorial() {
        let topic = rules.topic.clone();
        routes.push(&topic, Arc::new(DeclaredRoom::new(rules)));
    }
    routes
}

fn client(routes: fn() -> Routes) -> Client {
    Client::with(Version::V2, Assigns::default(), |settings| {
        settings.routes = routes();
    })
}

fn in_lobby(routes: fn() -> Routes) -> Client {
    let mut client = client(routes);
    client.says(r#"["1","1","room:lobby","phx_join",{}]"#);
    client
}

const BOTH: [fn() -> Routes; 2] = [in_code, by_rules];

#[test]
fn lobby_is_open_and_other_rooms_are_not() {
    for routes in BOTH {
        let reply = r#"["1","1","room:lobby","phx_reply",{"response":{},"status":"ok"}]"#;
        let frames = client(routes).says(r#"["1","1","room:lobby","phx_join",{}]"#);
        assert_eq!(frames, [reply]);
        for topic in ["room:secret", "room:lobby2", "room:"] {
            let refused = format!(
                r#"["1","1","{topic}","phx_reply",{{"response":{{"reason":"authorized"}},"status":"error"}}]"#
            );
            let frames = client(routes).says(&format!(r#"["1","1","{topic}","phx_join",{{}}]"#));
            assert_eq!(frames, [refused]);
        }
        let unmatched = r#"[null,"1","roomy","phx_reply",{"response":{"reason":"unmatched topic"},"status":"error"}]"#;
        let frames = client(routes).says(r#"["1","1","roomy","phx_join",{}]"#);
        assert_eq!(frames, [unmatched]);
    }
}

#[test]
fn new_msg_is_broadcast_with_its_body_alone_and_not_replied_to() {
    let cases = [
        (r#"{"x":1,"body":"<b>é</b>"}"#, r#"{"body":"<b>é</b>"}"#),
        (
            r#"{"body": { "a" : [1.0, 1e3] }}"#,
            r#"{"body":{ "a" : [1.0, 1e3] }}"#,
        ),
        (r#"{"body":null}"#, r#"{"body":null}"#),
        (r#"{"body":1,"body":2}"#, r#"{"body":2}"#),
        (r#"{"b\u006fdy":"x"}"#, r#"{"body":"x"}"#),
    ];
    for routes in BOTH {
        for (sent, relayed) in cases {
            let frames =
                in_lobby(routes).says(&format!(r#"["1","2","room:lobby","new_msg",{sent}]"#));
            let said = format!(r#"[null,null,"room:lobby","new_msg",{relayed}]"#);
            assert_eq!(frames, [said]);
        }
    }
}

#[test]
fn message_unknown_to_the_room_is_an_error_with_a_reason_and_ends_nothing() {
    let needs = "new_msg needs an object with a body";
    let cases = [
        (r#""new_msg",{"text":"hi"}"#, needs),
        (r#""new_msg",["body"]"#, needs),
        (r#""new_msg","body""#, needs),
        (r#""new_msg",null"#, needs),
        (r#""shout",{"body":"hi"}"#, r#"unknown event \"shout\""#),
        (r#""NEW_MSG",{"body":"hi"}"#, r#"unknown event \"NEW_MSG\""#),
        (r#""",{"body":"hi"}"#, r#"unknown event \"\""#),
        (r#""phx_close",{}"#, r#"unknown event \"phx_close\""#),
        (r#"7,{"body":"hi"}"#, "event is not a string"),
    ];
    for routes in BOTH {
        let mut client = in_lobby(routes);
        for (message, reason) in cases {
            let frames = client.says(&format!(r#"["1","2","room:lobby",{message}]"#));
            let reply = format!(
                r#"["1","2","room:lobby","phx_reply",{{"response":{{"reason":"{reason}"}},"status":"error"}}]"#
            );
            assert_eq!(frames, [reply]);
        }
        let binary = client.says_bytes(b"\x00\x01\x01\x0a\x0713room:lobbynew_msg\x01\x02");
        assert!(binary[0].contains(needs), "{binary:?}");
        assert_eq!(client.session.channels_len(), 1);
    }
}
