//! Accepting: the one owner of the listener hands each connection to the shard that has the fewest.
//!
//! What may not come in yet waits: while shards have newcomers to begin with, over the rate, or
//! while the server is full. Connections that are slow to send a request are then cut.

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::io::unix::AsyncFd;
use tokio::time::{sleep, timeout};

use super::accept_error::AcceptError;
use super::arrivals::{Arrivals, accept_one, is_awaited};
use super::open_files::Descriptors;
use crate::server::admission::Admission;
use crate::server::limits::limit::Limit;
use crate::server::limits::token_bucket::{RefillRate, TokenBucket};
use crate::server::log::notice::summed;
use crate::server::node::Node;
use crate::server::shard::link::ShardLink;

/// How long to wait when the process or the system is out of descriptors and no connection can be
/// cut. Meanwhile connections wait in the backlog.
const EXHAUSTED_PAUSE: Duration = Duration::from_millis(100);

/// Most newcomers that a shard has still to begin with. Further connections wait until it has begun
/// with some, so a crowd comes in at the pace at which the shards work, in turns that stay short.
const NEWCOMERS_MAX: usize = 32;

/// Connections handed over one behind the other from which on they are a crowd. Then this thread
/// waits until the shards have begun with them, because a shard on the same core has to give way
/// each time that this thread wakes.
const CROWD: usize = 8;

/// Longest wait for the shards to begin with a crowd, or with the newcomers of a shard.
const BEGUN_CHECK: Duration = Duration::from_millis(3);

/// The shortest wait once connections come faster than their rate, in nanoseconds: 10 ms, or half
/// of the burst's time if that is less. Accepting some dozens at a time costs the shards much less
/// than accepting one by one.
const PACE_NS: u64 = 10_000_000;

/// How often to check, while the server is full, whether one more connection may be accepted.
const ROOM_CHECK: Duration = Duration::from_millis(10);

/// How often to check, while a shard cuts connections to make room, whether one more may be
/// accepted.
const MAKING_ROOM_CHECK: Duration = Duration::from_millis(1);

/// Least time that a connection has to send its request while the server is full and other clients
/// wait to be accepted. A client from the backlog has sent its request already. The request of any
/// other client is in its next packet.
const ROOM_GRACE: Duration = Duration::from_millis(100);

/// The same while as many connections as may be are in HTTP. In a crowd that comes at once, clients
/// may need some time from the connection to the request.
const IN_HTTP_GRACE: Duration = Duration::from_secs(1);

/// Errors of connections one behind the other after which to pause, because the next accept may
/// meet the same error for ever.
const ERRORS_IN_A_ROW: u32 = 16;

/// Accepts connections until the future is dropped. Connections that `gate` holds then stay there.
pub(crate) async fn accept(
    listener: &AsyncFd<TcpListener>,
    shards: &[Arc<ShardLink>],
    gate: &mut Gate,
) {
    loop {
        // Tokio's own listener would first register each socket with this thread's poll.
        let Ok(mut guard) = listener.readable().await else {
            continue;
        };
        let mut crowd = 0;
        while gate.accept_next(listener.get_ref(), shards).await {
            crowd += 1;
        }
        guard.clear_ready();
        if crowd >= CROWD {
            gate.until_begun(shards).await;
        }
    }
}

/// The gate that lets connections in: at the pace of the shards, by their rate, and while there is
/// room.
pub(crate) struct Gate {
    node: Arc<Node>,
    accepted: TokenBucket,
    arrivals: Arrivals,
    descriptors: Descriptors,
    /// Errors of connections since the last one that was accepted.
    errors: u32,
}

impl Gate {
    pub fn new(node: Arc<Node>, arrivals: Arrivals) -> Gate {
        Gate {
            node,
            accepted: TokenBucket::default(),
            arrivals,
            descriptors: Descriptors::default(),
            errors: 0,
        }
    }

    /// Hands over the connections that wait here, because no further ones are accepted.
    pub fn hand_over_all(&mut self, shards: &[Arc<ShardLink>]) {
        while let Some((stream, peer)) = self.arrivals.pop() {
            hand_over(stream, peer, shards, &self.node.admission);
        }
    }

