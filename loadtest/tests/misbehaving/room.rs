//! The room of a misbehaving server: what it does right, and at one message, wrong. Everything that is written is written
//! under its lock.

use std::io::Write;
use std::net::{Shutdown, TcpStream};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::{AT, Fault, STALL};

const CONTINUATION: u8 = 0;
const TEXT: u8 = 1;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;
const FIN: u8 = 0x80;

/// Who is here, and how far it is.
pub struct Room {
    fault: Fault,
    members: Vec<Member>,
    published: u64,
}

struct Member {
    stream: Arc<TcpStream>,
    topic: String,
    /// Written with the next message, or when nothing comes.
    held: Vec<u8>,
}

impl Room {
    pub fn new(fault: Fault) -> Room {
        Room {
            fault,
            members: Vec::new(),
            published: 0,
        }
    }

    /// Does what a client's frame asks for. Breaks at the end of its connection.
    pub fn take(&mut self, from: &Arc<TcpStream>, opcode: u8, payload: &[u8]) -> ControlFlow<()> {
        match opcode {
            TEXT => {
                let Ok([join_ref, reference, topic, event, payload]) =
                    serde_json::from_slice::<[Value; 5]>(payload)
                else {
                    return ControlFlow::Break(());
                };
                self.message(from, [join_ref, reference, topic], &event, &payload)
            }
            PING => {
                write(from, &sealed(FIN | PONG, payload));
                ControlFlow::Continue(())
            }
            CLOSE => {
                write(from, &sealed(FIN | CLOSE, payload));
                ControlFlow::Break(())
            }
            _ => ControlFlow::Continue(()),
        }
    }

    fn message(
        &mut self,
        from: &Arc<TcpStream>,
        [join_ref, reference, topic]: [Value; 3],
        event: &Value,
        payload: &Value,
    ) -> ControlFlow<()> {
        let answer = |status: &str, response: Value| {
            let reply = format!(
                r#"[{join_ref},{reference},{topic},"phx_reply",{{"status":"{status}","response":{response}}}]"#
            );
            write(from, &sealed(FIN | TEXT, reply.as_bytes()));
        };
        match (event.as_str(), self.fault) {
            (Some("phx_join"), Fault::RefusesJoins) => {
                answer("error", json!({"reason": "authorized"}));
            }
            (Some("phx_join"), _) => {
                answer("ok", json!({}));
                self.enter(from, &topic);
            }
            (Some("phx_leave"), _) => {
                self.leave(from);
                answer("ok", json!({}));
            }
            (Some("heartbeat"), _) => answer("ok", json!({})),
            (_, Fault::RefusesPushes) => answer("error", json!({"reason": "slow down"})),
            _ => return self.publish(from, &topic, event, payload),
        }
        ControlFlow::Continue(())
    }

    fn enter(&mut self, stream: &Arc<TcpStream>, topic: &Value) {
        self.members.push(Member {
            stream: stream.clone(),
            topic: topic.as_str().unwrap_or_default().to_owned(),
            held: Vec::new(),
        });
    }

    pub fn leave(&mut self, stream: &Arc<TcpStream>) {
        self.members
            .retain(|member| !Arc::ptr_eq(&member.stream, stream));
    }

    /// Nothing came for a while: what was held back is due, if only to be held back for another message.
    pub fn quiet(&mut self) {
        if self.fault == Fault::None {
            self.members.iter_mut().for_each(Member::write_in_pieces);
        }
    }

    fn publish(
        &mut self,
        from: &Arc<TcpStream>,
        topic: &Value,
        event: &Value,
        payload: &Value,
    ) -> ControlFlow<()> {
        let number = self.published;
        self.published += 1;
        let text = json!([null, null, topic, event, payload]).to_string();
        match (self.fault, number) {
            (Fault::Stalls, AT) => std::thread::sleep(STALL),
            (Fault::ResetsAll, AT..) => {
                self.members.drain(..).for_each(Member::reset);
                return ControlFlow::Break(());
            }
            _ => {}
        }
        let topic = topic.as_str().unwrap_or_default();
        let struck = self
            .members
            .iter()
            .position(|member| member.topic == topic && !Arc::ptr_eq(&member.stream, from));
        for (place, member) in self.members.iter_mut().enumerate() {
            if member.topic == topic {
                let fault = (struck == Some(place)).then_some(self.fault);
                member.deliver(fault, self.fault == Fault::None, number, &text);
            }
        }
        if self.fault == Fault::ClosesOne && number == AT {
            struck.map(|place| self.members.remove(place));
        }
        ControlFlow::Continue(())
    }
}

