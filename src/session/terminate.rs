//! The ends of a channel, and the order of the frames that each end sends.
//!
//! Every end first ends the subscription: broadcasts published until then go out in front of all
//! that follows.

use super::joined::Joined;
use super::{Crash, Session, guarded};
use crate::broker::SubscriptionId;
use crate::channel::JoinPhase;
use crate::channel::TerminateReason;
use crate::channel::frames;
use crate::channel::{Crashed, Host};
use crate::channel::{Stop, StopReason};
use crate::protocol::{PayloadBuf, Ref};

impl Session {
    /// Ends a channel because the client leaves: sends the reply, `phx_close`, then the pushes of
    /// `terminate`.
    pub(super) fn leave(&mut self, id: SubscriptionId, reference: &Ref, host: &mut dyn Host) {
        let Some(joined) = self.channels.remove(id) else {
            return;
        };
        host.unsubscribe(id);
        let standing = joined.standing(self.client());
        // An empty object has a form in every version.
        if let Ok(frame) = frames::reply(standing, reference, "ok", &PayloadBuf::EMPTY) {
            host.send(frame, None);
        }
        host.send(frames::close(standing), None);
        self.tell_app(joined, &TerminateReason::Left, host);
    }

    /// Ends a channel because the client joins its topic again. The old channel's last pushes and
    /// its `phx_close` go out in front of the new join. Phoenix sends the close behind the new
    /// join's reply, and a client of version 1 then takes the close for the close of the new join.
    pub(super) fn make_way(&mut self, id: SubscriptionId, host: &mut dyn Host) {
        let Some(joined) = self.channels.remove(id) else {
            return;
        };
        host.unsubscribe(id);
        let close = frames::close(joined.standing(self.client()));
        self.tell_app(joined, &TerminateReason::JoinedAgain, host);
        host.send(close, None);
    }

    /// Ends a channel because a callback or a handle stops it.
    pub(super) fn stop(
        &mut self,
        joined: Joined,
        reference: Option<&Ref>,
        stop: Stop,
        host: &mut dyn Host,
    ) {
        let reply = stop
            .reply
            .map(|reply| self.reply_frame(&joined, reference, &reply));
        let reply = match reply.transpose() {
            Ok(reply) => reply,
            Err(crash) => return self.crash(joined, crash, host),
        };
        host.unsubscribe(joined.id);
        if let Some(frame) = reply {
            host.send(frame, None);
        }
        let is_failure = matches!(stop.reason, StopReason::Failed(_));
        let reason = TerminateReason::Stopped(stop.reason);
        if is_failure {
            self.fail(joined, &reason, host);
        } else {
            host.send(frames::close(joined.standing(self.client())), None);
            self.tell_app(joined, &reason, host);
        }
    }

    /// Ends a channel whose callback panicked or broke a rule. Frames that the channel sent before
    /// still go out.
    pub(super) fn crash(&mut self, joined: Joined, crash: Crash, host: &mut dyn Host) {
        host.crashed(Crashed::Channel, &joined.topic, &crash.0);
        host.unsubscribe(joined.id);
        self.fail(joined, &TerminateReason::Crashed(crash.0), host);
    }

    /// Ends a channel because the client's token does not let it be there any longer. Sends
    /// `event`, then `phx_error`, after which phoenix.js joins again, or else `phx_close`. A
    /// channel that waits ends without a further callback of what it waits for. Its line meets a
    /// topic that is not joined.
    pub(super) fn end_not_allowed(
        &mut self,
        id: SubscriptionId,
        (event, payload): (&str, &PayloadBuf),
        comes_back: bool,
        host: &mut dyn Host,
    ) {
        let Some(mut joined) = self.channels.remove(id) else {
            return;
        };
        host.unsubscribe(id);
        let busy = joined.busy.take();
        if let Some(busy) = &busy {
            self.waits_with(self.waiting_bytes - busy.line_bytes, host);
        }
        let topic = joined.topic.clone();
        let standing = joined.standing(self.client());
        if let Ok(frame) = frames::push(standing, event, payload) {
            host.send(frame, None);
        }
        if comes_back {
            self.fail(joined, &TerminateReason::NotAllowed, host);
        } else {
            host.send(frames::close(standing), None);
            self.tell_app(joined, &TerminateReason::NotAllowed, host);
        }
        let line = busy.map(|busy| busy.line).unwrap_or_default();
        self.work_off(id, &topic, line, host);
    }

    /// Ends the session, because the connection is gone. Every joined channel's `terminate` runs,
    /// with [`TerminateReason::Closed`]. Jobs that channels wait for run on, up to their deadline,
    /// and their continuations are never called.
    pub fn terminate(&mut self, host: &mut dyn Host) {
        while let Some(mut joined) = self.channels.pop() {
            host.unsubscribe(joined.id);
            let busy = joined.busy.take();
            if !busy.is_some_and(|busy| busy.is_joining()) {
                self.tell_app(joined, &TerminateReason::Closed, host);
            }
        }
        self.waits_with(0, host);
    }

    /// Sends the pushes of `terminate`, then `phx_error`, after which phoenix.js joins again.
    fn fail(&mut self, joined: Joined, reason: &TerminateReason, host: &mut dyn Host) {
        let error = frames::error(joined.standing(self.client()));
        self.tell_app(joined, reason, host);
        host.send(error, None);
    }

    fn tell_app(&self, mut joined: Joined, reason: &TerminateReason, host: &mut dyn Host) {
        let topic = joined.topic.clone();
        let told = {
            let host = &mut *host;
            guarded(|| {
                let (channel, mut socket) =
                    joined.channel_and_socket(self.client(), host, JoinPhase::Ended);
                channel.terminate(reason, &mut socket);
            })
        };
        if let Err(Crash(crash)) = told {
            host.crashed(Crashed::Terminate, &topic, &crash);
        }
    }
}
