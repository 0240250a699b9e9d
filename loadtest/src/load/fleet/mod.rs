//! All connections of a run in one event loop.
//!
//! The fleet has the ledger of the deliveries and the meter of the times. A scenario decides which
//! connections open, which of them publish at which pace, and when the run ends. Nothing in this
//! folder knows a scenario.

mod close;
mod connect;
mod connect_queue;
mod connection;
mod control;
mod departure;
mod event;
mod lobby_delays;
mod pacer;
mod read;
mod reason;
mod reconnect;
mod reconnect_queue;
pub mod schedule;
mod script;
mod settings;
mod timer;
mod totals;
mod turn;
mod write;

use std::collections::{BTreeMap, BinaryHeap, VecDeque};
use std::io;

use mio::{Events, Poll};

use crate::clock::now_ns;
use crate::load::ledger::Ledger;
use crate::load::meter::Meter;
use crate::load::template::Template;
use crate::load::wire::tag::Marker;
use crate::load::wire::upgrade;
use crate::observe::watch::Watch;
use crate::result::{Connections, Replies};
use connect_queue::ConnectQueue;
use connection::{Connection, Stage};
pub use departure::Departure;
pub use event::Event;
pub use lobby_delays::LobbyRecorders;
pub use pacer::Pacer;
pub use reason::{Cause, Reason};
pub use reconnect_queue::ReconnectQueue;
use script::PayloadEnds;
pub use script::{Script, ScriptError, Words};
pub use settings::FleetSettings;
use timer::{TIMER, Timer};
use totals::{Totals, count};

/// All connections of a run.
#[derive(Debug)]
pub struct Fleet {
    settings: FleetSettings,
    poll: Poll,
    polled: Events,
    timer: Timer,
    buffer: Box<[u8]>,
    /// The request of an upgrade, with places for values of the client.
    request: Template,
    accept: String,
    random: fastrand::Rng,
    connections: Vec<Connection>,
    connect_queue: ConnectQueue,
    /// Connections to read again in this turn, because more bytes may be there.
    unread: VecDeque<u32>,
    /// Connections with bytes to write.
    unwritten: Vec<u32>,
    /// The time of each connection's next heartbeat.
    heartbeats: BinaryHeap<std::cmp::Reverse<Beat>>,
    /// The publisher of each stream.
    publishers: Vec<u32>,
    /// The streams of completed messages, one item per message, not yet reported to the pacer.
    done: Vec<u32>,
    /// The time of the next look for messages that are overdue.
    abandon_due_ns: u64,
    pacer: Pacer,
    marker: Marker,
    /// The topics of the lobbies as JSON, made when they are first needed.
    topics: Vec<Vec<u8>>,
    /// The payload around the text: of each stream if it varies by client, or of all.
    payload_ends: Vec<PayloadEnds>,
    /// Buffer in which a payload is put together.
    payload: Vec<u8>,
    /// True in the process of the prober: the fleet publishes nothing, and times the load
    /// generator's messages by their tags.
    probes: bool,
    /// Whether replies to pushes are reported as events.
    pub tells_replies: bool,
    /// The time at which the scenario's next work is due, so the loop sleeps no longer.
    pub wake_ns: Option<u64>,
    /// Delays of the first lobby and of the others, if they are recorded apart.
    pub lobby_delays: Option<LobbyRecorders>,
    /// The tries of clients that reconnect by themselves, or `None` if none does.
    returning: Option<ReconnectQueue>,
    /// The account of deliveries.
    pub ledger: Ledger,
    /// The times that are measured.
    pub meter: Meter,
    /// The readings of CPU and memory of both sides.
    pub watch: Watch,
    totals: Totals,
    events: Vec<Event>,
}

/// A connection's next heartbeat. If the connection was opened again, its `started_ns` differs, and
/// the heartbeat is void.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Beat {
    due_ns: u64,
    number: u32,
    started_ns: u64,
}

