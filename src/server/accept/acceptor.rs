//! Accepting: the one owner of the listener hands each connection to the shard that has the fewest.
//!
//! Connections over their limit in number or in rate wait in the kernel's backlog. At the limit in
//! number, connections that are slow to send a request are cut to make room.

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::SocketFlags;
use tokio::io::unix::AsyncFd;
use tokio::time::{sleep, sleep_until};

use crate::server::admission::Admission;
use crate::server::limits::limit::Limit;
use crate::server::limits::token_bucket::{RefillRate, TokenBucket};
use crate::server::log::notice::summed;
use crate::server::shard::link::ShardLink;

/// How long to wait when the process or the system is out of descriptors and no connection can be
/// cut. Meanwhile connections wait in the backlog.
const EXHAUSTED_PAUSE: Duration = Duration::from_millis(100);

/// The shortest time from one round of accepts to the next. In a storm of connections this thread
/// then wakes once for some dozens, and not for each connection: a shard's thread has to give way
/// at each wake-up.
const ROUND: Duration = Duration::from_millis(3);

/// The shortest wait once connections come faster than their rate, in nanoseconds: 10 ms, or half
/// of the burst's time if that is less. Accepting some dozens at a time costs the shards much less
/// than accepting one by one.
const PACE_NS: u64 = 10_000_000;

/// How often to check, while the server is full, whether one more connection may be accepted.
const ROOM_CHECK: Duration = Duration::from_millis(10);

/// How often to check, while a shard cuts connections to make room, whether one more may be
/// accepted.
const MAKING_ROOM_CHECK: Duration = Duration::from_millis(1);

/// Accepts connections until the future is dropped.
pub(crate) async fn accept(
    listener: &AsyncFd<TcpListener>,
    shards: &[Arc<ShardLink>],
    admission: &Admission,
) {
    let mut gate = Gate::default();
    loop {
        // Tokio's own listener would first register each socket with this thread's poll.
        let Ok(mut guard) = listener.readable().await else {
            continue;
        };
        let round = Instant::now() + ROUND;
        while gate
            .accept_next(listener.get_ref(), shards, admission)
            .await
        {}
        guard.clear_ready();
        sleep_until(round.into()).await;
    }
}

/// Accepts a connection, with a non-blocking socket. std would need a second system call for that.
fn accept_one(listener: &TcpListener) -> io::Result<(TcpStream, SocketAddr)> {
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let (stream, peer) = rustix::net::acceptfrom_with(listener, flags)?;
    let peer = peer.and_then(|peer| SocketAddr::try_from(peer).ok());
    let peer = peer.ok_or(io::ErrorKind::ConnectionAborted)?;
    Ok((stream.into(), peer))
}

/// The gate that lets connections in: by their rate, and while there is room.
#[derive(Default)]
struct Gate {
    accepted: TokenBucket,
}

