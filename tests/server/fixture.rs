//! The scene of the attacks: a server, two clients that chat, and figures of the process.
//!
//! The channel of the server does what its clients ask for. The two chatting clients are the
//! bystanders.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use lobbyd::protocol::{Payload, reason};
use lobbyd::server::{Proxies, Running, Server, ServerLimits};
use lobbyd::{
    Channel, CheckOrigin, Connect, Handled, Info, Join, Router, Socket, StopReason,
    TerminateReason, UserSocket, object,
};
use serde_json::json;
use testkit::{Client, connect, eventually, start};

/// A channel at `room:*` that lets every client in. On request it broadcasts messages, echoes them,
/// or panics.
pub struct Obedient;

/// The text of intended panics, which need not be shown.
const ON_PURPOSE: &str = "on purpose";

fn panics() -> ! {
    panic!("{ON_PURPOSE}")
}

impl Channel for Obedient {
    fn join(&self, topic: &str, _params: Payload<'_>, _socket: &mut Socket<'_>) -> Join {
        match topic {
            "room:panics" => panics(),
            "room:panics later" => Join::later(async { panics() }, |(), _| Join::ok()),
            "room:panics after" => Join::later(async {}, |(), _| panics()),
            topic if topic.starts_with("room:denied") => Join::error(reason("denied")),
            _ => Join::ok(),
        }
    }

    fn handle_in(&self, event: &str, payload: Payload<'_>, socket: &mut Socket<'_>) -> Handled {
        match (event, payload) {
            ("new_msg", payload) => {
                socket.broadcast("new_msg", payload);
                Handled::no_reply()
            }
            ("echo", payload) => Handled::ok(payload),
            ("parse", Payload::Json(json)) => match json.parse::<serde_json::Value>() {
                Ok(_) => Handled::ok(object! { "parsed": true }),
                Err(error) => Handled::error(reason(&error.to_string())),
            },
            ("panic", _) => panics(),
            ("panic later", _) => Handled::later(async { panics() }, |(), _| Handled::no_reply()),
            ("panic after", _) => Handled::later(async {}, |(), _| panics()),
            ("panic when dropped", _) => {
                let hangs = async {
                    let _kept = PanicsWhenDropped;
                    std::future::pending::<()>().await;
                };
                Handled::later(hangs, |(), _| Handled::no_reply())
            }
            ("panic in info", _) => {
                socket.send_info(());
                Handled::no_reply()
            }
            ("panic when an info is dropped", _) => {
                socket.send_info(PanicsWhenDropped);
                Handled::stop(StopReason::Normal)
            }
            ("panic in terminate", _) => {
                socket.assign(PanicsInTerminate);
                Handled::ok(())
            }
            _ => Handled::error(reason("unknown")),
        }
    }

    fn handle_info(&self, _info: Info, _socket: &mut Socket<'_>) -> Handled {
        panics()
    }

    fn terminate(&self, _reason: &TerminateReason, socket: &mut Socket<'_>) {
        if socket.assigns::<PanicsInTerminate>().is_some() {
            panics()
        }
    }
}

#[derive(Clone)]
struct PanicsInTerminate;

/// Serves as [`arena_behind`], without proxies. Panics on purpose are not printed.
pub fn arena(shards: usize, limits: ServerLimits) -> Running {
    hide_panics_on_purpose();
    arena_behind(Proxies::default(), shards, limits)
}

/// A value that an app keeps, and that panics when it is dropped.
#[derive(Clone)]
pub struct PanicsWhenDropped;

impl Drop for PanicsWhenDropped {
    fn drop(&mut self) {
        panics()
    }
}

