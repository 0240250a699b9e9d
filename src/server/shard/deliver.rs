//! Calls into sessions that do not come from their client: mail from the app, and broadcasts that channels look at
//! themselves.

use super::Shard;
use super::host::ShardHost;
use crate::broker::{Heard, HeardBy};
use crate::channel::{Broadcast, Mail};
use crate::protocol::{Json, Payload};
use crate::session::Session;
use crate::websocket::CloseReason;

/// The one event on a socket id that means something (protocol.md §5).
pub(crate) const DISCONNECT: &str = "disconnect";

/// Broadcasts handed to channels that look at them themselves in one turn.
const HEARD_PER_TURN: usize = 256;

impl Shard {
    pub(crate) fn hand_on_heard(&mut self) {
        for _ in 0..HEARD_PER_TURN {
            let Some(heard) = self.fanout.take_heard() else {
                return;
            };
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
        let text = std::str::from_utf8(&original.payload).ok();
        let payload = match text.filter(|_| !original.binary) {
            Some(text) => Payload::Json(Json::trusted(text)),
            None => Payload::Binary(&original.payload),
        };
        self.with_session(heard.outlet, |session, host| match heard.by {
            HeardBy::Intercept => session.intercepted(heard.id, &original.event, payload, host),
            _ => {
                let (topic, event) = ((&*heard.topic).into(), original.event.clone());
                let payload = payload.to_buf();
                session.heard(
                    heard.id,
                    Broadcast {
                        topic,
                        event,
                        payload,
                    },
                    host,
                );
            }
        });
    }

    pub(crate) fn deliver(&mut self, mail: Mail) {
        if let Some(key) = self.place_of(mail.connection) {
            self.with_session(key, |session, host| {
                session.mail(mail.channel, mail.message, host);
            });
        }
    }

    /// Where a connection is, if it is there still and open.
    pub(crate) fn place_of(&self, connection: u64) -> Option<u32> {
        let key = connection as u32;
        let found = self.connections.get(key as usize)?;
        (found.id == connection && found.is_open()).then_some(key)
    }

    /// Calls into the session of an open connection.
    pub(crate) fn with_session(
        &mut self,
        key: u32,
        call: impl FnOnce(&mut Session, &mut ShardHost<'_>),
    ) {
        let Some(connection) = self.connections.get_mut(key as usize) else {
            return;
        };
        if !connection.is_open() {
            return;
        }
        let mut host = ShardHost::new(
            &mut self.fanout,
            &self.link,
            &self.events,
            &mut self.held_joins,
            &self.limits,
            (key, connection.id),
        );
        call(&mut connection.session, &mut host);
    }
}
