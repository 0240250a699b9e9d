//! The part of a shard that other threads hold: the mailbox for commands to it, and its counts.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use crate::broker::{Hub, Mailbox};
use crate::channel::{Mail, Postbox};
use crate::server::admission::Admission;
use crate::server::http::app::Served;
use crate::server::http::pending::InHttp;
use crate::server::limits::meters::LimitMeters;
use crate::server::node::Node;
use crate::server::node::closes::Closes;
use crate::server::node::shard_stats::ShardStats;
use crate::server::node::skipped::Skipped;
use crate::server::node::status::Status;

/// A request of another thread to a shard.
pub(crate) enum Command {
    /// Takes a new connection over from the acceptor.
    Accept(std::net::TcpStream, SocketAddr),
    /// Cuts some of the connections in HTTP that have waited longest without a whole request,
    /// because other clients wait to be accepted. Spares those that have waited less than this
    /// time.
    MakeRoom(Duration),
    /// A message for one of the shard's channels.
    Mail(Mail),
    /// Switches the shard to another router and other limits.
    Reload(Arc<Served>),
    /// Closes all connections with 1012, a few at a time, and ends.
    Drain,
    /// Closes with 1012 at once whom the drain has not closed yet, because its time is over. If all
    /// are closed, cuts those that are left.
    CloseRest,
    /// Cuts all connections that are left and ends, because the time for the drain is over or the
    /// server was asked again to end.
    Cut,
}

/// The part of a shard that other threads see.
pub(crate) struct ShardLink {
    pub number: u16,
    pub hub: Arc<Hub>,
    /// Counts of closed connections by reason. Belongs to the node, like `meters`, `status`,
    /// `admission` and `skipped`.
    pub closes: Arc<Closes>,
    pub meters: Arc<LimitMeters>,
    pub status: Arc<Status>,
    pub admission: Arc<Admission>,
    pub skipped: Arc<Skipped>,
    /// Counts of this shard. Other threads only read them.
    pub stats: Arc<ShardStats>,
    pub inbox: Mailbox<Command>,
    /// Number of this shard's connections, in HTTP or as WebSockets. The acceptor picks the shard
    /// with the fewest connections.
    pub connections: AtomicUsize,
    /// Connections that were handed to this shard, and with which it has not begun.
    newcomers: AtomicUsize,
    /// Connections of this shard in HTTP.
    pub in_http: Arc<InHttp>,
    /// True while a request to make room waits for the shard.
    pub is_to_make_room: AtomicBool,
    /// WebSockets that a stop cut off because their clients did not take the Close frame.
    pub cut_off: AtomicUsize,
    /// WebSockets that a stop cut after their Close frame was sent, because their clients did not
    /// close in return.
    pub cut_told: AtomicUsize,
}

impl ShardLink {
    pub fn new(number: u16, node: &Node) -> ShardLink {
        ShardLink {
            number,
            hub: Arc::clone(&node.hub),
            closes: Arc::clone(&node.closes),
            meters: Arc::clone(&node.meters),
            status: Arc::clone(&node.status),
            admission: Arc::clone(&node.admission),
            skipped: Arc::clone(&node.skipped),
            stats: Arc::clone(&node.stats[usize::from(number)]),
            inbox: Mailbox::default(),
            connections: AtomicUsize::new(0),
            newcomers: AtomicUsize::new(0),
            in_http: Arc::default(),
            is_to_make_room: AtomicBool::new(false),
            cut_off: AtomicUsize::new(0),
            cut_told: AtomicUsize::new(0),
        }
    }

    pub fn accept(&self, stream: std::net::TcpStream, peer: SocketAddr) {
        self.connections.fetch_add(1, Ordering::Relaxed);
        self.newcomers.fetch_add(1, Ordering::Relaxed);
        self.status.connection_came();
        self.inbox.post(Command::Accept(stream, peer), 1);
    }

    /// Returns how many connections were handed to this shard with which it has not begun.
    pub fn newcomers(&self) -> usize {
        self.newcomers.load(Ordering::Relaxed)
    }

    /// Notes that the shard has begun with a connection. The acceptor learns of it once the shard
    /// has begun with all.
    pub fn begins(&self) {
        if self.newcomers.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.admission.begun.notify_one();
        }
    }

    /// Asks the shard to cut some of the connections in HTTP that have waited longest, but for
    /// `grace` at least. Posts no second request before the shard has looked at the first.
    pub fn make_room(&self, grace: Duration) {
        if !self.is_to_make_room.swap(true, Ordering::Relaxed) {
            self.inbox.post(Command::MakeRoom(grace), 1);
        }
    }

    pub fn connection_gone(&self) {
        self.connections.fetch_sub(1, Ordering::Relaxed);
        self.status.connection_gone();
    }
}

impl Postbox for ShardLink {
    fn post(&self, mail: Mail) {
        self.inbox.post(Command::Mail(mail), 1);
    }
}
