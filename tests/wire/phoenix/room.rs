//! A channel that does what a test asks of it, written with the public API only.

use std::sync::Arc;
use std::sync::mpsc::Sender;

use lobbyd::protocol::{IntoPayload, Json, Payload, reason};
use lobbyd::{
    Broadcast, Channel, Handled, Info, Join, ReplyHandle, Socket, SocketHandle, StopReason,
    TerminateReason, object,
};
use tokio::sync::Notify;

/// The notes that the room sends to the test.
pub enum Note {
    Ended(String, TerminateReason),
    Handle(SocketHandle),
    ReplyHandle(ReplyHandle),
}

/// A channel that does what a test asks for; see [`Room::join`] and [`Room::handle_in`].
pub struct Room {
    pub notes: Sender<Note>,
    /// The signal that waiting callbacks wait for.
    pub gate: Arc<Notify>,
}

/// The name of the client, if it gave one when it connected or joined.
#[derive(Clone)]
pub struct Named(pub String);

struct AfterJoin;

/// An info at which the room stops.
pub struct Stop(pub StopReason);

impl Room {
    fn tell(&self, note: Note) {
        // The test may have ended.
        let _ = self.notes.send(note);
    }
}

/// Returns the text of `key`, if the payload has one.
fn text(payload: Payload<'_>, key: &str) -> Option<String> {
    let value: Json<'_> = payload.get(key)?;
    value.as_str().map(String::from)
}

fn stop_reason(payload: Payload<'_>) -> StopReason {
    match text(payload, "reason").as_deref() {
        Some("normal") => StopReason::Normal,
        Some("shutdown") => StopReason::Shutdown,
        _ => StopReason::Failed("as asked".to_owned()),
    }
}

impl Channel for Room {
    /// Does what `{"do": …}` asks for; `with` is the response. A join with any other params, even
    /// bytes, is let in, and its reply has these params.
    fn join(&self, topic: &str, params: Payload<'_>, socket: &mut Socket<'_>) -> Join {
        if let Some(name) = text(params, "name") {
            socket.assign(Named(name));
        }
        let wish = text(params, "do");
        let with = params
            .get("with")
            .map_or(().into_payload(), |with| with.into_payload());
        match wish.as_deref() {
            None if params.get("name").is_some() => Join::ok(),
            None if matches!(params, Payload::Json(json) if json.as_raw() == "{}") => Join::ok(),
            None => Join::ok_with(params),
            Some("reply") => Join::ok_with(with),
            Some("refuse") => Join::error(with),
            Some("panic") => panic!("expected: {topic}"),
            Some("reply bytes") => Join::ok_with(vec![7u8, 8]),
            Some("push, broadcast and refuse") => {
                socket.push("never", ());
                socket.send_info(AfterJoin);
                socket.subscribe("elsewhere");
                Join::error(with)
            }
            Some("after join") => {
                socket.send_info(AfterJoin);
                Join::ok()
            }
            Some("push") => {
                socket.push("early", ());
                Join::ok()
            }
            Some("wait") => {
                let gate = Arc::clone(&self.gate);
                let wait = async move { gate.notified().await };
                Join::later(wait, move |(), _| Join::ok_with(with))
            }
            Some(other) => Join::error(reason(&format!("cannot {other}"))),
        }
    }

    fn handle_in(&self, event: &str, payload: Payload<'_>, socket: &mut Socket<'_>) -> Handled {
        match event {
            "echo" => Handled::ok(payload),
            "status" => Handled::ok(()),
            "weird" => Handled::reply("weird_status", payload),
            "error" => Handled::error(reason("as asked")),
            "bytes" => Handled::ok(vec![1u8, 2]),
            "who" => {
                let name = socket.assigns::<Named>().map(|Named(name)| name.clone());
                Handled::ok(object! { "name": name, "topic": socket.topic() })
            }
            "push" => {
                socket.push("pushed", payload);
                Handled::no_reply()
            }
            "push and reply" => {
                socket.push("pushed", payload);
                Handled::ok(())
            }
            // `tagged` is intercepted; the other events are not.
            "shout" | "tagged" | "phx_close" => {
                socket.broadcast(event, payload);
                Handled::no_reply()
            }
            "shout from" => {
                socket.broadcast_from("shout", payload);
                Handled::no_reply()
            }
            "shout and reply" => {
                socket.push("before", ());
                socket.broadcast("shout", payload);
                socket.push("after", ());
                Handled::ok(())
            }
            "tagged and reply" => {
                socket.broadcast("tagged", payload);
                Handled::ok(())
            }
            "tagged, shout and reply" => {
                socket.broadcast("tagged", payload);
                socket.broadcast("shout", payload);
                Handled::ok(())
            }
            "handle" => {
                self.tell(Note::Handle(socket.handle()));
                Handled::no_reply()
            }
            "reply handle" => match socket.reply_handle() {
                Some(handle) => {
                    self.tell(Note::ReplyHandle(handle));
                    Handled::no_reply()
                }
                None => Handled::reply("no handle", ()),
            },
            "wait" => {
                let gate = Arc::clone(&self.gate);
                let wait = async move { gate.notified().await };
                Handled::later(wait, |(), _| Handled::ok(object! { "waited": true }))
            }
            "follow" => {
                socket.subscribe(&text(payload, "topic").unwrap_or_default());
                Handled::ok(())
            }
            "stop" => Handled::stop(stop_reason(payload)),
            "stop and reply" => {
                Handled::stop_with_reply(stop_reason(payload), "ok", object! { "stopped": true })
            }
            "stop by info" => {
                socket.send_info(Stop(stop_reason(payload)));
                Handled::no_reply()
            }
            "push, broadcast and panic" => {
                socket.push("pushed", ());
                socket.broadcast("shout", object! { "n": 1 });
                panic!("expected")
            }
            _ => panic!("expected: no clause for {event}"),
        }
    }

    fn handle_info(&self, info: Info, socket: &mut Socket<'_>) -> Handled {
        let info = match info.downcast::<AfterJoin>() {
            Ok(_) => {
                socket.push("joined", object! { "status": "connected" });
                socket.broadcast("user_entered", object! { "user": "ann" });
                return Handled::no_reply();
            }
            Err(info) => info,
        };
        let info = match info.downcast::<Stop>() {
            Ok(stop) => return Handled::stop(stop.0),
            Err(info) => info,
        };
        if let Ok(broadcast) = info.downcast::<Broadcast>() {
            let news = object! {
                "topic": &*broadcast.topic,
                "event": &*broadcast.event,
                "payload": broadcast.payload.as_payload().as_json(),
            };
            socket.push("heard", news);
        }
        Handled::no_reply()
    }

    fn intercept(&self) -> &'static [&'static str] {
        &["tagged", "stop on this", "keep back"]
    }

    fn handle_out(&self, event: &str, payload: Payload<'_>, socket: &mut Socket<'_>) -> Handled {
        match event {
            "stop on this" => return Handled::stop(StopReason::Shutdown),
            "keep back" => return Handled::no_reply(),
            _ => {}
        }
        let name = socket.assigns::<Named>().map(|Named(name)| name.clone());
        let tagged = object! { "tag": name, "body": payload.get("body") };
        socket.push(event, tagged);
        Handled::no_reply()
    }

    fn terminate(&self, reason: &TerminateReason, socket: &mut Socket<'_>) {
        socket.push("bye", ());
        self.tell(Note::Ended(socket.topic().to_owned(), reason.clone()));
    }
}
