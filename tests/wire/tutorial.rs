//! The tutorial's flow over real sockets, with exact bytes.

use serde_json::json;
use testkit::{connect, connect_to, tutorial};

#[test]
fn lobby_members_all_get_what_one_of_them_says() {
    let server = tutorial();
    let mut clients: Vec<_> = (0..6).map(|_| connect(&server)).collect();
    clients
        .iter_mut()
        .for_each(|client| client.join("room:lobby"));
    clients[2].send(json!(["11", "2", "room:lobby", "new_msg", {"body": "hi ü 🎈"}]));
    for client in &mut clients {
        assert_eq!(
            client.recv().text(),
            r#"[null,null,"room:lobby","new_msg",{"body":"hi ü 🎈"}]"#
        );
    }
}

#[test]
fn secret_room_is_refused_by_the_tutorials_word_other_topics_unmatched() {
    let server = tutorial();
    let mut client = connect(&server);
    client.send(json!(["3", "4", "room:secret", "phx_join", {}]));
    assert_eq!(
        client.recv().text(),
        r#"["3","4","room:secret","phx_reply",{"response":{"reason":"authorized"},"status":"error"}]"#
    );
    client.send(json!(["5", "6", "nope", "phx_join", {}]));
    assert_eq!(
        client.recv().text(),
        r#"[null,"6","nope","phx_reply",{"response":{"reason":"unmatched topic"},"status":"error"}]"#
    );
}

#[test]
fn message_without_body_or_of_unknown_event_is_answered_and_channel_lives() {
    let server = tutorial();
    let mut client = connect(&server);
    client.join("room:lobby");
    for (event, payload) in [
        ("new_msg", json!({})),
        ("new_msg", json!([1])),
        ("shout", json!({"body": 1})),
    ] {
        client.send(json!(["11", "7", "room:lobby", event, payload]));
        let answer = client.json();
        assert_eq!(answer[3], "phx_reply");
        assert_eq!(answer[4]["status"], "error");
        assert!(
            answer[4]["response"]["reason"]
                .as_str()
                .unwrap()
                .contains(event)
        );
    }
    client.send(json!(["11", "8", "room:lobby", "new_msg", {"body": "still here", "more": 1}]));
    client.expect(json!([null, null, "room:lobby", "new_msg", {"body": "still here"}]));
}

#[test]
fn clients_of_version_1_and_2_meet_in_one_room() {
    let server = tutorial();
    let mut old = connect_to(server.local_addr(), "/socket/websocket");
    let mut new = connect(&server);
    old.send(json!({"topic": "room:lobby", "event": "phx_join", "payload": {}, "ref": "1"}));
    assert_eq!(
        old.json(),
        json!({"topic": "room:lobby", "event": "phx_reply", "payload": {"status": "ok", "response": {}}, "ref": "1"})
    );
    new.join("room:lobby");
    new.send(json!(["11", "2", "room:lobby", "new_msg", {"body": "hello"}]));
    let event = json!({"topic": "room:lobby", "event": "new_msg", "payload": {"body": "hello"}, "ref": null});
    assert_eq!(old.json(), event);
    new.expect(json!([null, null, "room:lobby", "new_msg", {"body": "hello"}]));
}

#[test]
fn stop_closes_every_connection_with_1012_so_that_clients_come_back() {
    let server = tutorial();
    let mut idle = connect(&server);
    let mut joined = connect(&server);
    joined.join("room:lobby");
    let stopping = std::thread::spawn(move || server.stop().unwrap());
    assert_eq!(idle.close_code(), 1012);
    assert_eq!(joined.close_code(), 1012);
    drop((idle, joined));
    assert_eq!(stopping.join().unwrap().cut_off, 0);
}