    /// Accepts one connection, once that is allowed. False if no connection waits.
    async fn accept_next(&mut self, listener: &TcpListener, shards: &[Arc<ShardLink>]) -> bool {
        if !self.until_there_is_room(listener, shards).await {
            return false;
        }
        self.until_shards_are_free(listener, shards).await;
        self.until_in_rate(listener).await;
        let next = match self.arrivals.pop() {
            Some(held) => Ok(held),
            None => accept_one(listener, &mut self.descriptors),
        };
        match next {
            Ok((stream, peer)) => {
                self.errors = 0;
                let rate = self.rate();
                let admission = &self.node.admission;
                self.accepted.take(admission.now_ns(), 1, rate);
                hand_over(stream, peer, shards, admission);
                true
            }
            Err(error) => self.failed(&error, listener, shards).await,
        }
    }

    /// Sees to an error of `accept`. False if no connection waits.
    async fn failed(
        &mut self,
        error: &io::Error,
        listener: &TcpListener,
        shards: &[Arc<ShardLink>],
    ) -> bool {
        let kind = AcceptError::of(error);
        match kind {
            AcceptError::NothingWaits => return false,
            AcceptError::OfOneConnection => {
                self.errors += 1;
                if self.errors.is_multiple_of(ERRORS_IN_A_ROW) {
                    sleep(MAKING_ROOM_CHECK).await;
                }
                return true;
            }
            // Out of descriptors: the system reports this even if no connection waits.
            AcceptError::Exhausted | AcceptError::Unknown if !self.is_awaited(listener) => {
                return false;
            }
            AcceptError::Exhausted | AcceptError::Unknown => {}
        }
        summed!(
            self.node.admission.sums, NotAccepting, "resources",
            %error, hint = "raise the limit of open files of the process or system, or give it memory: see error"
        );
        let is_exhausted = kind == AcceptError::Exhausted;
        match is_exhausted && make_room(shards, ROOM_GRACE) {
            true => sleep(MAKING_ROOM_CHECK).await,
            false => sleep(EXHAUSTED_PAUSE).await,
        }
        true
    }

    /// Waits until there is room for one more connection. False if there is no room and no
    /// connection waits.
    async fn until_there_is_room(
        &mut self,
        listener: &TcpListener,
        shards: &[Arc<ShardLink>],
    ) -> bool {
        let (limit, observe) = (Limit::Connections, self.node.admission.observe());
        let max = self.node.admission.limits().max(limit);
        let next = connections(shards) + 1;
        let lacks_descriptors = self.lacks_descriptors(listener);
        if lacks_descriptors {
            self.node.lacks_files();
        }
        let is_over = next > max || lacks_descriptors;
        if is_over && !self.is_awaited(listener) {
            return false;
        }
        if self.node.meters.judge(observe, limit, next, max) {
            summed!(
                self.node.admission.sums,
                Full,
                "connections",
                connections_max = max,
                hint = "raise limits.connections, or send new clients to another server"
            );
        }
        if lacks_descriptors {
            summed!(
                self.node.admission.sums,
                FullOfFiles,
                "open_files",
                hint = "raise the limit of open files (ulimit -n, or LimitNOFILE of systemd)"
            );
        }
        while !self.has_room(listener, shards) {
            self.node.status.fills();
            match make_room(shards, ROOM_GRACE) {
                true => sleep(MAKING_ROOM_CHECK).await,
                false => sleep(ROOM_CHECK).await,
            }
        }
        true
    }

    fn has_room(&mut self, listener: &TcpListener, shards: &[Arc<ShardLink>]) -> bool {
        let max = self.node.admission.limits().bites_above(Limit::Connections);
        connections(shards) < max && !self.lacks_descriptors(listener)
    }

    /// True if the next connection would take one of the operators' open files. One that waits here
    /// has its own already.
    fn lacks_descriptors(&mut self, listener: &TcpListener) -> bool {
        self.arrivals.is_empty() && self.descriptors.are_for_operators(listener)
    }

