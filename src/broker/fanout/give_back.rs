//! The sweep's memory step: a shard gives back the room that bursts and crowds have left.

use super::Fanout;
use crate::broker::shrink::{is_mostly_spare, kept};

impl Fanout {
    pub(crate) fn give_back(&mut self) {
        self.scratch.give_back();
        self.outlets.give_back();
        self.heard.give_back();
        self.rooms.give_back();
        self.passes.give_back();
        let watched = &mut self.kept.watched;
        if is_mostly_spare(watched.len(), watched.capacity()) {
            watched.shrink_to(kept(watched.len()));
        }
    }
}
