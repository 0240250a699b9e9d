//! The number of rooms by size, and the largest by name: few labels for any number of rooms.

use lobbyd::{Channel, Handled, Join, Payload, Router, Server, Socket, UserSocket};
use serde_json::json;
use testkit::{Client, connect_to, eventually};

use crate::metrics::page::{Page, scrape};

struct Open;

impl Channel for Open {
    fn join(&self, _: &str, _: Payload<'_>, _: &mut Socket<'_>) -> Join {
        Join::ok()
    }

    fn handle_in(&self, event: &str, payload: Payload<'_>, socket: &mut Socket<'_>) -> Handled {
        socket.broadcast(event, payload);
        Handled::no_reply()
    }
}

/// Returns the page of a server with rooms of these names and sizes. Each room has had a message.
fn page_of(rooms_top: usize, rooms: &[(&str, usize)]) -> (Page, Vec<Client>) {
    let router = Router::new().socket("/socket", UserSocket::new().channel("*", Open));
    let server = Server::new(router).shards(2).rooms_top(rooms_top);
    let server = server.bind(([127, 0, 0, 1], 0).into()).unwrap().start();
    let address = server.local_addr();
    let mut members = Vec::new();
    for &(topic, size) in rooms {
        for _ in 0..size {
            let mut client = connect_to(address, "/socket/websocket?vsn=2.0.0");
            client.join(topic);
            members.push(client);
        }
        let speaker = members.last_mut().expect("a member");
        speaker.send(json!(["11", "2", topic, "hello", {}]));
        assert_eq!(speaker.json()[3], "hello");
    }
    let channels = members.len() as f64;
    eventually("all joins are shown", || {
        scrape(address).value("lobbyd_channels", &[]) == channels
    });
    (scrape(address), members)
}

fn topics(page: &Page, name: &str) -> Vec<(String, f64)> {
    let samples = page.0[name].samples.iter();
    samples
        .map(|((_, labels), value)| (labels["topic"].clone(), *value))
        .collect()
}

#[test]
fn rooms_are_counted_by_size_and_only_the_largest_are_named() {
    let rooms = [("a", 1), ("b", 11), ("c", 2), ("d", 1), ("e", 10)];
    let (page, _members) = page_of(2, &rooms);
    let of_size = |members| page.value("lobbyd_rooms", &[("members", members)]);
    assert_eq!(
        ["1", "2-10", "11-100", "101-1000", "1001-10000", "more"].map(of_size),
        [2.0, 2.0, 1.0, 0.0, 0.0, 0.0]
    );
    let named = |topic: &str, value| (topic.to_owned(), value);
    assert_eq!(
        topics(&page, "lobbyd_room_members"),
        [named("b", 11.0), named("e", 10.0)]
    );
    assert_eq!(
        topics(&page, "lobbyd_room_messages_total"),
        [named("b", 1.0), named("e", 1.0)]
    );
}

#[test]
fn rooms_are_not_named_where_none_shall_be() {
    let (page, _members) = page_of(0, &[("a", 2)]);
    assert_eq!(topics(&page, "lobbyd_room_members"), []);
    assert_eq!(page.sum("lobbyd_rooms"), 1.0);
}

#[test]
fn topic_of_any_characters_is_escaped() {
    let odd = "a\"b\\c\nd,e}f=\u{e9} ";
    let (page, _members) = page_of(10, &[(odd, 1)]);
    assert_eq!(
        topics(&page, "lobbyd_room_members"),
        [(odd.to_owned(), 1.0)]
    );
}
