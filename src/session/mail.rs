//! Requests of handles to a channel, from any thread.

use super::busy::QueueItem;
use super::joined::Joined;
use super::{Crash, Session};
use crate::broker::SubscriptionId;
use crate::channel::Host;
use crate::channel::MailMessage;
use crate::channel::check_broadcast;
use crate::channel::frames;
use crate::channel::{Stop, StopReason};

impl Session {
    /// Takes the mail that a handle posted for `channel`. Mail for an ended channel is dropped.
    pub fn mail(&mut self, channel: SubscriptionId, message: MailMessage, host: &mut dyn Host) {
        let Some(joined) = self.channels.with_id(channel) else {
            return;
        };
        let must_wait = joined.busy.as_ref().is_some_and(|busy| {
            // Frames touch no state of the app and may overtake waiting items, but nothing
            // overtakes a join's reply.
            busy.is_joining() || matches!(message, MailMessage::Info(_) | MailMessage::Stop(_))
        });
        if must_wait {
            return self.line_up(channel, QueueItem::Mail(message), host);
        }
        match message {
            MailMessage::Info(info) => self.info(channel, info, host),
            MailMessage::Stop(reason) => self.stop_asked(channel, reason, host),
            message => {
                if let Err(crash) = self.post(joined, message, host) {
                    self.give_up(channel, crash, host);
                }
            }
        }
    }

    /// Sends a handle's frames to the client or the topic.
    fn post(
        &self,
        joined: &Joined,
        message: MailMessage,
        host: &mut dyn Host,
    ) -> Result<(), Crash> {
        let id = joined.id;
        match message {
            MailMessage::Push { event, payload } => {
                let frame = frames::push(joined.standing(self.client()), &event, &payload);
                let frame = frame.map_err(|why| Crash(format!("push of {event:?}: {why}")))?;
                host.send(frame, Some(id));
            }
            MailMessage::Reply { reference, reply } => {
                let frame = self.reply_frame(joined, Some(&reference), &reply)?;
                host.send(frame, Some(id));
            }
            MailMessage::Broadcast {
                event,
                payload,
                to_self,
            } => {
                let checked = check_broadcast(&payload);
                checked.map_err(|why| Crash(format!("broadcast of {event:?}: {why}")))?;
                host.broadcast(&joined.topic, &event, payload, (!to_self).then_some(id));
            }
            MailMessage::Info(_) | MailMessage::Stop(_) => {}
        }
        Ok(())
    }

    fn stop_asked(&mut self, id: SubscriptionId, reason: StopReason, host: &mut dyn Host) {
        if let Some(joined) = self.channels.remove(id) {
            let reply = None;
            self.stop(joined, None, Stop { reason, reply }, host);
        }
    }
}
