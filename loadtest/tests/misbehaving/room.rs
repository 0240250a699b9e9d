//! The room of a misbehaving server, which does right except at one message.
//!
//! All frames are written under the room's lock; the answer to an upgrade is not.

use std::net::{Shutdown, TcpStream};
use std::ops::ControlFlow;
use std::sync::Arc;

use serde_json::{Value, json};

use super::fault::{AT, EARLY, Fault};
use super::frame::{CLOSE, FIN, PING, PONG, TEXT, sealed, write};
use super::member::Member;

/// The members of a room, and the count of its messages.
pub struct Room {
    fault: Fault,
    members: Vec<Member>,
    /// Number of joins that were answered with ok.
    came: usize,
    /// True if a join was refused.
    refused: bool,
    published: u64,
}

impl Room {
    pub fn new(fault: Fault) -> Room {
        Room {
            fault,
            members: Vec::new(),
            came: 0,
            refused: false,
            published: 0,
        }
    }

    /// Does the work of a client's frame. Breaks at the end of its connection.
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
            (Some("phx_join"), Fault::RefusesJoins { but, reason }) if self.came >= but => {
                answer("error", json!({ "reason": reason }));
            }
            (Some("phx_join"), Fault::RefusesOneJoin) if !self.refused => {
                self.refused = true;
                answer("error", json!({ "reason": "not now" }));
            }
            (Some("phx_join"), Fault::CrashesJoins) => {
                let crash = json!([join_ref, reference, topic, "phx_error", {}]).to_string();
                write(from, &sealed(FIN | TEXT, crash.as_bytes()));
            }
            (Some("phx_join"), _) => {
                answer("ok", json!({}));
                self.enter(from, &topic);
            }
            (Some("heartbeat"), Fault::IgnoresHeartbeats) => {}
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
            late: self.came >= EARLY,
            held: Vec::new(),
        });
        self.came += 1;
    }

    pub fn leave(&mut self, stream: &Arc<TcpStream>) {
        self.members
            .retain(|member| !Arc::ptr_eq(&member.stream, stream));
    }

    /// Sends a Close frame with this code to every member, after the bytes that were written
    /// before.
    pub fn end(&mut self, code: u16) {
        let close = sealed(FIN | CLOSE, &code.to_be_bytes());
        for member in self.members.drain(..) {
            write(&member.stream, &close);
            let _ = member.stream.shutdown(Shutdown::Write); // the client may have closed first
        }
    }

    /// Writes the bytes that were held back, after a while without a frame.
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
            (Fault::Stalls(time), AT) => std::thread::sleep(time),
            (Fault::ResetsAll, AT..) => {
                self.members.drain(..).for_each(Member::reset);
                return ControlFlow::Break(());
            }
            _ => {}
        }
        self.deliver(from, topic.as_str().unwrap_or_default(), number, &text);
        ControlFlow::Continue(())
    }

    fn deliver(&mut self, from: &Arc<TcpStream>, topic: &str, number: u64, text: &str) {
        let fault = self.fault;
        let is_from = |member: &Member| Arc::ptr_eq(&member.stream, from);
        let mut members = self.members.iter();
        let struck = members.position(|member| member.topic == topic && !is_from(member));
        for (place, member) in self.members.iter_mut().enumerate() {
            let hears_itself = !(fault == Fault::HidesEchoes && member.late);
            if member.topic == topic && (hears_itself || !is_from(member)) {
                let fault_here = (struck == Some(place)).then_some(fault);
                member.deliver(fault_here, fault == Fault::None, number, text);
            }
        }
        if number == AT && matches!(fault, Fault::ClosesOne | Fault::EndsOne) {
            struck.map(|place| self.members.remove(place));
        }
        if number == AT && fault == Fault::Strays {
            self.stray(topic, text);
        }
    }

    /// Delivers a message of the lobby `topic` to a member of another lobby.
    fn stray(&self, topic: &str, text: &str) {
        let stranger = self.members.iter().find(|member| member.topic != topic);
        let stranger = stranger.expect("two lobbies are needed");
        write(&stranger.stream, &sealed(FIN | TEXT, text.as_bytes()));
    }
}
