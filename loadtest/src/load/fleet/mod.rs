//! All connections of a run in one event loop.
//!
//! The ledger of the deliveries and the meter of the times are part of
//! it. Scenarios decide which connections open, which of them publish
//! at which pace, and when it ends; nothing here knows a scenario.

mod close;
mod connect;
mod connect_queue;
mod connection;
mod control;
mod departure;
mod happening;
mod lobby_delays;
mod pacer;
mod read;
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
use crate::load::wire::tag::Marker;
use crate::load::wire::upgrade;
use crate::observe::watch::Watch;
use crate::result::{Connections, Replies};
use connect_queue::ConnectQueue;
use connection::{Connection, Stage};
pub use departure::Departure;
pub use happening::Happening;
pub use lobby_delays::LobbyRecorders;
pub use pacer::Pacer;
pub use reconnect_queue::ReconnectQueue;
pub use script::{Script, ScriptError, Words};
pub use settings::FleetSettings;
use timer::{TIMER, Timer};
use totals::{Totals, count};

/// All connections of a run.
#[derive(Debug)]
pub struct Fleet {
    settings: FleetSettings,
    poll: Poll,
    events: Events,
    timer: Timer,
    buffer: Box<[u8]>,
    request: Vec<u8>,
    accept: String,
    random: fastrand::Rng,
    connections: Vec<Connection>,
    connect_queue: ConnectQueue,
    /// Connections whose last read filled the buffer.
    unread: VecDeque<u32>,
    /// Connections with something to write.
    unwritten: Vec<u32>,
    /// When each connection is to send its next heartbeat.
    heartbeats: BinaryHeap<std::cmp::Reverse<Beat>>,
    /// Who publishes each stream.
    publishers: Vec<u32>,
    /// Streams whose messages are done, for the pacer.
    done: Vec<u32>,
    /// When messages that are late are next looked for.
    abandon_due_ns: u64,
    pacer: Pacer,
    marker: Marker,
    /// The topics of the lobbies as JSON, made when they are first needed.
    topics: Vec<Vec<u8>>,
    /// Where a payload is put together.
    payload: Vec<u8>,
    /// It only listens to messages of another process: they
    /// are timed by their tags, and no member is owed them.
    probes: bool,
    /// Whether replies to pushes are happenings.
    pub tells_replies: bool,
    /// When the scenario must be asked again at the latest.
    pub wake_ns: Option<u64>,
    /// Delays by lobby, if they are taken.
    pub lobby_delays: Option<LobbyRecorders>,
    /// How clients come back by themselves, if they do.
    returning: Option<ReconnectQueue>,
    /// Deliveries.
    pub ledger: Ledger,
    /// Times.
    pub meter: Meter,
    /// CPU and memory of both sides.
    pub watch: Watch,
    totals: Totals,
    happenings: Vec<Happening>,
}

/// When which connection is to beat next: the connection of that start, and not one in its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Beat {
    due_ns: u64,
    number: u32,
    started_ns: u64,
}

/// Bytes of one read. A server that batches well sends a hundred messages and more in one write.
const READ_BYTES: usize = 256 << 10;
/// Events taken from the system at once.
const EVENTS: usize = 4096;

