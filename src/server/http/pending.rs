//! Connections of one shard that speak HTTP, in the order in which they wait for a request.
//!
//! When there are too many, the connection that has waited longest is cut. A connection whose
//! address has too many connections is cut before it, and after those one that has had its answer
//! and is only kept alive.
//!
//! A wait counts only the time in which the thread could have heard the connection. It is judged
//! as of the thread's last turn but one: what came before this turn may be unread still.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use crate::server::limits::wait_clock::WaitClock;

/// Counts of the connections in HTTP, for other threads.
#[derive(Default)]
pub(crate) struct InHttp {
    /// Connections whose answer is being found: they are not cut.
    pub asking: AtomicUsize,
    /// Connections whose request is not whole.
    pub waiting: AtomicUsize,
    /// The connections among `waiting` whose address has too many connections.
    pub over_limit: AtomicUsize,
}

/// The connections of one shard in HTTP. Used by one thread, so no lock is needed.
pub(crate) struct Pending {
    line: RefCell<Line>,
    counts: Arc<InHttp>,
    /// The time of the thread, as of its present turn.
    time: Cell<WaitClock>,
    /// The time until which waits are judged: that of the turn before.
    judged: Cell<Duration>,
}

#[derive(Default)]
struct Line {
    tickets: u64,
    /// Connections whose request is not whole, without those in `over_limit`. The connection that
    /// has waited longest comes first.
    waiting: BTreeMap<u64, PendingRequest>,
    /// Connections whose request is not whole and whose address has too many connections. They are
    /// cut before all others.
    over_limit: BTreeMap<u64, PendingRequest>,
    /// Connections that have their answers, and are kept alive for a further request. They are cut
    /// before those in `waiting`.
    idle: BTreeMap<u64, PendingRequest>,
    /// Number of connections that speak HTTP, without those that were cut.
    len: usize,
}

struct PendingRequest {
    /// The thread's time at which the wait began.
    since: Duration,
    /// Cuts the connection when dropped.
    cut: oneshot::Sender<()>,
}

/// A connection that has just entered.
pub(crate) struct PendingEntry {
    pub slot: Slot,
    /// Ready when the connection is to be cut.
    pub is_cut: oneshot::Receiver<()>,
}

/// One connection's place in [`Pending`], kept as long as the connection speaks HTTP.
pub(crate) struct Slot {
    pending: Rc<Pending>,
    place: RefCell<Place>,
}

enum Place {
    PendingRequest(u64),
    /// The request is whole, and its answer is being found: the connection is not cut.
    Asking(oneshot::Sender<()>),
    Cut,
}

impl Pending {
    pub fn new(counts: Arc<InHttp>) -> Pending {
        Pending {
            line: RefCell::default(),
            counts,
            time: Cell::new(WaitClock::begin(Instant::now())),
            judged: Cell::default(),
        }
    }

    /// Notes that a turn of the thread begins, at `time`.
    pub fn begin_turn(&self, time: WaitClock) {
        self.judged.set(self.time.replace(time).until_look());
    }

    /// Adds a new connection at the end of the line.
    pub fn enter(self: &Rc<Pending>) -> PendingEntry {
        let (cut, is_cut) = oneshot::channel();
        let mut line = self.line.borrow_mut();
        line.len += 1;
        let ticket = line.line_up(cut, self.time.get());
        self.show(&line);
        let slot = Slot {
            pending: Rc::clone(self),
            place: RefCell::new(Place::PendingRequest(ticket)),
        };
        PendingEntry { slot, is_cut }
    }

    /// Returns the number of connections that speak HTTP, without those that were cut.
    pub fn len(&self) -> usize {
        self.line.borrow().len
    }

    /// Cuts the connection that has waited longest for its request, if it has waited for `grace`.
    /// Connections of an address with too many, and those that have had their answers, go before
    /// it without a grace. True if a connection was cut.
    pub fn cut_overdue(&self, grace: Duration) -> bool {
        let mut line = self.line.borrow_mut();
        let spared_by_nobody = line.over_limit.pop_first();
        let longest = spared_by_nobody.or_else(|| line.idle.pop_first());
        let longest = longest.or_else(|| {
            let first = line.waiting.first_entry()?;
            let waited = self.judged.get().checked_sub(first.get().since);
            (waited? >= grace).then(|| first.remove_entry())
        });
        line.len -= usize::from(longest.is_some());
        self.show(&line);
        longest.is_some()
    }