impl Member {
    /// `fault` is what goes wrong for this member, `rough` says to make use of what WebSocket allows.
    fn deliver(&mut self, fault: Option<Fault>, rough: bool, number: u64, text: &str) {
        const NEXT: u64 = AT + 1;
        let frame = sealed(FIN | TEXT, text.as_bytes());
        match (fault, number) {
            (Some(Fault::Drops), AT) => {}
            (Some(Fault::DeliversTwice), AT) => write(&self.stream, &[&frame[..], &frame].concat()),
            (Some(Fault::Swaps), AT) => self.held = frame,
            (Some(Fault::Swaps), NEXT) => {
                write(&self.stream, &frame);
                write(&self.stream, &std::mem::take(&mut self.held));
            }
            (Some(Fault::Alters), AT) => {
                write(&self.stream, &sealed(FIN | TEXT, altered(text).as_bytes()));
            }
            (Some(Fault::ClosesOne), AT) => self.close(),
            _ if rough => self.deliver_roughly(number, frame, text),
            _ => write(&self.stream, &frame),
        }
    }

    fn close(&self) {
        let payload = [&1013_u16.to_be_bytes()[..], b"try again later"].concat();
        write(&self.stream, &sealed(FIN | CLOSE, &payload));
        let _ = self.stream.shutdown(Shutdown::Write); // the client may be faster
    }

    /// Closing with no time to linger is a reset; the shutdown has the thread that reads it let go. What that thread may
    /// have read before, it finds nobody to hand to.
    fn reset(self) {
        let _ = socket2::SockRef::from(&*self.stream).set_linger(Some(Duration::ZERO));
        let _ = self.stream.shutdown(Shutdown::Read);
    }

    /// By turns: whole, in fragments with pings between them, held back to arrive with the next; and all of it in pieces.
    fn deliver_roughly(&mut self, number: u64, frame: Vec<u8>, text: &str) {
        match number % 4 {
            0 => self.held.extend(frame),
            1 => self.held.extend(fragments(text.as_bytes())),
            _ => {
                self.held.extend(frame);
                return; // with the next message, or when it is quiet
            }
        }
        self.write_in_pieces();
    }

    fn write_in_pieces(&mut self) {
        let mut rest = &self.held[..];
        for length in [1, 2, 40, 7, 1, 90, 3].into_iter().cycle() {
            let Some((piece, after)) = rest.split_at_checked(length) else {
                break;
            };
            write(&self.stream, piece);
            rest = after;
        }
        write(&self.stream, rest);
        self.held.clear();
    }
}

/// A client that has gone is noticed by the thread that reads from it.
fn write(mut stream: &TcpStream, bytes: &[u8]) {
    let _ = stream.write_all(bytes);
}

fn sealed(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    match payload.len() {
        short @ 0..126 => frame.push(short as u8),
        long @ 126..=0xffff => {
            frame.push(126);
            frame.extend((long as u16).to_be_bytes());
        }
        longer => {
            frame.push(127);
            frame.extend((longer as u64).to_be_bytes());
        }
    }
    frame.extend(payload);
    frame
}

fn fragments(text: &[u8]) -> Vec<u8> {
    let (first, rest) = text.split_at(text.len() / 3);
    let (second, third) = rest.split_at(rest.len() / 2);
    [
        sealed(TEXT, first),
        sealed(FIN | PING, b"still there?"),
        sealed(CONTINUATION, second),
        sealed(FIN | PING, b""),
        sealed(FIN | CONTINUATION, third),
    ]
    .concat()
}

/// Another last letter, in front of the quote and the brackets that end a message.
fn altered(text: &str) -> String {
    let end = text.len() - r#""}]"#.len();
    let other = if text[..end].ends_with('a') { 'b' } else { 'a' };
    format!("{}{other}{}", &text[..end - 1], &text[end..])
}
