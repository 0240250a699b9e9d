//! Reloading: a shard goes on under another router and other limits, with the connections it has.

use std::sync::Arc;

use super::Shard;
use crate::server::http::app::Served;

impl Shard {
    /// Switches the shard to another router and other limits in one turn. A client's next message
    /// meets all of the change or none of it.
    pub(crate) fn reload(&mut self, serving: &Served) {
        if let Some(charges) = self.services.reload(serving) {
            self.connections.forgive(&self.timers.clock, charges);
        }
        self.timers.set_limits(&serving.limits, &serving.app);
        self.timers.reloads += 1;
        for connection in self.connections.iter_mut() {
            if let Some(socket) = serving.app.router().successor_of(&connection.socket) {
                connection.session.reload(&socket.session);
                connection.socket = Arc::clone(socket);
            }
        }
    }
}
