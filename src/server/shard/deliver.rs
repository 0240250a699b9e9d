//! Calls into sessions for mail, broadcasts that channels look at, and held joins that are due.

use std::sync::Arc;
use std::task::Context;
use std::time::Instant;

use super::Shard;
use super::host::ShardHost;
use super::join_queue::{JOINS_PER_TURN_LEAST, JOINS_TIME};
use crate::broker::{Budget, Heard, HeardBy, OriginalPayload, SubscriptionId};
use crate::channel::{Broadcast, Mail};
use crate::protocol::{Json, Payload};
use crate::server::limits::limit::Limit;
use crate::session::Session;
use crate::websocket::CloseReason;

/// The event that closes a connection when it is broadcast to the connection's socket id
/// (protocol.md §5). All other events on a socket id are ignored.
pub(crate) const DISCONNECT: &str = "disconnect";

/// Most broadcasts handed in one turn to the channels that look at broadcasts themselves.
const HEARD_PER_TURN: usize = 256;

impl Shard {
    /// Answers held joins while places are free and the time of a turn lasts, and refuses those
    /// that have waited too long. True if more joins are due in the next turn.
    pub(crate) fn answer_held_joins(&mut self, cx: &mut Context<'_>) -> bool {
        if self.services.joins.is_empty() {
            return false;
        }
        let admission = Arc::clone(&self.services.link.admission);
        let (begun, now_ns) = (Instant::now(), admission.now_ns());
        let mut place_ns = None;
        let (mut looked_at, mut answered) = (0, 0);
        while looked_at < JOINS_PER_TURN_LEAST || begun.elapsed() < JOINS_TIME {
            looked_at += 1;
            if let Some((connection, channel)) = self.services.joins.pop_late() {
                answered += usize::from(self.answer_join(connection, channel, false));
                continue;
            }
            if !self.services.joins.has_ready(now_ns) {
                break;
            }
            if let Err(wait_ns) = admission.take_join(now_ns) {
                place_ns = Some(now_ns + wait_ns);
                break;
            }
            let rate = self.services.refused_rate();
            let is_answered = match self.services.joins.pop(now_ns, rate) {
                Some((connection, channel)) => self.answer_join(connection, channel, true),
                None => false,
            };
            match is_answered {
                true => answered += 1,
                false => admission.give_back_join(),
            }
        }
        for _ in 0..self.services.joins.take_passed_over() {
            self.services.exceeded(Limit::RefusedJoinsPerSecond);
        }
        let joins = &mut self.services.joins;
        if joins.wants_place(place_ns.is_some()) {
            admission.wants_place(place_ns.is_some());
        }
        if answered > 0 {
            place_ns = place_ns.map(|at_ns| at_ns + admission.others_turn_ns());
        }
        // The answers go out in the next turn.
        joins.next_is_due(place_ns, admission.started(), cx) || answered > 0
    }

    /// Answers one held join. False if its connection has gone, and needs no answer any more.
    fn answer_join(&mut self, connection: u64, channel: SubscriptionId, in_time: bool) -> bool {
        let key = self.connections.place_of(connection);
        let Some((session, mut host)) = key.and_then(|key| self.session_and_host(key)) else {
            self.services.joins.forget(connection);
            return false;
        };
        session.answer_join(channel, in_time, &mut host);
        true
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
    /// connection is gone or closing. One that is far behind is written to before the call, which
    /// may end channels of it.
    pub(crate) fn session_and_host(&mut self, key: u32) -> Option<(&mut Session, ShardHost<'_>)> {
        let (fanout, mut budget) = (&mut self.services.fanout, Budget::default());
        fanout.catch_up(key, &mut self.connections, &mut budget);
        let connection = self.connections.get_mut(key).filter(|c| c.is_open())?;
        let host = ShardHost::new(&mut self.services, connection.id, connection.party());
        Some((&mut connection.session, host))
    }
}
