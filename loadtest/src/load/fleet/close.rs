//! Ending connections: at the load's own request, or without it.

use super::Fleet;
use super::connection::{Connection, Stage};
use super::departure::Departure;
use super::event::Event;
use super::reason::Reason;
use super::totals::count;
use crate::load::wire::phoenix::Push;
use crate::load::wire::websocket::{self, opcode};

impl Fleet {
    /// Handles an end that the load did not ask for. `why` is counted, unless clients reconnect.
    pub(super) fn lost(&mut self, number: u32, why: Reason) {
        match self.connections[number as usize].stage {
            Stage::Closed => return,
            Stage::Closing => return self.drop_socket(number),
            Stage::Connecting | Stage::Upgrading | Stage::Joining | Stage::Unjoined => {
                return self.refused(number, why);
            }
            Stage::Joined => {}
        }
        self.totals.joined_now -= 1;
        if self.returning.is_some() {
            self.ledger.disconnect(number, &mut self.done);
            self.try_again(number);
        } else if self.connections[number as usize].slow {
            // A server may close a connection that does not read, and owes it nothing afterwards.
            count(&mut self.totals.ended_slow, &why.words);
            self.ledger.leave(number, &mut self.done);
        } else {
            count(&mut self.totals.lost, &why.words);
            self.ledger.lose(number, &mut self.done);
        }
        self.drop_socket(number);
        self.events.push(Event::Lost(number, why));
    }

    pub(super) fn drop_socket(&mut self, number: u32) {
        let connection = &mut self.connections[number as usize];
        connection.stage = Stage::Closed;
        connection.kept = Vec::new();
        connection.fragments = Vec::new();
        connection.out = Default::default();
        if let Some(mut socket) = connection.socket.take() {
            let _ = self.poll.registry().deregister(&mut socket);
        }
    }

    /// Ends a connection at the load's own request, in the way `how`. The member is no longer owed
    /// the messages that it lacks by now.
    pub fn depart(&mut self, number: u32, how: Departure) {
        let connection = &mut self.connections[number as usize];
        if connection.stage != Stage::Joined {
            return;
        }
        self.ledger.leave(number, &mut self.done);
        self.totals.joined_now -= 1;
        connection.stage = Stage::Closing;
        match how {
            Departure::Leave => {
                self.leave(number);
                self.queue_close(number, 1000);
            }
            Departure::Close => self.queue_close(number, 1000),
            Departure::Drop => self.drop_socket(number),
            Departure::Reset => {
                if let Some(socket) = &connection.socket {
                    // A lingering time of zero makes the kernel send RST instead of FIN.
                    let _ =
                        socket2::SockRef::from(socket).set_linger(Some(std::time::Duration::ZERO));
                }
                self.drop_socket(number);
            }
        }
    }

    /// Queues a leave of the connection's topic.
    pub(super) fn leave(&mut self, number: u32) {
        let connection = &mut self.connections[number as usize];
        let message = Push {
            reference: connection.reference(),
            topic: &self.settings.script.quoted_topic(connection.lobby),
            event: b"\"phx_leave\"",
            payload: b"{}",
            join_ref: Some(connection.join_ref),
        };
        self.queue(number, &message);
    }

    /// Queues a Close frame.
    pub(super) fn queue_close(&mut self, number: u32, code: u16) {
        let mask = self.random.u32(..).to_ne_bytes();
        let out = &mut self.connections[number as usize].out.bytes;
        websocket::write(out, opcode::CLOSE, mask, &[&code.to_be_bytes()]);
        self.list_for_writing(number);
    }

    /// Returns the number of connections whose Close frame is on its way.
    pub fn closing(&self) -> usize {
        let closing = |connection: &&Connection| connection.stage == Stage::Closing;
        self.connections.iter().filter(closing).count()
    }
}
