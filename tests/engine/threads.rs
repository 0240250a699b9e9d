//! The engine on real threads: two shards, publishers, and members that come and go.
//!
//! The shards sleep and are woken as the server's are. Publishers have threads of their own.
//! Members come, go, block and resume, and passes pause after a few writes. Members that stay see
//! one order; members that come and go see an unbroken part of it.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use bytes::Bytes;
use lobbyd::broker::{
    Budget, Class, Draft, Failure, Fanout, FanoutSettings, Hub, Sink, SubscriptionId, Wants,
};

const ROOM: &str = "room:lobby";
const PUBLISHERS: usize = 3;
const POSTS: usize = 2500;
/// Number of members on each shard that stay.
const STAYING: u32 = 70;
/// Number of members on each shard that come and go.
const PASSING: u32 = 6;
/// The first frame of every stay.
const BEGIN: &str = "begin\n";
const DEADLINE: Duration = Duration::from_secs(30);

/// A waker that unparks a shard's thread, as the waker of its runtime does.
struct Unpark {
    thread: Thread,
    wakes: AtomicUsize,
}

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.wakes.fetch_add(1, Ordering::Relaxed);
        self.thread.unpark();
    }
}

#[derive(Default)]
struct Socket {
    received: Vec<u8>,
    /// Bytes that the socket takes before it blocks.
    room: usize,
    blocked: bool,
}

/// Sockets, of which every fifth blocks repeatedly in the middle of frames.
#[derive(Default)]
struct Sockets(HashMap<u32, Socket>);

impl Sink for Sockets {
    fn write(&mut self, outlet: u32, bytes: &[u8]) -> io::Result<usize> {
        let socket = self.0.entry(outlet).or_default();
        let room = if outlet.is_multiple_of(5) {
            socket.room
        } else {
            usize::MAX
        };
        let taken = bytes.len().min(room);
        socket.received.extend_from_slice(&bytes[..taken]);
        socket.room = socket.room.saturating_sub(taken);
        socket.blocked = taken < bytes.len();
        match taken {
            0 => Err(io::ErrorKind::WouldBlock.into()),
            _ => Ok(taken),
        }
    }

    fn write_vectored(&mut self, outlet: u32, pieces: &[io::IoSlice<'_>]) -> io::Result<usize> {
        let all: Vec<u8> = pieces.iter().flat_map(|p| p.iter().copied()).collect();
        self.write(outlet, &all)
    }
}

fn publish(hub: &Hub, text: &str) {
    let published = hub.publish(ROOM, &mut |draft: &mut Draft, wants: Wants| {
        for class in Class::ALL {
            if wants.classes[class as usize] {
                draft.seal(class, Some(Bytes::from(format!("{text}\n"))));
            }
        }
    });
    assert!(published.is_some(), "some members stay");
}

struct Shard {
    number: u16,
    hub: Arc<Hub>,
    fanout: Fanout,
    sockets: Sockets,
    passing: HashMap<u32, SubscriptionId>,
    turns: usize,
    sleeps: usize,
}

impl Shard {
    fn new(number: u16, hub: &Arc<Hub>) -> Shard {
        let settings = FanoutSettings {
            retention_bytes_max: usize::MAX,
            retention_entries_max: usize::MAX,
            retention_ms_max: u64::MAX,
            retention_total_bytes_max: usize::MAX,
            outbox_bytes_max: usize::MAX,
        };
        let mut shard = Shard {
            number,
            hub: Arc::clone(hub),
            fanout: Fanout::new(number, Arc::clone(hub), settings),
            sockets: Sockets::default(),
            passing: HashMap::new(),
            turns: 0,
            sleeps: 0,
        };
        for outlet in 0..STAYING {
            shard.join(outlet);
        }
        shard
    }

    fn join(&mut self, outlet: u32) -> SubscriptionId {
        let class = Class::ALL[outlet as usize % 2];
        self.fanout.open(outlet, class);
        let begin = Bytes::from_static(BEGIN.as_bytes());
        self.fanout.send(outlet, begin, None);
        let id = self.fanout.new_id();
        self.fanout.subscribe(outlet, id, ROOM, &[]);
        id
    }

    /// Runs turns until the members that stay have received `bytes` bytes each. The shard sleeps
    /// when it has nothing to do.
    fn run(mut self, bytes: usize) -> Shard {
        let unpark = Arc::new(Unpark {
            thread: thread::current(),
            wakes: AtomicUsize::new(0),
        });
        let waker = Waker::from(Arc::clone(&unpark));
        let deadline = Instant::now() + DEADLINE;
        while !self.is_done(bytes) {
            assert!(Instant::now() < deadline, "a wake-up or a frame was lost");
            let work_left = self.turn();
            if !work_left && !self.is_done(bytes) && self.hub.mailbox(self.number).sleep(&waker) {
                self.sleeps += 1;
                thread::park_timeout(DEADLINE * 2);
            }
        }
        let wakes = unpark.wakes.load(Ordering::Relaxed);
        assert!(
            wakes <= self.sleeps,
            "only the first post to a sleeper wakes it"
        );
        self
    }

