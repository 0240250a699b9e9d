//! A real lobbyd with one kind of room, in the process of the test.

use std::net::SocketAddr;

use lobbyd::server::{Running, Server};
use lobbyd::{Channel, Handled, Join, Payload, Router, Socket, UserSocket, object, reason};

/// A channel for any room. Events with a body are broadcast to all members, `to_others` to all but
/// its sender. `both` is broadcast and answered. Events without a body are only answered.
struct Rooms;

impl Channel for Rooms {
    fn join(&self, topic: &str, _params: Payload<'_>, _socket: &mut Socket<'_>) -> Join {
        match topic {
            "room:closed" => Join::error(reason("authorized")),
            _ => Join::ok(),
        }
    }

    fn handle_in(&self, event: &str, payload: Payload<'_>, socket: &mut Socket<'_>) -> Handled {
        let Some(body) = payload.get("body") else {
            return Handled::ok(object! {});
        };
        match event {
            "to_others" => socket.broadcast_from("new_msg", object! { "body": body }),
            _ => socket.broadcast("new_msg", object! { "body": body }),
        };
        match event {
            "both" => Handled::ok(object! {}),
            _ => Handled::no_reply(),
        }
    }
}

/// Serves the rooms on a free port, until the returned server is dropped. Also returns their URL.
pub fn serve() -> (Running, String) {
    serve_at("127.0.0.1:0".parse().unwrap())
}

pub fn serve_at(address: SocketAddr) -> (Running, String) {
    let router = Router::new().socket("/socket", UserSocket::new().channel("room:*", Rooms));
    let server = Server::new(router).shards(2);
    let running = server.bind(address).unwrap().start();
    let url = format!("ws://{}/socket/websocket", running.local_addr());
    (running, url)
}
