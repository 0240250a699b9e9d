//! A chat with dice: an app on lobbyd's library alone, without its program and its engine.
//!
//! `cargo run --manifest-path examples/app/Cargo.toml` serves the chat at
//! ws://127.0.0.1:4000/socket.

use std::time::Duration;

use lobbyd::channel::StatusCode;
use lobbyd::{
    Channel, Connect, Drain, Endpoint, Handled, Handlers, Join, NotPublished,
    Payload, Retention, Router, Server, ServerLimits, Socket, TerminateReason, UserSocket, object,
    reason,
};
use serde::Deserialize;

#[derive(Clone)]
struct Name(String);

#[derive(Deserialize)]
struct NewMsg {
    body: String,
}

#[derive(Deserialize)]
struct Dice {
    sides: u32,
}

/// Returns a room of at most a hundred members, with little retention for members that are behind.
fn chat() -> Handlers {
    Handlers::join(|topic, _params, socket| {
        let mut retention = Retention::default();
        retention.bytes_max = 64 * 1024;
        socket.send_info(Hello);
        Join::accept()
            .response(object! { "topic": topic })
            .members_max(100)
            .retention(retention)
            .into()
    })
    .on("new_msg", |msg: NewMsg, socket| {
        let from = socket.assigns::<Name>().map_or("", |Name(name)| name);
        let payload = object! { "from": from, "body": msg.body };
        socket.broadcast("new_msg", payload);
    })
    .on("roll", |dice: Dice, _| match dice.sides {
        0 => Handled::error(reason("a dice has sides")),
        sides => Handled::later(tokio::time::sleep(Duration::from_millis(300)), move |(), _| {
            Handled::ok(object! { "rolled": sides / 2 + 1 })
        }),
    })
    .on_info(|Hello, socket| socket.push("hello", ()))
    .on_terminate(|reason, socket| {
        if let TerminateReason::Crashed(why) = reason {
            eprintln!("{}: {why}", socket.topic());
        }
    })
}

struct Hello;

/// A channel that implements the trait itself: it answers with the payload that it gets.
struct Echo;

impl Channel for Echo {
    fn join(&self, _topic: &str, _params: Payload<'_>, _socket: &mut Socket<'_>) -> Join {
        Join::ok()
    }

    fn handle_in(&self, event: &str, payload: Payload<'_>, _socket: &mut Socket<'_>) -> Handled {
        match event {
            "echo" => Handled::ok(payload),
            _ => Handled::no_reply(),
        }
    }
}

fn router() -> Router {
    let socket = UserSocket::new()
        .channels_max(10)
        .connect(|params, _info| match params.get("name") {
            Some("") => Connect::refuse_with(StatusCode::UNPROCESSABLE_ENTITY),
            Some(name) => Connect::accept()
                .id(format!("users:{name}"))
                .assign(Name(name.to_owned()))
                .into(),
            None => Connect::later(async {}, |()| Connect::ok()),
        })
        .channel("room:*", chat())
        .channel("echo", Echo);
    Router::new().socket("/socket", socket)
}

/// Broadcasts news to the lobby, and prints their position, if the lobby has members.
async fn tell_news(endpoint: Endpoint) -> Result<(), NotPublished> {
    match endpoint.broadcast("room:lobby", "news", ()).await? {
        Some(position) => println!("the news stand at {position}"),
        None => println!("nobody was there for the news"),
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut limits = ServerLimits::default();
    limits.drain = Drain::default();
    let server = Server::new(router()).shards(1).limits(limits);
    let server = server.bind(([127, 0, 0, 1], 4000).into())?;
    let endpoint = server.endpoint();
    let ended = server.run(async {
        let _ = tell_news(endpoint).await;
        let _ = tokio::signal::ctrl_c().await;
    })?;
    println!("{} connections had to be cut off", ended.cut_off);
    Ok(())
}