    /// Waits until a shard has begun with most of its newcomers, and may have one more connection
    /// in HTTP.
    async fn until_shards_are_free(&mut self, listener: &TcpListener, shards: &[Arc<ShardLink>]) {
        let node = Arc::clone(&self.node);
        let admission = &node.admission;
        while !shards.iter().any(|shard| is_free(shard, admission)) {
            self.arrivals.gather(listener, &mut self.descriptors);
            if shards.iter().any(|shard| takes_more(shard, admission)) {
                let _ = timeout(BEGUN_CHECK, admission.begun.notified()).await;
                continue;
            }
            summed!(
                admission.sums,
                FullInHttp,
                "upgrades_in_flight",
                hint = "look at the app's connect, or raise limits.upgrades_in_flight"
            );
            match make_room(shards, IN_HTTP_GRACE) {
                true => sleep(MAKING_ROOM_CHECK).await,
                false => sleep(ROOM_CHECK).await,
            }
        }
    }

    /// Waits until the shards have begun with all their newcomers, or for [`BEGUN_CHECK`].
    async fn until_begun(&self, shards: &[Arc<ShardLink>]) {
        let have_begun = async {
            while shards.iter().any(|shard| shard.newcomers() > 0) {
                self.node.admission.begun.notified().await;
            }
        };
        let _ = timeout(BEGUN_CHECK, have_begun).await;
    }

    /// Waits until one more connection may be accepted by rate.
    async fn until_in_rate(&mut self, listener: &TcpListener) {
        let (limit, rate) = (Limit::AcceptsPerSecond, self.rate());
        let admission = &self.node.admission;
        let used_ns = self.accepted.used_ns(admission.now_ns());
        // The debt is forgiven before any wait, and even if the rate is only observed. The bucket
        // keeps its debt as a time. After a reload with another rate, a debt from the old rate
        // could hold up connections for a long time.
        self.accepted.forgive(admission.now_ns(), rate);
        let wait_ns = self.accepted.wait_ns(admission.now_ns(), rate);
        let (observe, meters) = (admission.observe(), &admission.meters);
        meters.note(observe, limit, used_ns, rate.burst_ns());
        if wait_ns > 0 && meters.exceeded(observe, limit) {
            self.arrivals.gather(listener, &mut self.descriptors);
            let pace_ns = PACE_NS.min(rate.burst_ns() / 2);
            sleep(Duration::from_nanos(wait_ns.max(pace_ns))).await;
        }
    }

    fn rate(&self) -> RefillRate {
        self.node.admission.limits().rate(Limit::AcceptsPerSecond)
    }

    /// True if a connection waits to be accepted, or to be handed over.
    fn is_awaited(&self, listener: &TcpListener) -> bool {
        !self.arrivals.is_empty() || is_awaited(listener)
    }
}

/// Asks a shard to cut connections: of an address with too many connections, or else those that
/// have waited longest for their requests, but for `grace` at least. False if none can be cut: no
/// connection is in HTTP, or all of them wait for their answers.
fn make_room(shards: &[Arc<ShardLink>], grace: Duration) -> bool {
    let can_cut = |shard: &&Arc<ShardLink>| {
        let counts = [&shard.in_http.over_limit, &shard.in_http.waiting];
        counts.map(|count| count.load(Ordering::Relaxed))
    };
    let most = shards.iter().max_by_key(can_cut);
    let most = most.filter(|shard| can_cut(shard) != [0, 0]);
    most.map(|shard| shard.make_room(grace)).is_some()
}

fn connections(shards: &[Arc<ShardLink>]) -> u64 {
    let each = shards.iter();
    each.map(|shard| shard.connections.load(Ordering::Relaxed) as u64)
        .sum()
}

/// True if a shard has begun with most of its newcomers, and may have one more connection in HTTP.
fn is_free(shard: &ShardLink, admission: &Admission) -> bool {
    shard.newcomers() < NEWCOMERS_MAX && takes_more(shard, admission)
}

/// True if a shard may have one more connection in HTTP.
fn takes_more(shard: &ShardLink, admission: &Admission) -> bool {
    let in_http = &shard.in_http;
    let in_http = [&in_http.asking, &in_http.waiting].map(|count| count.load(Ordering::Relaxed));
    admission.takes_beside(in_http.iter().sum::<usize>() + shard.newcomers())
}

fn hand_over(
    stream: TcpStream,
    peer: SocketAddr,
    shards: &[Arc<ShardLink>],
    admission: &Admission,
) {
    let load = |shard: &&Arc<ShardLink>| {
        let connections = shard.connections.load(Ordering::Relaxed);
        (!is_free(shard, admission), connections)
    };
    if let Some(shard) = shards.iter().min_by_key(load) {
        shard.accept(stream, peer);
    }
}
