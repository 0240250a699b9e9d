//! A join that waits: the app looks a token up in a table that is slow, like a database.
//!
//! `cargo run --example join_later` serves the door on 127.0.0.1:4001. With phoenix.js:
//!
//! ```js
//! let socket = new Socket("ws://127.0.0.1:4001/socket"); socket.connect()
//! socket.channel("door:1", {token: "open sesame"}).join().receive("ok", r => console.log("welcome,", r.name))
//! ```
//!
//! While the look-up runs, the connection serves everything else: heartbeats are answered, and
//! other topics work. Only messages for this topic wait in line. `tests/wire/join_later.rs` checks
//! that.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use lobbyd::{Channel, Handled, Join, Payload, Router, Server, Socket, UserSocket, object, reason};

/// A table of tokens and their owners' names, with a delay for each look-up.
pub struct TokenTable {
    names: HashMap<&'static str, &'static str>,
    delay: Duration,
}

impl TokenTable {
    /// Returns the table of this example, which answers after `delay`.
    pub fn new(delay: Duration) -> Self {
        let names = HashMap::from([("open sesame", "Ali"), ("xyzzy", "Will")]);
        Self { names, delay }
    }

    async fn name_of(&self, token: &str) -> Option<&'static str> {
        tokio::time::sleep(self.delay).await;
        self.names.get(token).copied()
    }
}

/// The name of a client that was let in, which the channel keeps with the client's socket.
#[derive(Clone)]
struct Name(&'static str);

/// A channel that lets in clients with a known token.
pub struct Door {
    table: Arc<TokenTable>,
}

impl Channel for Door {
    fn join(&self, _topic: &str, params: Payload<'_>, _socket: &mut Socket<'_>) -> Join {
        let Some(token) = params.get("token").and_then(|token| token.as_str()) else {
            return Join::error(reason("a token is needed"));
        };
        // The future owns the values that it needs, because it may borrow neither the channel nor
        // the message: it runs after the callback has returned.
        let (table, token) = (Arc::clone(&self.table), token.into_owned());
        let look_up = async move { table.name_of(&token).await };
        Join::later(look_up, |name, socket| match name {
            Some(name) => {
                socket.assign(Name(name));
                Join::ok_with(object! { "name": name })
            }
            None => Join::error(reason("unknown token")),
        })
    }

    fn handle_in(&self, event: &str, _payload: Payload<'_>, socket: &mut Socket<'_>) -> Handled {
        match (event, socket.assigns::<Name>()) {
            ("who_am_i", Some(Name(name))) => Handled::ok(object! { "name": *name }),
            _ => Handled::error(reason("unknown event")),
        }
    }
}

/// Returns the example's app.
pub fn router(table: TokenTable) -> Router {
    let table = Arc::new(table);
    Router::new().socket(
        "/socket",
        UserSocket::new().channel("door:*", Door { table }),
    )
}

#[allow(
    dead_code,
    reason = "the test that includes this file starts its own server"
)]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let router = router(TokenTable::new(Duration::from_secs(2)));
    let server = Server::new(router).bind("127.0.0.1:4001".parse()?)?;
    println!(
        "doors at ws://{}/socket; Ctrl-C ends it",
        server.local_addr()
    );
    server.run(async {
        let _ = tokio::signal::ctrl_c().await;
    })?;
    Ok(())
}
