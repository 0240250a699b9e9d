//! Frames that are not plain deliveries: control frames, parts of messages, replies, ends.

use super::Fleet;
use super::connection::{Pushed, Stage};
use super::event::Event;
use super::reason::{Cause, Reason};
use super::totals::count;
use crate::load::wire::phoenix::{Incoming, Status};
use crate::load::wire::websocket::{self, Head, MESSAGE_BYTES_MAX, Violation, opcode};

/// Most bytes waiting for a socket at which a ping is still answered.
const PONGS_WAITING_MAX: usize = 64 << 10;

impl Fleet {
    /// Handles a frame that is not a whole text.
    pub(super) fn other_frame(
        &mut self,
        number: u32,
        head: Head,
        payload: &[u8],
        now: u64,
    ) -> Result<(), Violation> {
        let connection = &mut self.connections[number as usize];
        match head.opcode {
            opcode::CLOSE => self.closed(number, websocket::close_code(payload)),
            // A server that pings and never reads gets no answer: RFC 6455 §5.5.3 allows to answer
            // only the latest ping.
            opcode::PING if connection.out.waiting() > PONGS_WAITING_MAX => {}
            opcode::PING => {
                let mask = self.random.u32(..).to_ne_bytes();
                websocket::write(&mut connection.out.bytes, opcode::PONG, mask, &[payload]);
                self.list_for_writing(number);
            }
            opcode::PONG => {}
            opcode::BINARY if head.fin => {} // the load publishes nothing as bytes
            opcode::TEXT | opcode::BINARY => {
                if connection.fragment_opcode != 0 {
                    return Err(Violation::Fragments);
                }
                connection.fragment_opcode = head.opcode;
                connection.fragments = payload.to_vec();
            }
            _ => return self.further_part(number, head, payload, now),
        }
        Ok(())
    }

    fn further_part(
        &mut self,
        number: u32,
        head: Head,
        payload: &[u8],
        now: u64,
    ) -> Result<(), Violation> {
        let connection = &mut self.connections[number as usize];
        if connection.fragment_opcode == 0 {
            return Err(Violation::Fragments);
        }
        if connection.fragments.len() + payload.len() > MESSAGE_BYTES_MAX {
            return Err(Violation::TooLong);
        }
        connection.fragments.extend_from_slice(payload);
        if head.fin {
            let message = std::mem::take(&mut connection.fragments);
            if std::mem::take(&mut connection.fragment_opcode) == opcode::TEXT {
                self.text(number, &message, now);
            }
        }
        Ok(())
    }

    /// Handles the server's Close frame, sent first or as the answer to the load's.
    fn closed(&mut self, number: u32, code: u16) {
        let words = close_words(code);
        count(&mut self.totals.closes, &words);
        if code == 1000 {
            self.stay_away(number);
        }
        let connection = &mut self.connections[number as usize];
        if connection.stage == Stage::Joined && connection.out.waiting() == 0 {
            // The answer (RFC 6455 §5.5.1) is tried once, then the connection is dropped.
            self.queue_close(number, code);
            self.write(number);
        }
        self.lost(number, Cause::Closed(code).because(words));
    }

    /// Handles a text that does not begin like the lobby's deliveries.
    #[cold]
    pub(super) fn unfamiliar(&mut self, number: u32, payload: &[u8], now: u64) {
        let Some(incoming) = Incoming::parse(self.settings.script.version(), payload) else {
            let words = "a text that is no message of Phoenix's protocol";
            return self.lost(number, Cause::Malformed.because(words));
        };
        if let Some(status) = incoming.reply() {
            return self.replied(number, &incoming, status, now);
        }
        let join_ref = self.connections[number as usize].join_ref;
        let ours = self.topic_of(number) == incoming.topic
            && incoming.join_ref.is_none_or(|of| of == join_ref);
        match &*incoming.event {
            "phx_error" if ours => self.channel_ended(number, "the channel crashed (phx_error)"),
            "phx_close" if ours => {
                self.stay_away(number);
                self.channel_closed(number);
            }
            _ => {
                if let Some(entered) = self.ledger.enter_unfamiliar(number, payload) {
                    self.delivered(number, entered, now);
                }
            }
        }
    }

    fn topic_of(&self, number: u32) -> String {
        self.settings
            .script
            .topic(self.connections[number as usize].lobby)
    }

    /// Handles the close of a channel, after which the client does not join again.
    fn channel_closed(&mut self, number: u32) {
        let why = "the server closed the channel (phx_close)";
        match self.connections[number as usize].stage {
            Stage::Joined => self.lost(number, Cause::ChannelEnded.because(why)),
            Stage::Joining => self.refused(number, ended_before_the_reply(why)),
            _ => {}
        }
    }

    fn channel_ended(&mut self, number: u32, why: &str) {
        match self.connections[number as usize].stage {
            Stage::Joined => self.channel_crashed(number, Cause::ChannelEnded.because(why)),
            Stage::Joining => self.join_refused(number, ended_before_the_reply(why)),
            _ => {}
        }
    }

    fn replied(&mut self, number: u32, incoming: &Incoming<'_>, status: Status, now: u64) {
        let connection = &mut self.connections[number as usize];
        if incoming.topic == "phoenix" {
            let sent_ns = connection.heartbeat_ns.take();
            // A connection that does not read gets its answer late through its own fault.
            if let Some(sent_ns) = sent_ns.filter(|_| !connection.slow) {
                self.meter.beat(sent_ns, now);
            }
            return;
        }
        if connection.stage == Stage::Joining && incoming.reference == Some(connection.join_ref) {
            return match status {
                Status::Ok => self.joined_at(number, now),
                Status::Error(why) => {
                    let lobby = self.connections[number as usize].lobby;
                    let topic = self.settings.script.shown_topic(lobby);
                    let words = format!("the join of {topic:?} was refused: {why}");
                    self.join_refused(number, Cause::JoinRefused.because(words));
                }
            };
        }
        let Some(push) = incoming
            .reference
            .and_then(|reference| connection.answered(reference))
        else {
            return;
        };
        self.meter.replied(push.sent_ns, now);
        self.count_reply(push, status);
        self.event_of_reply(number);
    }

    fn count_reply(&mut self, push: Pushed, status: Status) {
        match status {
            Status::Ok => self.totals.replies_ok += 1,
            Status::Error(why) => {
                count(&mut self.totals.replies_error, &why);
                if let Some((stream, sequence)) = push.message
                    && self.ledger.refuse(stream, sequence)
                {
                    self.done.push(stream);
                }
            }
        }
    }

    fn event_of_reply(&mut self, number: u32) {
        if self.tells_replies {
            self.events.push(Event::Replied(number));
        }
    }
}

fn ended_before_the_reply(why: &str) -> Reason {
    Cause::ChannelEnded.because(format!("{why}, before the join was answered"))
}

/// Returns a close code and its meaning (RFC 6455 §7.4.1 and the registry of its §11.7).
fn close_words(code: u16) -> String {
    let meaning = match code {
        1000 => "normal",
        1001 => "going away",
        1002 => "protocol error",
        1003 => "unsupported data",
        1005 => "no code",
        1007 => "not UTF-8",
        1008 => "policy",
        1009 => "too big",
        1011 => "internal error",
        1012 => "restart",
        1013 => "try again later",
        3000..=3999 => "registered",
        4000..=4999 => "the server's own",
        _ => "unknown",
    };
    format!("{code} ({meaning})")
}
