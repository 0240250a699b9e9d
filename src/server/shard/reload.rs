//! Reloading: a shard goes on under another router and other limits, with the connections it has.

use std::sync::Arc;

use super::Shard;
use crate::channel::Router;
use crate::server::http::app::Serving;
use crate::server::limits::observe::with_observed;

impl Shard {
    /// In one turn: what a client says next meets all of it or nothing.
    pub(crate) fn reload(&mut self, serving: &Serving) {
        self.app = Arc::clone(&serving.app);
        self.limits = serving.limits;
        self.set_rates(self.limits.rates);
        self.fanout.set_settings(with_observed(&self.limits));
        self.sweep = self.limits.sweeps(&self.app);
        let router: &Router = serving.app.router();
        for (_, connection) in &mut self.connections {
            if let Some(socket) = router.successor_of(&connection.socket) {
                connection.session.reload(&socket.session);
                connection.socket = Arc::clone(socket);
            }
        }
    }
}
