//! The restart of a trial's server while the connections go on.

use std::process::ExitStatus;

use super::error::CannotRun;
use super::trial::Trial;

impl Trial<'_> {
    /// Signals the server to end, and waits for nothing. From now on its clients come back by
    /// themselves, and the counts of connections begin anew. Messages that publishers have back by
    /// now are owed to all members that are there.
    pub fn tell_server_to_end(&mut self) {
        self.fleet.ledger.promise();
        self.fleet.count_anew(self.fleet.joined());
        self.fleet.come_back();
        self.subject.tell_to_end();
    }

    /// How the server has ended, if it has.
    pub fn how_server_ended(&mut self) -> Option<ExitStatus> {
        self.subject.how_it_ended()
    }

    /// Kills a server that does not end.
    pub fn kill_server(&self) {
        self.subject.kill();
    }

    /// Starts the server again, which has ended. Whether it answers is not waited for.
    ///
    /// # Errors
    /// If there is no process for it.
    pub fn start_server_again(&mut self) -> Result<(), CannotRun> {
        self.subject.start_again(self.run)?;
        self.fleet.watch.succeed(self.subject.process());
        self.before = self.fleet.watch.sample();
        Ok(())
    }

    /// Whether the server has ended.
    pub fn server_has_ended(&mut self) -> bool {
        self.subject.has_ended()
    }

    /// All clients are back, or the rest is not waited for. The cost of joining is known, and the
    /// measured time ends.
    pub fn end_returning(&mut self) {
        self.joined = Some(self.fleet.watch.sample());
        self.end_measuring();
    }
}
