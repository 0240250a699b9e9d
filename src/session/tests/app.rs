//! A channel that does whatever its clients ask for.

use std::sync::{Arc, Mutex};

use crate::channel::{
    Broadcast, Channel, Handled, Info, Join, ReplyHandle, Socket, SocketHandle, StopReason,
    TerminateReason,
};
use crate::object;
use crate::protocol::{IntoPayload, Payload, PayloadBuf, reason};

/// The callbacks that the channel has run, and values that it keeps for tests to use.
#[derive(Clone, Default)]
pub(super) struct Diary(Arc<Mutex<Pages>>);

#[derive(Default)]
struct Pages {
    entries: Vec<String>,
    replies: Vec<ReplyHandle>,
    handle: Option<SocketHandle>,
}

impl Diary {
    fn write(&self, entry: impl Into<String>) {
        self.0.lock().unwrap().entries.push(entry.into());
    }

    /// Returns the entries since the last call.
    pub(super) fn read(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap().entries)
    }

    pub(super) fn reply_handle(&self) -> ReplyHandle {
        self.0.lock().unwrap().replies.pop().unwrap()
    }

    pub(super) fn handle(&self) -> SocketHandle {
        self.0.lock().unwrap().handle.clone().unwrap()
    }
}

pub(super) struct TestChannel(pub(super) Diary);

/// An info of the tests: its text is pushed as the event `info`.
pub(super) struct Note(pub(super) &'static str);

/// A number that `connect` assigns.
#[derive(Clone)]
pub(super) struct Luggage(pub(super) u32);

const BYTES: &[u8] = &[5, 6];

impl Channel for TestChannel {
    fn join(&self, topic: &str, params: Payload<'_>, socket: &mut Socket<'_>) -> Join {
        self.0.0.lock().unwrap().handle = Some(socket.handle());
        let wish = params.get("do").and_then(|wish| wish.as_str());
        match wish.as_deref() {
            Some("params") => Join::ok_with(params),
            Some("refuse") => Join::error(reason("no")),
            Some("refuse late") => Join::later(async {}, |(), _| Join::error(reason("no"))),
            Some("refuse in bytes") => Join::error(BYTES.to_vec()),
            Some("accept in bytes") => Join::ok_with(BYTES.to_vec()),
            Some("panic") => panic!("asked to"),
            Some("later") => Join::later(async { "late" }, |word, _| {
                Join::ok_with(object! { "word": word })
            }),
            Some("later twice") => Join::later(async {}, |(), socket| {
                socket.push("between", object! {});
                Join::later(async {}, |(), _| Join::ok())
            }),
            Some("later panic") => Join::later(async { panic!("asked to") }, |(), _| Join::ok()),
            Some("early") => {
                socket.push("early", object! {});
                socket.send_info(Note("after join"));
                socket.broadcast("new", object! {});
                Join::ok()
            }
            Some("early then refuse") => {
                socket.push("early", object! {});
                socket.send_info(Note("after join"));
                socket.subscribe("other");
                Join::error(reason("no"))
            }
            Some("one place") => {
                socket.push("early", object! {});
                socket.send_info(Note("after join"));
                socket.subscribe("other");
                let place = object! { "place": 1 };
                Join::accept().response(place).members_max(1).into()
            }
            Some("one place late") => {
                Join::later(async {}, |(), _| Join::accept().members_max(1).into())
            }
            Some("luggage") => {
                let luggage = socket.assigns::<Luggage>().map_or(0, |luggage| luggage.0);
                socket.assign(Luggage(luggage + 1));
                Join::ok_with(object! { "luggage": luggage })
            }
            Some("listen") => {
                socket.subscribe("other");
                Join::ok()
            }
            _ => {
                self.0.write(format!("join {topic}"));
                Join::ok()
            }
        }
    }

    fn handle_in(&self, event: &str, payload: Payload<'_>, socket: &mut Socket<'_>) -> Handled {
        match event {
            "echo" => Handled::ok(payload),
            "fail" => Handled::error(reason("no")),
            "status" => Handled::reply("weird_status", ()),
            "bytes" => Handled::ok(BYTES.to_vec()),
            "push" => {
                socket.push("pushed", payload);
                Handled::no_reply()
            }
            "push bytes" => {
                socket.push("pb", BYTES.to_vec());
                Handled::no_reply()
            }
            "all" => {
                socket.push("x", object! {});
                socket.broadcast("y", object! {});
                socket.push("z", object! {});
                Handled::ok(())
            }
            "broadcast" => {
                let said = socket.broadcast("said", payload);
                let position = said.position().expect("the client is a member");
                Handled::ok(object! { "sequence": position.sequence })
            }
            "broadcast_from" => {
                socket.broadcast_from("said", payload);
                Handled::ok(())
            }
            "secret" => {
                socket.broadcast("secret", payload);
                Handled::ok(())
            }
            "save" => {
                let handle = socket.reply_handle();
                self.0.write(format!("saved {}", handle.is_some()));
                self.0.0.lock().unwrap().replies.extend(handle);
                Handled::no_reply()
            }
            "note" => {
                socket.send_info(Note("to myself"));
                Handled::ok(())
            }
            "panic" => {
                socket.push("last", object! {});
                panic!("asked to");
            }
            "stop" => Handled::stop(StopReason::Normal),
            "shutdown" => Handled::stop_with_reply(StopReason::Shutdown, "ok", ()),
            "give up" => {
                let reason = StopReason::Failed("worn out".into());
                Handled::stop_with_reply(reason, "error", ())
            }
            "later" => {
                let payload = payload.to_buf();
                Handled::later(async move { payload }, |payload, _| Handled::ok(payload))
            }
            "later stop" => Handled::later(async {}, |(), _| Handled::stop(StopReason::Normal)),
            "later panic" => {
                Handled::later(async { panic!("asked to") }, |(), _| Handled::no_reply())
            }
            "later then panic" => Handled::later(async {}, |(), _| panic!("asked to")),
            _ => Handled::error(reason("unknown event")),
        }
    }

    fn handle_info(&self, info: Info, socket: &mut Socket<'_>) -> Handled {
        match info.downcast::<Note>().map(|note| *note) {
            Ok(Note("reply")) => Handled::ok(()),
            Ok(Note("later")) => Handled::later(async {}, |(), _| Handled::no_reply()),
            Ok(Note("stop")) => Handled::stop(StopReason::Normal),
            Ok(Note(text)) => {
                socket.push("info", object! { "text": text });
                Handled::no_reply()
            }
            Err(info) => {
                if let Ok(broadcast) = info.downcast::<Broadcast>() {
                    socket.push(&broadcast.event, broadcast.payload);
                }
                Handled::no_reply()
            }
        }
    }

    fn intercept(&self) -> &'static [&'static str] {
        &["secret"]
    }

    fn handle_out(&self, event: &str, payload: Payload<'_>, socket: &mut Socket<'_>) -> Handled {
        if payload.get("stop").is_some() {
            return Handled::stop(StopReason::Normal);
        }
        socket.push(event, object! { "opened": true });
        Handled::no_reply()
    }

    fn terminate(&self, reason: &TerminateReason, socket: &mut Socket<'_>) {
        self.0.write(format!("{reason:?}"));
        socket.push("bye", bye());
        socket.broadcast("gone", object! {});
        if *reason == TerminateReason::Stopped(StopReason::Shutdown) {
            panic!("in terminate too");
        }
    }
}

fn bye() -> PayloadBuf {
    object! {}.into_payload()
}
