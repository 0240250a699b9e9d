//! Bringing the clients of a trial into their lobbies.

use std::ops::Range;

use super::error::CannotRun;
use super::prober::Prober;
use super::publisher::publisher;
use super::trial::Trial;
use crate::arguments::Param;
use crate::clock::now_ns;
use crate::load::fleet::{Cause, Event, Reason};
use crate::load::wire::upgrade::is_host;

impl Trial<'_> {
    /// Opens the lobbies, each with `publishers` streams, and one more for each of the `crowd`.
    pub fn open_lobbies(&mut self, publishers: u32, crowd: Range<u32>) {
        for further in self.run.clients.lobbies.sizes(crowd) {
            let (_, begin) = self.fleet.open_lobby(publishers + further);
            self.lobbies.push((begin, publishers));
        }
    }

    /// Adds `clients` to the fleet, spread over the lobbies, and returns their numbers. The
    /// publishers are spread evenly over the first `size` clients, because a server may serve
    /// members in the order in which they joined.
    pub fn enlist(&mut self, clients: Range<u32>, size: u32, echo: bool) -> Vec<u32> {
        let lobbies = &self.run.clients.lobbies;
        let sizes = lobbies.sizes(0..size);
        let mut members = lobbies.sizes(0..clients.start);
        let enlisted = clients.map(|client| {
            let lobby = lobbies.of(client);
            let place = next(&mut members[lobby as usize]);
            let (begin, publishers) = self.lobbies[lobby as usize];
            let stream = publisher(place, publishers, sizes[lobby as usize]);
            let stream = stream.map(|place| begin + place);
            self.fleet.enlist(lobby, stream, echo)
        });
        enlisted.collect()
    }

    /// Adds the clients of `crowd`, which come and go, spread over the lobbies. Each has a stream
    /// of its own, after the publishers' streams.
    pub fn enlist_crowd(&mut self, crowd: Range<u32>) -> Vec<u32> {
        let lobbies = &self.run.clients.lobbies;
        let mut members = vec![0; self.lobbies.len()];
        let enlisted = crowd.map(|client| {
            let lobby = lobbies.of(client);
            let place = next(&mut members[lobby as usize]);
            let (begin, publishers) = self.lobbies[lobby as usize];
            self.fleet
                .enlist(lobby, Some(begin + publishers + place), true)
        });
        enlisted.collect()
    }

    /// Connects and joins `connections`: first one alone, then the others, so that a fault of the
    /// server, the URL or the topic is reported once.
    ///
    /// # Errors
    /// If the first connection fails, or a signal ends the run.
    pub fn gather(&mut self, connections: &[u32]) -> Result<(), CannotRun> {
        self.run.progress.phase("connecting");
        let mut all = connections.iter().copied();
        if self.fleet.joined() == 0 {
            let Some(scout) = all.next() else {
                return Ok(());
            };
            self.fleet.open(scout);
            self.until(u64::MAX, |trial| trial.fleet.opening() == 0)?;
            self.not_interrupted()?;
            let refused = self
                .fleet
                .events()
                .into_iter()
                .find_map(|event| match event {
                    Event::Refused(_, why) => Some(why),
                    _ => None,
                });
            if let Some(why) = refused {
                return Err(CannotRun::NoConnection(self.explain(&why)));
            }
        }
        for number in all {
            self.fleet.open(number);
        }
        self.until(u64::MAX, |trial| trial.fleet.opening() == 0)?;
        self.fleet.events();
        self.joined = Some(self.fleet.watch.sample());
        self.not_interrupted()
    }

    /// Connects and joins `connections` like [`gather`](Trial::gather), but all except the first at
    /// once. Their times count from the start of this storm.
    ///
    /// # Errors
    /// If the first connection fails, or a signal ends the run.
    pub fn storm(&mut self, connections: &[u32]) -> Result<(), CannotRun> {
        let (scout, others) = connections.split_at(connections.len().min(1));
        self.gather(scout)?;
        self.fleet.storm_from(now_ns());
        self.gather(others)
    }

    /// Connects and joins like [`gather`](Trial::gather), and starts a prober after half of the
    /// connections, so that the prober's place in the order of joins is the middle.
    ///
    /// # Errors
    /// If the first connection or the prober fails.
    pub fn gather_with_prober(&mut self, connections: &[u32]) -> Result<(), CannotRun> {
        let (first, second) = connections.split_at(connections.len().div_ceil(2));
        self.gather(first)?;
        self.prober = Some(Prober::start(self.fleet.marker(), &self.prober_flags())?);
        self.gather(second)
    }

    /// Returns the flags of a prober. Its clients take the rows behind those of the load's clients.
    fn prober_flags(&self) -> Vec<String> {
        let common = &self.run.common;
        let mut flags: Vec<String> = [
            "--url",
            &format!(
                "ws://{}{}",
                self.subject.address, self.subject.target.path_and_query
            ),
            "--vsn",
            &common.vsn.to_string(),
            "--topic",
            &self.run.script.topic(0),
            "--join-payload",
            &common.join_payload.replace("{lobby}", "0"),
            "--first-row",
            &(self.fleet.len()).to_string(),
            "--quiet",
        ]
        .map(String::from)
        .into();
        let mut flag = |name: &str, value: String| flags.extend([name.to_owned(), value]);
        for header in &common.header {
            flag("--header", header.clone());
        }
        if !common.header.iter().any(|line| is_host(line.as_bytes())) {
            flag("--header", format!("Host: {}", self.subject.target.host));
        }
        // Parameters that all clients share stand in the URL.
        let shared = |param: &&Param| {
            let mut shared = self.run.clients.params.iter();
            shared.any(|(name, _)| *name == param.name)
        };
        for param in common.param.iter().filter(|param| !shared(param)) {
            flag(
                "--param",
                format!("{}={}", param.name, param.source.typed()),
            );
        }
        if let Some(token) = &common.auth_token {
            flag("--auth-token", token.typed());
        }
        if let Some(file) = &common.clients_file {
            flag("--clients-file", file.display().to_string());
        }
        if common.reuse_rows {
            flags.push("--reuse-rows".to_owned());
        }
        flags
    }

    fn explain(&self, why: &Reason) -> String {
        let url = &self.subject.target.url;
        let advice = match why.cause {
            Cause::NothingListens => {
                "Nothing listens there. Is the server running, and on this port? --spawn starts one"
            }
            Cause::NoRoomHere => "This machine has no room for it: the server was not asked",
            Cause::Http(404) => {
                "The server has no socket at this path. Phoenix serves one at its mount and /websocket, as in /socket/websocket"
            }
            Cause::Http(401) => {
                "The server wants a token, or does not take the first client's: see --param, --auth-token, --header and \
                 --clients-file"
            }
            Cause::Http(403) => {
                "The server refuses this client: its connect callback or its token (see --param and --auth-token), its \
                 origin check (see --header 'Origin: …') or the version (see --vsn)"
            }
            Cause::Http(503) => {
                "The server takes nobody at the moment: it is full or ends, or lacks the keys of tokens"
            }
            Cause::Http(_) => {
                "The server answers, but not with a WebSocket. Is this its socket's path?"
            }
            Cause::JoinRefused => {
                "See --topic and --join-payload, and the first client's token if it has one"
            }
            Cause::Unanswered | Cause::JoinUnanswered => {
                "The server takes the connection and then says nothing. Is it overloaded, or another program?"
            }
            _ => "See --url",
        };
        let said = self.subject.output_tail();
        let said = if said.is_empty() {
            said
        } else {
            format!("\nThe server said:\n{said}")
        };
        format!("cannot begin at {url}: {why}. {advice}{said}")
    }
}

/// Counts one more, and returns the count before.
fn next(count: &mut u32) -> u32 {
    *count += 1;
    *count - 1
}
