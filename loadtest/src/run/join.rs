//! Bringing the clients of a trial into their lobbies.

use std::ops::Range;

use super::error::CannotRun;
use super::prober::Prober;
use super::publisher::publisher;
use super::trial::Trial;
use crate::clock::now_ns;
use crate::load::fleet::{Cause, Event, Reason};
use crate::load::wire::upgrade::is_host;

impl Trial<'_> {
    /// Opens `topics` lobbies, each with `publishers` streams and `further(lobby)` other streams.
    pub fn open_lobbies(&mut self, topics: u32, publishers: u32, further: impl Fn(u32) -> u32) {
        for lobby in 0..topics {
            let (_, begin) = self.fleet.open_lobby(publishers + further(lobby));
            self.lobbies.push((begin, publishers));
        }
    }

    /// Adds `clients` to the fleet, spread over the lobbies, and returns their numbers. The
    /// publishers are spread evenly over the first `size` clients, because a server may serve
    /// members in the order in which they joined.
    pub fn enlist(&mut self, clients: Range<u32>, size: u32, echo: bool) -> Vec<u32> {
        let topics = self.lobbies.len() as u32;
        let of_lobby = |lobby| (size + topics - 1 - lobby) / topics;
        let enlisted = clients.map(|client| {
            let (lobby, place) = (client % topics, client / topics);
            let (begin, publishers) = self.lobbies[lobby as usize];
            let stream = publisher(place, publishers, of_lobby(lobby)).map(|place| begin + place);
            self.fleet.enlist(lobby, stream, echo)
        });
        enlisted.collect()
    }

    /// Adds `crowd` clients that come and go, spread over the lobbies. Each has a stream of its
    /// own, after the publishers' streams.
    pub fn enlist_crowd(&mut self, crowd: u32) -> Vec<u32> {
        let topics = self.lobbies.len() as u32;
        let enlisted = (0..crowd).map(|client| {
            let (lobby, place) = (client % topics, client / topics);
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
            &self.run.script.join_payload(0),
            "--quiet",
        ]
        .map(String::from)
        .into();
        for header in &common.header {
            flags.extend(["--header".to_owned(), header.clone()]);
        }
        if !common.header.iter().any(|line| is_host(line)) {
            let host = format!("Host: {}", self.subject.target.host);
            flags.extend(["--header".to_owned(), host]);
        }
        self.prober = Some(Prober::start(self.fleet.marker(), &flags)?);
        self.gather(second)
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
            Cause::Http(403) => {
                "The server refuses this client: its connect callback (see --param), its origin check (see --header \
                 'Origin: …') or the version (see --vsn)"
            }
            Cause::Http(_) => {
                "The server answers, but not with a WebSocket. Is this its socket's path?"
            }
            Cause::JoinRefused => "See --topic and --join-payload",
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
