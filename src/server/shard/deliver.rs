//! Calls into sessions for mail, broadcasts that channels look at, and held joins that are due.

use std::task::Context;

use tokio::time::Instant;

use super::Shard;
use super::host::ShardHost;
use super::join_queue::JOINS_PER_TURN;
use crate::broker::{Heard, HeardBy, OriginalPayload};
use crate::channel::{Broadcast, Mail};
use crate::protocol::{Json, Payload};
use crate::session::Session;
use crate::websocket::CloseReason;

/// The event that closes a connection when it is broadcast to the connection's socket id
/// (protocol.md §5). All other events on a socket id are ignored.
pub(crate) const DISCONNECT: &str = "disconnect";

/// Most broadcasts handed in one turn to the channels that look at broadcasts themselves.
const HEARD_PER_TURN: usize = 256;

impl Shard {
    /// Answers the held joins that are due. True if more joins are due in the next turn.
    pub(crate) fn answer_held_joins(&mut self, cx: &mut Context<'_>) -> bool {
        if self.services.joins.is_empty() {
            return false;
        }
        let now = Instant::now();
        for _ in 0..JOINS_PER_TURN {
            let Some(held) = self.services.joins.pop_due(now) else {
                break;
            };
            // A connection that has gone needs no answer any more.
            let key = self.connections.place_of(held.connection);
            if let Some((session, mut host)) = key.and_then(|key| self.session_and_host(key)) {
                session.answer_join(held.channel, held.in_time, &mut host);
            }
        }
        self.services.joins.next_is_due(cx)
    }

    pub(crate) fn hand_on_heard(&mut self) {
        let mut budget = HEARD_PER_TURN;
        while let Some(heard) = self.services.fanout.take_heard(&mut budget) {
            self.hear(&heard);
        }
    }

    fn hear(&mut self, heard: &Heard) {
        let Some(original) = heard.entry.original() else {
            return;
        };
        if heard.by == HeardBy::SocketId {
            if &*original.event == DISCONNECT {
                self.close(heard.outlet, CloseReason::Disconnected);
            }
            return;
        }
        let payload = match &original.payload {
            OriginalPayload::Text(text) => Payload::Json(Json::trusted(text)),
            OriginalPayload::Binary(bytes) => Payload::Binary(bytes),
        };
        let Some((session, mut host)) = self.session_and_host(heard.outlet) else {
            return;
        };
        if heard.by == HeardBy::Intercept {
            return session.intercepted(heard.id, &original.event, payload, &mut host);
        }
        let broadcast = Broadcast {
            topic: (&*heard.topic).into(),
            event: original.event.clone(),
            payload: payload.to_buf(),
        };
        session.heard(heard.id, broadcast, &mut host);
    }

    pub(crate) fn deliver(&mut self, mail: Mail) {
        let key = self.connections.place_of(mail.connection);
        if let Some((session, mut host)) = key.and_then(|key| self.session_and_host(key)) {
            session.mail(mail.channel, mail.message, &mut host);
        }
    }

    /// Returns the session of a connection and the host for a call into it. `None` if the
    /// connection is gone or closing.
    pub(crate) fn session_and_host(&mut self, key: u32) -> Option<(&mut Session, ShardHost<'_>)> {
        let connection = self.connections.get_mut(key).filter(|c| c.is_open())?;
        let host = ShardHost::new(&mut self.services, connection.id);
        Some((&mut connection.session, host))
    }
}
