//! Joins of topics with a highest number of members.

use super::Client;

const JOIN: &str = r#"["1","2","room:a","phx_join",{"do":"one place"}]"#;
const FULL: &str =
    r#"["1","2","room:a","phx_reply",{"response":{"reason":"room full"},"status":"error"}]"#;

#[test]
fn join_of_a_full_topic_is_refused_and_nothing_of_it_remains() {
    let mut client = Client::v2();
    client.host.occupy("room:a");
    assert_eq!(client.says(JOIN), [FULL]);
    assert_eq!(client.session.channels_len(), 0);
    assert_eq!(client.host.topics(), ["room:a"], "the other's alone");
    client.session.terminate(&mut client.host);
    assert_eq!(client.diary.read(), [""; 0], "no terminate");
}

#[test]
fn reply_of_a_join_that_finds_a_place_comes_first() {
    let frames = Client::v2().says(JOIN);
    let expected = [
        r#"["1","2","room:a","phx_reply",{"response":{"place":1},"status":"ok"}]"#,
        r#"["1",null,"room:a","early",{}]"#,
        r#"["1",null,"room:a","info",{"text":"after join"}]"#,
    ];
    assert_eq!(frames, expected);
}

#[test]
fn join_that_waited_may_be_refused_as_full_and_its_line_is_unmatched() {
    let mut client = Client::v2();
    client.says(r#"["1","2","room:a","phx_join",{"do":"one place late"}]"#);
    client.says(r#"["1","3","room:a","echo",{}]"#);
    client.host.occupy("room:a");
    let unmatched = r#"[null,"3","room:a","phx_reply",{"response":{"reason":"unmatched topic"},"status":"error"}]"#;
    assert_eq!(client.finishes_job(), [FULL, unmatched]);
}

#[test]
fn join_on_the_same_connection_takes_the_place_of_the_one_before() {
    let mut client = Client::v2();
    client.says(JOIN);
    let frames = client.says(r#"["5","5","room:a","phx_join",{"do":"one place"}]"#);
    let reply = r#"["5","5","room:a","phx_reply",{"response":{"place":1},"status":"ok"}]"#;
    assert!(frames.contains(&reply.to_owned()), "{frames:?}");
}
