//! Delivering mail from the app to sessions, and broadcasts that channels look at themselves.

use super::Shard;
use super::host::ShardHost;
use crate::broker::{Heard, HeardBy};
use crate::channel::{Broadcast, Mail};
use crate::protocol::{Json, Payload};
use crate::session::Session;
use crate::websocket::CloseReason;

/// The one event on a socket id that means something (protocol.md §5).
pub(crate) const DISCONNECT: &str = "disconnect";

/// Broadcasts handed in one turn to channels that look at them themselves.
const HEARD_PER_TURN: usize = 256;

impl Shard {
    pub(crate) fn hand_on_heard(&mut self) {
        for _ in 0..HEARD_PER_TURN {
            let Some(heard) = self.services.fanout.take_heard() else {
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
        if let Some(key) = self.connections.place_of(mail.connection) {
            self.with_session(key, |session, host| {
                session.mail(mail.channel, mail.message, host);
            });
        }
    }

    /// Calls into the session of an open connection.
    pub(crate) fn with_session(
        &mut self,
        key: u32,
        call: impl FnOnce(&mut Session, &mut ShardHost<'_>),
    ) {
        let Some(connection) = self.connections.get_mut(key) else {
            return;
        };
        if !connection.is_open() {
            return;
        }
        let mut host = ShardHost::new(&mut self.services, connection.id);
        call(&mut connection.session, &mut host);
    }
}
