//! Connections that are accepted and have to wait, so that each address has its turn.
//!
//! The kernel's backlog has one order for all. So while connections may not come in, some of them
//! are taken out of it: those that were reset meanwhile are dropped, and the addresses of the
//! others take turns.

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::SocketFlags;

use super::open_files::Descriptors;
use crate::server::admission::addresses::party_of;
use crate::server::admission::forwarded_for::Proxies;
use crate::server::limits::fair_queue::{FairQueue, Party};

/// Most connections that wait here. Further ones wait in the backlog, which is full at
/// `net.core.somaxconn` (4,096 as a rule). A client that comes then has to ask again, a second
/// later. A connection that waits here costs a descriptor and some 50 bytes.
const ARRIVALS_MAX: usize = 16_384;

/// Most connections that are taken out of the backlog at once, so that others have their turn.
const GATHERED_MAX: usize = 128;

/// Least time from one look at all that wait here to the next. A look is a system call for each.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// The connections that were accepted and wait to be handed over.
pub(crate) struct Arrivals {
    queue: FairQueue<(TcpStream, SocketAddr)>,
    proxies: Proxies,
    /// Number of connections that came here, which tells those apart whose address is not counted.
    came: u64,
    /// Most that may wait here.
    max: usize,
    /// The moment of the last look for connections that were reset.
    looked: Option<Instant>,
}

impl Arrivals {
    /// Returns an empty queue. Connections of the trusted ones among `proxies` may be anybody's.
    pub fn new(proxies: Proxies) -> Arrivals {
        Arrivals {
            queue: FairQueue::default(),
            proxies,
            came: 0,
            max: ARRIVALS_MAX,
            looked: None,
        }
    }

    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Takes connections out of the backlog, as many as may wait here.
    pub fn gather(&mut self, listener: &TcpListener, descriptors: &mut Descriptors) {
        let is_old = |looked: Instant| looked.elapsed() >= LOOK_AGAIN;
        if self.queue.len() >= self.max && self.looked.is_none_or(is_old) {
            self.queue.retain(|(stream, _)| !is_gone(stream));
            self.looked = Some(Instant::now());
        }
        let most = self.max.saturating_sub(self.queue.len());
        for _ in 0..most.min(GATHERED_MAX) {
            if descriptors.are_for_operators(listener) {
                return;
            }
            let Ok((stream, peer)) = accept_one(listener, descriptors) else {
                return;
            };
            self.came += 1;
            let party = match self.proxies.trusts(peer.ip()) {
                true => Party::Alone(self.came),
                false => party_of(peer.ip(), self.came),
            };
            self.queue.push(party, (stream, peer));
        }
    }

    /// Takes the first connection of the address whose turn it is. Those that were reset meanwhile
    /// are dropped, and cost nobody a turn.
    pub fn pop(&mut self) -> Option<(TcpStream, SocketAddr)> {
        while let Some((_, (stream, peer))) = self.queue.pop() {
            if !is_gone(&stream) {
                return Some((stream, peer));
            }
        }
        None
    }
}

/// Accepts a connection, with a non-blocking socket. std would need a second system call for that.
pub(super) fn accept_one(
    listener: &TcpListener,
    descriptors: &mut Descriptors,
) -> io::Result<(TcpStream, SocketAddr)> {
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let (stream, peer) = rustix::net::acceptfrom_with(listener, flags)?;
    descriptors.opened(&stream);
    let peer = peer.and_then(|peer| SocketAddr::try_from(peer).ok());
    let peer = peer.ok_or(io::ErrorKind::ConnectionAborted)?;
    Ok((stream.into(), peer))
}

/// True if a connection waits to be accepted.
pub(super) fn is_awaited(listener: &TcpListener) -> bool {
    let mut listeners = [PollFd::new(listener, PollFlags::IN)];
    poll(&mut listeners, Some(&Timespec::default())).is_ok_and(|ready| ready > 0)
}

/// True if the connection was reset, so that nobody waits for an answer.
fn is_gone(stream: &TcpStream) -> bool {
    let mut streams = [PollFd::new(stream, PollFlags::empty())];
    let _ = poll(&mut streams, Some(&Timespec::default()));
    let ends = PollFlags::ERR | PollFlags::HUP;
    streams[0].revents().intersects(ends)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reset(stream: TcpStream) {
        let socket = socket2::SockRef::from(&stream);
        socket.set_linger(Some(Duration::ZERO)).unwrap();
    }

    fn open(listener: &TcpListener) -> TcpStream {
        TcpStream::connect(listener.local_addr().unwrap()).unwrap()
    }

    #[test]
    fn connections_that_were_reset_take_no_turn_and_no_place() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let mut arrivals = Arrivals::new(Proxies::default());
        arrivals.max = 256;
        let mut descriptors = Descriptors::default();
        let begun = Instant::now();
        let mut resets = 0;
        while resets < 2 * arrivals.max {
            (0..64).for_each(|_| reset(open(&listener)));
            resets += 64;
            arrivals.gather(&listener, &mut descriptors);
        }
        let waiting = open(&listener);
        while !arrivals
            .queue
            .has(|(_, peer)| *peer == waiting.local_addr().unwrap())
        {
            arrivals.gather(&listener, &mut descriptors);
            assert!(begun.elapsed() < Duration::from_secs(20), "no place for it");
        }
        let (_, peer) = arrivals.pop().expect("it waits");
        assert_eq!(peer, waiting.local_addr().unwrap());
        assert!(arrivals.pop().is_none() && arrivals.is_empty());
    }
}
