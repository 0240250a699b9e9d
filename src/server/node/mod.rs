//! All that the threads of a server share: hub, admission, counts and the stats of each shard.

pub(crate) mod closes;
pub(crate) mod histogram;
pub(crate) mod shard_stats;
pub(crate) mod skipped;
pub(crate) mod status;
pub(crate) mod turn_time;

use std::sync::Arc;

use rustix::process::{Resource, getrlimit};

use crate::broker::Hub;
use crate::server::admission::Admission;
#[cfg(feature = "auth")]
use crate::server::background::Background;
use crate::server::limits::limit::Limit;
use crate::server::limits::meters::LimitMeters;
use crate::server::limits::values::ServerLimits;
use closes::Closes;
use shard_stats::ShardStats;
use skipped::Skipped;
use status::Status;

/// One server's shared parts. Each part is in an `Arc` of its own, because a shard keeps the parts
/// that it needs for every read.
#[derive(Debug)]
pub(crate) struct Node {
    pub hub: Arc<Hub>,
    pub closes: Arc<Closes>,
    pub meters: Arc<LimitMeters>,
    pub admission: Arc<Admission>,
    pub skipped: Arc<Skipped>,
    pub status: Arc<Status>,
    /// Threads beside the shards. None runs before somebody needs it.
    #[cfg(feature = "auth")]
    pub background: Background,
    /// The stats of each shard, by its number.
    pub stats: Box<[Arc<ShardStats>]>,
}

impl Node {
    /// Returns the node of a server with `shards` shards.
    pub fn new(shards: usize, limits: &ServerLimits) -> Node {
        let admission = Arc::new(Admission::new(shards, limits));
        #[cfg(feature = "auth")]
        let background = Background::new(limits, &admission.meters);
        let status = Status::new(shards);
        #[cfg(feature = "auth")]
        let status = status.awaiting_keys(Arc::clone(&background.keys));
        Node {
            hub: Arc::new(Hub::new(shards)),
            closes: Arc::default(),
            meters: Arc::clone(&admission.meters),
            #[cfg(feature = "auth")]
            background,
            admission,
            skipped: Arc::default(),
            status: Arc::new(status),
            stats: (0..shards).map(|_| Arc::default()).collect(),
        }
    }

    /// True if the server has no room for another connection, or has had none and still has 95 % of
    /// the connections that it may have.
    pub fn is_full(&self) -> bool {
        let max = self.admission.limits().bites_above(Limit::Connections);
        self.status.is_full(max, open_files_max())
    }

    /// Notes that no open file is left for another connection.
    pub fn lacks_files(&self) {
        self.status.lacks_files(open_files_max());
    }

    /// Begins a new window of time for all peaks that the metrics show.
    pub fn next_window(&self) {
        self.meters.next_window();
        for shard in &self.stats {
            shard.turn_time.longest.next_window();
        }
    }
}

/// Returns the limit of open files, which an operator may raise while the process runs.
pub(crate) fn open_files_max() -> u64 {
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}