/// Bytes of one read. A server that batches well sends over a hundred messages in one write.
const READ_BYTES: usize = 256 << 10;
/// Most events taken from the system at once.
const EVENTS: usize = 4096;

impl Fleet {
    /// Returns a fleet without connections.
    ///
    /// # Errors
    /// If the system has no event queue or timer left.
    pub fn new(settings: FleetSettings, watch: Watch) -> io::Result<Fleet> {
        let poll = Poll::new()?;
        let timer = Timer::new(poll.registry(), TIMER)?;
        let mut random = fastrand::Rng::with_seed(settings.seed);
        let key = upgrade::key(&mut random);
        let marker = Marker::unique();
        let filler = settings.script.filler(&mut random);
        let script = settings.script.clone().with_text(marker, filler.clone());
        let payload_ends = match script.payload_varies() {
            true => Vec::new(),
            false => vec![script.payload_ends(0)],
        };
        let FleetSettings {
            host,
            path_and_query,
            headers,
            ..
        } = &settings;
        Ok(Fleet {
            request: upgrade::request(host, path_and_query, &key, headers),
            accept: upgrade::accept(&key),
            connect_queue: ConnectQueue::new(&settings),
            settings: FleetSettings { script, ..settings },
            poll,
            polled: Events::with_capacity(EVENTS),
            timer,
            buffer: vec![0; READ_BYTES].into(),
            random,
            connections: Vec::new(),
            unread: VecDeque::new(),
            unwritten: Vec::new(),
            heartbeats: BinaryHeap::new(),
            publishers: Vec::new(),
            done: Vec::new(),
            abandon_due_ns: 0,
            marker,
            topics: Vec::new(),
            payload_ends,
            payload: Vec::new(),
            probes: false,
            tells_replies: false,
            wake_ns: None,
            lobby_delays: None,
            returning: None,
            pacer: Pacer::silent(),
            ledger: Ledger::new(marker, filler),
            meter: Meter::default(),
            watch,
            totals: Totals::default(),
            events: Vec::new(),
        })
    }

    /// Returns the marker in the tags of this run's messages.
    pub fn marker(&self) -> Marker {
        self.marker
    }

    /// Makes this the fleet of a prober: from now on it only times the load generator's messages.
    pub fn probe(&mut self, marker: Marker) {
        self.ledger = Ledger::new(marker, Box::default());
        self.marker = marker;
        self.probes = true;
    }

    /// Opens a lobby with `publishers` streams, whose publishers are still to be enlisted. Returns
    /// the lobby's number and that of its first stream.
    pub fn open_lobby(&mut self, publishers: u32) -> (u32, u32) {
        let opened = self.ledger.open_lobby(publishers);
        self.publishers
            .resize(self.publishers.len() + publishers as usize, u32::MAX);
        opened
    }

    /// Adds a connection to `lobby`, not yet opened, and returns its number. The connection
    /// publishes `stream`, if any, and gets its own messages back if `echo`.
    pub fn enlist(&mut self, lobby: u32, stream: Option<u32>, echo: bool) -> u32 {
        let member = self.ledger.enrol(lobby, stream, echo);
        self.connections.push(Connection::new(lobby, stream));
        debug_assert_eq!(
            member as usize + 1,
            self.connections.len(),
            "a connection is its member"
        );
        if let Some(stream) = stream {
            self.publishers[stream as usize] = member;
            if self.settings.script.payload_varies() {
                let ends = self.settings.script.payload_ends(member);
                self.payload_ends
                    .resize(self.publishers.len(), PayloadEnds::default());
                self.payload_ends[stream as usize] = ends;
            }
        }
        member
    }

    /// Sets the start of a storm: the times of connections opened from now on count from
    /// `begin_ns`.
    pub fn storm_from(&mut self, begin_ns: u64) {
        self.connect_queue.storm_from(begin_ns);
    }

    /// Sets the pace at which messages are published from now on.
    pub fn set_pace(&mut self, pacer: Pacer) {
        self.pacer = pacer;
    }