    fn is_done(&self, bytes: usize) -> bool {
        (0..STAYING).all(|outlet| {
            let socket = self.sockets.0.get(&outlet);
            socket.is_some_and(|s| s.received.len() >= bytes)
        })
    }

    /// Runs one slice of flushing, after a member came or went and some blocked sockets took bytes
    /// again.
    fn turn(&mut self) -> bool {
        self.turns += 1;
        self.come_or_go(STAYING + self.turns as u32 % PASSING);
        let blocked = self.sockets.0.iter_mut().filter(|(_, s)| s.blocked);
        for (outlet, socket) in blocked {
            socket.room = 1 + (self.turns * 37) % 500;
            socket.blocked = false;
            self.fanout.writable(*outlet);
        }
        let budget = Budget {
            writes: 9,
            drains: 5,
            bytes: 10_000,
        };
        let work_left = self.fanout.flush(&mut self.sockets, budget);
        self.forget_failed();
        work_left || self.sockets.0.values().any(|s| s.blocked)
    }

    /// A member whose leave met entries that came a moment before is given up, as one that leaves in
    /// a burst is. Those that stay are not.
    fn forget_failed(&mut self) {
        while let Some((outlet, failure)) = self.fanout.take_failed() {
            assert!(outlet >= STAYING, "{outlet}: {failure:?}");
            assert_eq!(failure, Failure::FellBehind);
            self.fanout.close(outlet);
            self.passing.remove(&outlet);
        }
    }

    fn come_or_go(&mut self, outlet: u32) {
        match self.passing.remove(&outlet) {
            // Its leave would be its end, on a machine that gave this thread no time.
            Some(id) if self.fanout.is_far_behind(outlet) => {
                self.passing.insert(outlet, id);
            }
            Some(id) => self.fanout.unsubscribe(outlet, id),
            None if self.fanout.is_drained(outlet) => {
                self.fanout.close(outlet);
                let id = self.join(outlet);
                self.passing.insert(outlet, id);
            }
            None => {}
        }
    }

    /// Unblocks all sockets and writes everything that still waits.
    fn finish(&mut self) {
        for (outlet, socket) in &mut self.sockets.0 {
            (socket.room, socket.blocked) = (usize::MAX, false);
            self.fanout.writable(*outlet);
        }
        while self.fanout.flush(&mut self.sockets, Budget::default()) {}
    }

    fn lines(&self, outlet: u32) -> Vec<&str> {
        let received = &self.sockets.0[&outlet].received;
        std::str::from_utf8(received)
            .expect("text")
            .lines()
            .collect()
    }
}

/// Publishes posts under `name`, in bursts, so that shards fall asleep in between.
fn publisher(hub: &Hub, name: usize) {
    for number in 0..POSTS {
        publish(hub, &text(name, number));
        if number % 100 == name {
            thread::park_timeout(Duration::from_millis(3));
        }
    }
}

fn text(name: usize, number: usize) -> String {
    format!("{name}.{number}.{}", "x".repeat(number % 50))
}

#[test]
fn shards_publishers_and_members_on_threads_agree_on_one_order() {
    let hub = Arc::new(Hub::new(2));
    let all = (0..PUBLISHERS).flat_map(|name| (0..POSTS).map(move |n| text(name, n)));
    let bytes = BEGIN.len() + all.map(|text| text.len() + 1).sum::<usize>();
    let shards = [0, 1].map(|number| {
        // The shard is made here, so that its members are there before the first post.
        let shard = Shard::new(number, &hub);
        thread::spawn(move || shard.run(bytes))
    });
    thread::scope(|scope| {
        for name in 0..PUBLISHERS {
            let hub = &hub;
            scope.spawn(move || publisher(hub, name));
        }
    });
    let mut shards = shards.map(|shard| shard.join().expect("a shard ends"));
    shards.iter_mut().for_each(Shard::finish);

    let order = shards[0].lines(0)[1..].to_vec();
    for name in 0..PUBLISHERS {
        let prefix = format!("{name}.");
        let own = order.iter().filter(|line| line.starts_with(&prefix));
        assert!(own.eq((0..POSTS).map(|n| text(name, n)).collect::<Vec<_>>().iter()));
    }
    let places: HashMap<&str, usize> = order.iter().enumerate().map(|(i, l)| (*l, i)).collect();
    for shard in &shards {
        for outlet in 0..STAYING {
            assert!(shard.lines(outlet)[1..] == order, "member {outlet}");
        }
        let stays = (STAYING..STAYING + PASSING).map(|o| assert_unbroken(&shard.lines(o), &places));
        assert!(stays.sum::<usize>() > 10, "members came and went");
        assert_eq!(shard.fanout.unsettled_bytes(), 0);
    }
}

/// Asserts that every stay of a member that comes and goes shows an unbroken part of the order.
/// Returns the number of stays.
fn assert_unbroken(lines: &[&str], places: &HashMap<&str, usize>) -> usize {
    let stays = lines.split(|line| *line == BEGIN.trim_end()).skip(1);
    let check = |stay: &[&str]| {
        let places: Vec<usize> = stay.iter().map(|line| places[line]).collect();
        let unbroken = places.windows(2).all(|pair| pair[0] + 1 == pair[1]);
        assert!(unbroken, "{places:?}");
    };
    stays.map(check).count()
}
