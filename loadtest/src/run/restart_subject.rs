//! The restart of a trial's server while the connections go on.

use std::process::ExitStatus;

use super::error::CannotRun;
use super::trial::Trial;

impl Trial<'_> {
    /// Signals the server to end, and does not wait. From now on clients reconnect by themselves,
    /// and the counts of connections restart. Messages that publishers have back by now are owed to
    /// all present members.
    pub fn tell_server_to_end(&mut self) {
        self.fleet.ledger.begin_shutdown();
        self.fleet.count_anew(self.fleet.joined());
        self.fleet.come_back();
        self.subject.tell_to_end();
    }

    /// Returns the exit status of the server, if it has ended.
    pub fn how_server_ended(&mut self) -> Option<ExitStatus> {
        self.subject.how_it_ended()
    }

    /// Kills the server, which has not ended in time.
    pub fn kill_server(&self) {
        self.subject.kill();
    }

    /// Starts the server again after its end. Does not wait until it answers.
    ///
    /// # Errors
    /// If the server's process cannot be started.
    pub fn start_server_again(&mut self) -> Result<(), CannotRun> {
        self.subject.start_again(self.run)?;
        self.fleet.watch.succeed(self.subject.process());
        self.before = self.fleet.watch.sample();
        Ok(())
    }

    /// True if the server has ended.
    pub fn server_has_ended(&mut self) -> bool {
        self.subject.has_ended()
    }

    /// Ends the measured time, when all clients are back or no more are waited for. Takes the
    /// sample from which the cost of joining is known.
    pub fn end_returning(&mut self) {
        self.joined = Some(self.fleet.watch.sample());
        self.end_measuring();
    }
}