impl Gate {
    /// Accepts one connection, once that is allowed. False if no connection waits.
    async fn accept_next(
        &mut self,
        listener: &TcpListener,
        shards: &[Arc<ShardLink>],
        admission: &Admission,
    ) -> bool {
        if !self.until_free(listener, shards, admission).await {
            return false;
        }
        match accept_one(listener) {
            Ok((stream, peer)) => {
                self.accepted
                    .take(admission.now_ns(), 1, self.rate(admission));
                hand_over(stream, peer, shards, admission);
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return false,
            Err(error) if is_of_one_connection(&error) => {}
            // Out of descriptors: the system reports this even if no connection waits.
            Err(_) if !is_awaited(listener) => return false,
            Err(error) => {
                summed!(admission.sums, NotAccepting, "resources", %error);
                match make_room(shards) {
                    true => sleep(MAKING_ROOM_CHECK).await,
                    false => sleep(EXHAUSTED_PAUSE).await,
                }
            }
        }
        true
    }

    /// Waits until one more connection may be accepted, by number and by rate. False if there is no
    /// room and no connection waits.
    async fn until_free(
        &mut self,
        listener: &TcpListener,
        shards: &[Arc<ShardLink>],
        admission: &Admission,
    ) -> bool {
        if !self.until_there_is_room(listener, shards, admission).await {
            return false;
        }
        let rate = self.rate(admission);
        let used_ns = self.accepted.used_ns(admission.now_ns());
        // The debt is forgiven before any wait, and even if the rate is only observed. The bucket
        // keeps its debt as a time. After a reload with another rate, a debt from the old rate
        // could hold up connections for a long time.
        self.accepted.forgive(admission.now_ns(), rate);
        let wait_ns = self.accepted.wait_ns(admission.now_ns(), rate);
        let limit = Limit::AcceptsPerSecond;
        let observe = admission.observe();
        admission
            .meters
            .note(observe, limit, used_ns, rate.burst_ns());
        if wait_ns > 0 && admission.meters.exceeded(observe, limit) {
            let pace_ns = PACE_NS.min(rate.burst_ns() / 2);
            sleep(Duration::from_nanos(wait_ns.max(pace_ns))).await;
        }
        true
    }

    /// Waits until there is room for one more connection. False if there is no room and no
    /// connection waits.
    async fn until_there_is_room(
        &mut self,
        listener: &TcpListener,
        shards: &[Arc<ShardLink>],
        admission: &Admission,
    ) -> bool {
        let has_room = |admission: &Admission| {
            let max = admission.limits().bites_above(Limit::Connections);
            connections(shards) < max
        };
        let observe = admission.observe();
        let next = connections(shards) + 1;
        let max = admission.limits().max(Limit::Connections);
        if next > max && !is_awaited(listener) {
            return false;
        }
        if admission
            .meters
            .judge(observe, Limit::Connections, next, max)
        {
            summed!(admission.sums, Full, "connections", connections_max = max);
        }
        while !has_room(admission) {
            match make_room(shards) {
                true => sleep(MAKING_ROOM_CHECK).await,
                false => sleep(ROOM_CHECK).await,
            }
        }
        if !shards.iter().any(|shard| takes_more(shard, admission)) {
            summed!(
                admission.sums,
                FullInHttp,
                "upgrades_in_flight",
                hint = "look at the app's connect, or raise limits.upgrades_in_flight"
            );
            while !shards.iter().any(|shard| takes_more(shard, admission)) {
                sleep(ROOM_CHECK).await;
            }
        }
        true
    }

    fn rate(&self, admission: &Admission) -> RefillRate {
        admission.limits().rate(Limit::AcceptsPerSecond)
    }
}

/// True if a connection waits to be accepted.
fn is_awaited(listener: &TcpListener) -> bool {
    let mut listeners = [PollFd::new(listener, PollFlags::IN)];
    poll(&mut listeners, Some(&Timespec::default())).is_ok_and(|ready| ready > 0)
}

/// Asks a shard to cut connections: of an address with too many connections, or else those that
/// have waited longest for their requests. False if none can be cut: no connection is in HTTP, or
/// all of them wait for their answers.
fn make_room(shards: &[Arc<ShardLink>]) -> bool {
    let can_cut = |shard: &&Arc<ShardLink>| {
        let counts = [&shard.in_http.over_limit, &shard.in_http.waiting];
        counts.map(|count| count.load(Ordering::Relaxed))
    };
    let most = shards.iter().max_by_key(can_cut);
    let most = most.filter(|shard| can_cut(shard) != [0, 0]);
    most.map(|shard| shard.make_room()).is_some()
}

fn connections(shards: &[Arc<ShardLink>]) -> u64 {
    let each = shards.iter();
    each.map(|shard| shard.connections.load(Ordering::Relaxed) as u64)
        .sum()
}

/// True if a shard can make room for one more connection in HTTP.
fn takes_more(shard: &ShardLink, admission: &Admission) -> bool {
    admission.takes_beside(shard.in_http.asking.load(Ordering::Relaxed))
}

fn hand_over(
    stream: TcpStream,
    peer: SocketAddr,
    shards: &[Arc<ShardLink>],
    admission: &Admission,
) {
    let load = |shard: &&Arc<ShardLink>| {
        let connections = shard.connections.load(Ordering::Relaxed);
        (!takes_more(shard, admission), connections)
    };
    if let Some(shard) = shards.iter().min_by_key(load) {
        shard.accept(stream, peer);
    }
}

/// True if the next accept may succeed at once: the error is that of one connection, which died
/// before it was accepted, or a signal interrupted the call.
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted
    )
}