    /// Returns the events since the last call.
    pub fn events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    /// Returns the number of connections that are in their lobby now.
    pub fn joined(&self) -> u64 {
        self.totals.joined_now
    }

    /// Gives a connection that is not opened yet a small receive buffer: it will stop reading.
    pub fn make_narrow(&mut self, number: u32) {
        self.connections[number as usize].narrow = true;
    }

    /// True if the connection publishes a stream.
    pub fn publishes(&self, number: u32) -> bool {
        self.connections[number as usize].stream.is_some()
    }

    /// True if the connection is in its lobby.
    pub fn is_joined(&self, number: u32) -> bool {
        self.connections[number as usize].stage == Stage::Joined
    }

    /// Returns the time of the connection's join, if it is in its lobby.
    pub fn joined_ns(&self, number: u32) -> Option<u64> {
        let connection = &self.connections[number as usize];
        (connection.stage == Stage::Joined).then_some(connection.joined_ns)
    }

    /// Returns the number of the connection that publishes `stream`.
    pub fn publisher(&self, stream: u32) -> u32 {
        self.publishers[stream as usize]
    }

    /// Restarts the counts for `wanted` connections that reconnect. Counts of refused and lost
    /// connections, and of replies, are kept.
    pub fn count_anew(&mut self, wanted: u64) {
        let before = std::mem::take(&mut self.totals);
        self.totals = Totals {
            wanted,
            joined_now: before.joined_now,
            refused: before.refused,
            unopened: before.unopened,
            lost: before.lost,
            replies_ok: before.replies_ok,
            replies_error: before.replies_error,
            ..Totals::default()
        };
    }

    /// Counts a refusal by a server that was not caused by a restart.
    pub fn count_refused(&mut self, why: &Reason) {
        self.totals.refuse(why);
    }

    /// Counts a lost connection that was not caused by a restart.
    pub fn count_lost(&mut self, why: &Reason) {
        count(&mut self.totals.lost, &why.words);
    }

    /// True if the connection is closed, so that it can be opened again.
    pub fn is_away(&self, number: u32) -> bool {
        self.connections[number as usize].stage == Stage::Closed
    }

    /// True if a connection that had stopped reading has all its messages by now, or has ended.
    pub fn has_caught_up_or_ended(&self, number: u32) -> bool {
        !self.is_joined(number) || self.ledger.missing(number) == 0
    }

    /// Returns why connections that had stopped reading ended: each reason with its count.
    pub fn ends_of_slow(&self) -> &BTreeMap<String, u64> {
        &self.totals.ended_slow
    }

    /// Publishes one message of the connection, and has its echo reported as an event.
    pub fn talk_once(&mut self, number: u32) {
        let connection = &mut self.connections[number as usize];
        connection.awaits_echo = true;
        if let Some(stream) = connection.stream {
            self.publish(stream, now_ns());
        }
    }

    /// Returns the number of connections that were enlisted.
    pub fn len(&self) -> usize {
        self.connections.len()
    }

    /// True if no connection was enlisted.
    pub fn is_empty(&self) -> bool {
        self.connections.is_empty()
    }

    /// Returns the counts and times of the connections so far.
    pub fn connections(&self) -> Connections {
        self.totals.connections()
    }

    /// Returns the number of joined connections that read, and whose heartbeat sent before
    /// `before_ns` has no answer.
    pub fn unanswered_heartbeats(&self, before_ns: u64) -> usize {
        let waits = |connection: &&Connection| {
            let Connection {
                stage,
                slow,
                heartbeat_ns,
                ..
            } = connection;
            *stage == Stage::Joined
                && !slow
                && heartbeat_ns.is_some_and(|sent_ns| sent_ns < before_ns)
        };
        self.connections.iter().filter(waits).count()
    }

    /// Returns the counts of answers to pushes so far.
    pub fn replies(&self) -> Replies {
        self.totals.replies()
    }
}
