//! A join that has to wait: who may enter a room is looked up in a table that takes its time, as a database would.
//!
//! `cargo run --example join_later` serves it on 127.0.0.1:4001. With phoenix.js:
//!
//! ```js
//! let socket = new Socket("ws://127.0.0.1:4001/socket"); socket.connect()
//! socket.channel("door:1", {token: "open sesame"}).join().receive("ok", r => console.log("welcome,", r.name))
//! ```
//!
//! While the look-up runs, the connection goes on with everything else: heartbeats are answered, other topics work, and
//! only what is meant for this very topic waits in line. `tests/wire/join_later.rs` holds it to that.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use lobbyd::{Channel, Handled, Join, Payload, Router, Server, Socket, UserSocket, object, reason};

/// Tokens and whose they are, behind a wire that is slow.
pub struct TokenTable {
    names: HashMap<&'static str, &'static str>,
    delay: Duration,
}

impl TokenTable {
    /// The table of this example, which answers after `delay`.
    pub fn new(delay: Duration) -> Self {
        let names = HashMap::from([("open sesame", "Ali"), ("xyzzy", "Will")]);
        Self { names, delay }
    }

    async fn name_of(&self, token: &str) -> Option<&'static str> {
        tokio::time::sleep(self.delay).await;
        self.names.get(token).copied()
    }
}

/// What the channel remembers of a client that was let in.
#[derive(Clone)]
struct Name(&'static str);

/// Lets in who has a token.
pub struct Door {
    table: Arc<TokenTable>,
}

impl Channel for Door {
    fn join(&self, _topic: &str, params: Payload<'_>, _socket: &mut Socket<'_>) -> Join {
        let Some(token) = params.get("token").and_then(|token| token.as_str()) else {
            return Join::error(reason("a token is needed"));
        };
        // The future owns what it needs: neither the channel nor the message is there any more when it runs.
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

/// The example's app.
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