/// Serves [`Obedient`] under `/socket`, behind `proxies`. Under `/claims` is a socket that admits
/// clients that name their own address correctly. The connect callback of `/panics` panics; that of
/// `/panics_later` panics in its future, and the check of origins of `/judging` panics. Sockets of
/// `/dropping` are assigned a value that panics when it is dropped.
pub fn arena_behind(proxies: Proxies, shards: usize, limits: ServerLimits) -> Running {
    let claims = UserSocket::new().connect(|params, info| {
        let shown = format!("{} at {}", info.client(), info.peer_data().ip());
        match params.get("client") {
            Some(claimed) if claimed == shown => Connect::ok(),
            _ => Connect::refuse(),
        }
    });
    let panicking = UserSocket::new().connect(|_, _| -> Connect { panics() });
    let late =
        UserSocket::new().connect(|_, _| Connect::later(async { panics() }, |()| Connect::ok()));
    let dropping = UserSocket::new()
        .channel("room:*", Obedient)
        .connect(|_, _| Connect::accept().assign(PanicsWhenDropped).into());
    let judging = UserSocket::new().check_origin(CheckOrigin::custom(|_| panics()));
    let router = Router::new()
        .socket("/socket", UserSocket::new().channel("room:*", Obedient))
        .socket("/dropping", dropping)
        .socket("/judging", judging)
        .socket("/claims", claims)
        .socket("/panics", panicking)
        .socket("/panics_later", late);
    let server = Server::new(router)
        .shards(shards)
        .limits(limits)
        .proxies(proxies);
    start(server)
}

fn hide_panics_on_purpose() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        let show = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if info.payload_as_str() != Some(ON_PURPOSE) {
                show(info);
            }
        }));
    });
}

/// Two clients in `topic` that chat until they are told to stop. They ignore other messages there.
pub struct Chat {
    over: Arc<AtomicBool>,
    rounds: Arc<AtomicUsize>,
    thread: Option<JoinHandle<()>>,
}

impl Chat {
    pub fn start(server: &Running, topic: &'static str) -> Chat {
        let mut pair = [connect(server), connect(server)];
        for client in &mut pair {
            client.join(topic);
        }
        let (over, rounds) = (Arc::new(AtomicBool::new(false)), Arc::default());
        let (is_over, count) = (Arc::clone(&over), Arc::clone(&rounds));
        let thread = std::thread::spawn(move || chat(pair, topic, &is_over, &count));
        let chat = Chat {
            over,
            rounds,
            thread: Some(thread),
        };
        chat.goes_on(1);
        chat
    }

    /// Returns the number of messages that both have got so far.
    pub fn rounds(&self) -> usize {
        self.rounds.load(Ordering::Relaxed)
    }

    /// Asserts that the chat is not held up: waits for `rounds` further messages.
    pub fn goes_on(&self, rounds: usize) {
        let goal = self.rounds() + rounds;
        eventually("the bystanders chat on", || {
            self.is_fine();
            self.rounds() >= goal
        });
    }

    /// Asserts that no bystander has failed so far.
    pub fn is_fine(&self) {
        let ended = self.thread.as_ref().is_none_or(JoinHandle::is_finished);
        assert!(!ended, "a bystander lost something");
    }

    pub fn end(mut self) {
        self.goes_on(3);
        self.over.store(true, Ordering::Relaxed);
        let thread = self.thread.take().expect("ended once");
        thread.join().expect("no bystander noticed anything");
    }
}

impl Drop for Chat {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
    }
}

fn chat(mut pair: [Client; 2], topic: &str, over: &AtomicBool, rounds: &AtomicUsize) {
    let mut round = 0;
    while !over.load(Ordering::Relaxed) {
        let said = json!({"bystander": round});
        pair[round % 2].send(json!(["11", "2", topic, "new_msg", said]));
        for client in &mut pair {
            // Other clients may talk here too. Messages of these two must be complete and in order.
            let heard = loop {
                let message = client.json();
                if !message[4]["bystander"].is_null() {
                    break message;
                }
            };
            assert_eq!(heard, json!([null, null, topic, "new_msg", said]));
        }
        round += 1;
        rounds.store(round, Ordering::Relaxed);
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Asserts that no topic is left after all clients have gone, and stops the server in order.
pub fn nothing_is_left(server: Running) {
    eventually("no topic is left", || server.endpoint().topics_len() == 0);
    assert_eq!(server.stop().unwrap().cut_off, 0);
}