impl Fleet {
    /// A fleet without connections.
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
            events: Events::with_capacity(EVENTS),
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
            happenings: Vec::new(),
        })
    }

    /// The marker of this run's messages.
    pub fn marker(&self) -> Marker {
        self.marker
    }

    /// From now on this fleet only takes the times of another process's messages.
    pub fn probe(&mut self, marker: Marker) {
        self.ledger = Ledger::new(marker, Box::default());
        self.marker = marker;
        self.probes = true;
    }

    /// A lobby with that many publishers, which are still to be enlisted. Returns its number and
    /// its first stream.
    pub fn open_lobby(&mut self, publishers: u32) -> (u32, u32) {
        let opened = self.ledger.open_lobby(publishers);
        self.publishers
            .resize(self.publishers.len() + publishers as usize, u32::MAX);
        opened
    }

    /// A connection of `lobby` that is not opened yet. It publishes `stream`, if there is one, and
    /// gets its own messages back if `echo`.
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
        }
        member
    }

    /// The storm began at `begin_ns`: that is when every
    /// connection that is opened from now on was to be started.
    pub fn storm_from(&mut self, begin_ns: u64) {
        self.connect_queue.storm_from(begin_ns);
    }

    /// From now on, messages are published as `pacer` says.
    pub fn set_pace(&mut self, pacer: Pacer) {
        self.pacer = pacer;
    }

    /// What happened since this was last asked.
    pub fn happenings(&mut self) -> Vec<Happening> {
        std::mem::take(&mut self.happenings)
    }

    /// Connections that are joined now.
    pub fn joined(&self) -> u64 {
        self.totals.joined_now
    }

    /// The connection, which is not opened yet, is going to stop reading.
    pub fn make_narrow(&mut self, number: u32) {
        self.connections[number as usize].narrow = true;
    }

    /// Whether the connection publishes.
    pub fn publishes(&self, number: u32) -> bool {
        self.connections[number as usize].stream.is_some()
    }

    /// Whether the connection is in its lobby.
    pub fn is_joined(&self, number: u32) -> bool {
        self.connections[number as usize].stage == Stage::Joined
    }

    /// When the connection joined, if it is in its lobby.
    pub fn joined_ns(&self, number: u32) -> Option<u64> {
        let connection = &self.connections[number as usize];
        (connection.stage == Stage::Joined).then_some(connection.joined_ns)
    }

    /// Who publishes `stream`.
    pub fn publisher(&self, stream: u32) -> u32 {
        self.publishers[stream as usize]
    }

    /// The counts begin anew, for connections that are `wanted` again; what was refused or lost
    /// until now is kept.
    pub fn count_anew(&mut self, wanted: u64) {
        let before = std::mem::take(&mut self.totals);
        self.totals = Totals {
            wanted,
            joined_now: before.joined_now,
            refused: before.refused,
            lost: before.lost,
            replies_ok: before.replies_ok,
            replies_error: before.replies_error,
            ..Totals::default()
        };
    }

    /// A connection was refused by a server, and it was not a restart that did it.
    pub fn count_refused(&mut self, why: String) {
        count(&mut self.totals.refused, why);
    }

    /// A connection was lost, and it was not a restart that did it.
    pub fn count_lost(&mut self, why: String) {
        count(&mut self.totals.lost, why);
    }

    /// Whether the connection is gone altogether, so that it can be opened again.
    pub fn is_away(&self, number: u32) -> bool {
        self.connections[number as usize].stage == Stage::Closed
    }

    /// Whether a connection that had stopped reading has got everything, or has ended.
    pub fn has_caught_up_or_ended(&self, number: u32) -> bool {
        !self.is_joined(number) || self.ledger.missing(number) == 0
    }

    /// How connections that had stopped reading ended, by close code.
    pub fn ends_of_slow(&self) -> &BTreeMap<String, u64> {
        &self.totals.ended_slow
    }

    /// The connection publishes one message of its own, and reports when it has got it back.
    pub fn talk_once(&mut self, number: u32) {
        let connection = &mut self.connections[number as usize];
        connection.awaits_echo = true;
        if let Some(stream) = connection.stream {
            self.publish(stream, now_ns());
        }
    }

    /// Connections that were enlisted.
    pub fn len(&self) -> usize {
        self.connections.len()
    }

    /// Whether no connection was enlisted.
    pub fn is_empty(&self) -> bool {
        self.connections.is_empty()
    }

    /// What became of the connections so far.
    pub fn connections(&self) -> Connections {
        self.totals.connections()
    }

    /// Connections that are joined and read, and whose
    /// heartbeat of before `before_ns` was not answered.
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

    /// Answers to pushes so far.
    pub fn replies(&self) -> Replies {
        self.totals.replies()
    }
}