    fn show(&self, line: &Line) {
        let (waiting, over_limit) = (line.waiting.len(), line.over_limit.len());
        self.counts
            .waiting
            .store(waiting + over_limit + line.idle.len(), Ordering::Relaxed);
        self.counts.over_limit.store(over_limit, Ordering::Relaxed);
    }
}

impl Line {
    fn line_up(&mut self, cut: oneshot::Sender<()>, time: WaitClock) -> u64 {
        self.tickets += 1;
        let since = time.until_now();
        self.waiting
            .insert(self.tickets, PendingRequest { since, cut });
        self.tickets
    }

    /// Takes a connection out of the line. `None` if it was cut.
    fn leave(&mut self, ticket: u64) -> Option<PendingRequest> {
        let ordinary = self.waiting.remove(&ticket);
        let ordinary = ordinary.or_else(|| self.idle.remove(&ticket));
        ordinary.or_else(|| self.over_limit.remove(&ticket))
    }
}

impl Slot {
    /// Notes that the connection's address has too many connections: it is cut before others to
    /// make room.
    pub fn is_over_limit(&self) {
        if let Place::PendingRequest(ticket) = *self.place.borrow() {
            let mut line = self.pending.line.borrow_mut();
            if let Some(waiting) = line.waiting.remove(&ticket) {
                line.over_limit.insert(ticket, waiting);
            }
            self.pending.show(&line);
        }
    }

    /// Notes that the connection's request is whole, so that it waits no longer.
    pub fn asks(&self) {
        let mut place = self.place.borrow_mut();
        if let Place::PendingRequest(ticket) = *place {
            let mut line = self.pending.line.borrow_mut();
            *place = match line.leave(ticket) {
                Some(PendingRequest { cut, .. }) => {
                    self.pending.counts.asking.fetch_add(1, Ordering::Relaxed);
                    Place::Asking(cut)
                }
                None => Place::Cut,
            };
            self.pending.show(&line);
        }
    }

    /// Notes that the connection has its answer, and may send another request: it waits again, at
    /// the end of the line.
    pub fn is_answered(&self) {
        let mut place = self.place.borrow_mut();
        *place = match std::mem::replace(&mut *place, Place::Cut) {
            Place::Asking(cut) => {
                self.pending.counts.asking.fetch_sub(1, Ordering::Relaxed);
                let mut line = self.pending.line.borrow_mut();
                let ticket = line.line_up(cut, self.pending.time.get());
                self.pending.show(&line);
                Place::PendingRequest(ticket)
            }
            other => other,
        };
    }

    /// Notes that an idle connection has begun a request: it waits again, at the end of the line.
    pub fn begins_request(&self) {
        let mut place = self.place.borrow_mut();
        if let Place::PendingRequest(ticket) = *place {
            let mut line = self.pending.line.borrow_mut();
            if let Some(PendingRequest { cut, .. }) = line.idle.remove(&ticket) {
                let time = self.pending.time.get();
                *place = Place::PendingRequest(line.line_up(cut, time));
            }
        }
    }

