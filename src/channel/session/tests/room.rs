//! The tutorial's room, as its clients meet it.

use std::sync::Arc;

use super::{Client, Version};
use crate::channel::{Assigns, Routes};
use crate::rooms::RoomChannel;

fn client() -> Client {
    Client::with(Version::V2, Assigns::default(), |settings| {
        let mut routes = Routes::default();
        routes.push("room:*", Arc::new(RoomChannel));
        settings.routes = routes;
    })
}

fn in_lobby() -> Client {
    let mut client = client();
    client.says(r#"["1","1","room:lobby","phx_join",{}]"#);
    client
}

#[test]
fn the_lobby_is_open_and_other_rooms_are_not() {
    let reply = r#"["1","1","room:lobby","phx_reply",{"response":{},"status":"ok"}]"#;
    let frames = client().says(r#"["1","1","room:lobby","phx_join",{}]"#);
    assert_eq!(frames, [reply]);
    let refused = r#"["1","1","room:secret","phx_reply",{"response":{"reason":"authorized"},"status":"error"}]"#;
    let frames = client().says(r#"["1","1","room:secret","phx_join",{}]"#);
    assert_eq!(frames, [refused]);
}

#[test]
fn a_new_msg_is_broadcast_with_its_body_alone_and_not_replied_to() {
    let frames = in_lobby().says(r#"["1","2","room:lobby","new_msg",{"x":1,"body":"<b>é</b>"}]"#);
    let said = r#"[null,null,"room:lobby","new_msg",{"body":"<b>é</b>"}]"#;
    assert_eq!(frames, [said]);
}

#[test]
fn what_the_room_does_not_understand_is_an_error_with_a_reason_and_the_room_stays_open() {
    let mut client = in_lobby();
    let cases = [
        (
            r#""new_msg",{"text":"hi"}"#,
            "new_msg needs an object with a body",
        ),
        (
            r#""new_msg",["body"]"#,
            "new_msg needs an object with a body",
        ),
        (r#""shout",{"body":"hi"}"#, r#"unknown event \"shout\""#),
    ];
    for (message, reason) in cases {
        let frames = client.says(&format!(r#"["1","2","room:lobby",{message}]"#));
        let reply = format!(
            r#"["1","2","room:lobby","phx_reply",{{"response":{{"reason":"{reason}"}},"status":"error"}}]"#
        );
        assert_eq!(frames, [reply]);
    }
    let binary = client.says_bytes(b"\x00\x01\x01\x0a\x0713room:lobbynew_msg\x01\x02");
    assert!(binary[0].contains("needs an object"), "{binary:?}");
    assert_eq!(client.session.channels_len(), 1);
}