    /// Notes that the client has taken its answer, so that the connection is cut before others that
    /// still wait for theirs.
    pub fn is_idle(&self) {
        if let Place::PendingRequest(ticket) = *self.place.borrow() {
            let mut line = self.pending.line.borrow_mut();
            if let Some(waiting) = line.waiting.remove(&ticket) {
                line.idle.insert(ticket, waiting);
            }
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.is_answered();
        let mut line = self.pending.line.borrow_mut();
        if let Place::PendingRequest(ticket) = *self.place.borrow()
            && line.leave(ticket).is_some()
        {
            line.len -= 1;
        }
        self.pending.show(&line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_cut(entry: &mut PendingEntry) -> bool {
        entry.is_cut.try_recv() == Err(oneshot::error::TryRecvError::Closed)
    }

    const GRACE: Duration = Duration::from_secs(1);

    /// Passes two turns that begin `passed` after the connections came, one behind the other.
    fn two_turns_after(pending: &Pending, passed: Duration) {
        let mut time = pending.time.get();
        time.look(Instant::now() + passed);
        pending.begin_turn(time);
        pending.begin_turn(time);
    }

    #[test]
    fn connection_is_cut_for_a_wait_in_which_its_thread_could_hear_it() {
        let pending = Rc::new(Pending::new(Arc::default()));
        let mut time = WaitClock::begin(Instant::now());
        let mut silent = pending.enter();
        let start = Instant::now();
        let mut turn_at = |ms| {
            time.look(start + Duration::from_millis(ms));
            pending.begin_turn(time);
            pending.cut_overdue(2 * GRACE)
        };
        // The thread stands still twice for a minute, with few turns between.
        let standing = [60_000, 60_001, 60_002, 120_000];
        assert!(!standing.map(&mut turn_at).contains(&true));
        assert!(!is_cut(&mut silent));
        assert!(turn_at(120_100), "2.2 s were heard");
        assert!(is_cut(&mut silent));
    }

    #[test]
    fn connection_over_its_addresss_limit_is_cut_before_older_connections() {
        let counts = Arc::new(InHttp::default());
        let pending = Rc::new(Pending::new(Arc::clone(&counts)));
        let [mut first, mut over] = [pending.enter(), pending.enter()];
        over.slot.is_over_limit();
        assert_eq!(counts.over_limit.load(Ordering::Relaxed), 1);
        pending.cut_overdue(GRACE);
        assert!(is_cut(&mut over) && !is_cut(&mut first));
        pending.cut_overdue(GRACE);
        assert!(!is_cut(&mut first), "it has only just come");
        two_turns_after(&pending, GRACE);
        pending.cut_overdue(GRACE);
        assert!(is_cut(&mut first));
        assert_eq!(pending.len(), 0);
        assert_eq!(counts.waiting.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn connection_that_is_only_kept_alive_is_cut_before_older_ones() {
        let counts = Arc::new(InHttp::default());
        let pending = Rc::new(Pending::new(Arc::clone(&counts)));
        let [mut silent, mut served] = [pending.enter(), pending.enter()];
        served.slot.asks();
        served.slot.is_answered();
        served.slot.is_idle();
        assert_eq!(counts.waiting.load(Ordering::Relaxed), 2);
        pending.cut_overdue(GRACE);
        assert!(is_cut(&mut served) && !is_cut(&mut silent));
        drop(served);
        assert_eq!(
            (pending.len(), counts.waiting.load(Ordering::Relaxed)),
            (1, 1)
        );
        silent.slot.asks();
        silent.slot.is_answered();
        silent.slot.is_idle();
        silent.slot.asks();
        two_turns_after(&pending, GRACE);
        pending.cut_overdue(GRACE);
        assert!(!is_cut(&mut silent), "it asks again");
        silent.slot.is_answered();
        silent.slot.is_idle();
        silent.slot.begins_request();
        pending.cut_overdue(GRACE);
        assert!(!is_cut(&mut silent), "its request has begun");
    }

    #[test]
    fn connection_is_not_cut_while_its_request_is_answered() {
        let counts = Arc::new(InHttp::default());
        let pending = Rc::new(Pending::new(Arc::clone(&counts)));
        let [mut first, mut second] = [pending.enter(), pending.enter()];
        first.slot.asks();
        assert_eq!(counts.asking.load(Ordering::Relaxed), 1);
        first.slot.is_answered();
        two_turns_after(&pending, GRACE);
        pending.cut_overdue(GRACE);
        assert!(is_cut(&mut second) && !is_cut(&mut first));
        drop(first);
        assert_eq!(pending.len(), 0);
        let left = [&counts.asking, &counts.waiting].map(|count| count.load(Ordering::Relaxed));
        assert_eq!(left, [0, 0]);
    }
}
