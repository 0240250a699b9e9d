//! The connections of one shard that are in HTTP, in the order in which they wait for a request: who waits longest is cut
//! when there are too many.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::sync::oneshot;

use super::inbox::ShardLink;

/// Those connections. Of one thread, so it needs no lock.
pub(super) struct InFlight {
    line: RefCell<Line>,
    link: Arc<ShardLink>,
}

#[derive(Default)]
struct Line {
    tickets: u64,
    /// Those whose request is not whole, the one that waits longest first. Dropping the sender cuts.
    waiting: BTreeMap<u64, oneshot::Sender<()>>,
    /// All that were not cut.
    len: usize,
}

/// One connection's place among them, kept as long as it is in HTTP.
pub(super) struct Seat {
    in_flight: Rc<InFlight>,
    place: RefCell<Place>,
}

enum Place {
    Waiting(u64),
    /// Its request is whole, and the answer is being found: it is not cut.
    Asking(oneshot::Sender<()>),
    Cut,
}

impl InFlight {
    pub fn new(link: Arc<ShardLink>) -> InFlight {
        InFlight {
            line: RefCell::default(),
            link,
        }
    }

    /// A connection begins, at the end of the line. It is to end when the receiver is ready.
    pub fn enter(self: &Rc<InFlight>) -> (Seat, oneshot::Receiver<()>) {
        let (cut, is_cut) = oneshot::channel();
        let mut line = self.line.borrow_mut();
        line.len += 1;
        let ticket = line.line_up(cut);
        let seat = Seat {
            in_flight: Rc::clone(self),
            place: RefCell::new(Place::Waiting(ticket)),
        };
        (seat, is_cut)
    }

    /// Those that were not cut.
    pub fn len(&self) -> usize {
        self.line.borrow().len
    }

    /// Cuts the one that has waited longest for its request, if any waits.
    pub fn cut_longest(&self) {
        let mut line = self.line.borrow_mut();
        let longest = line.waiting.pop_first();
        line.len -= usize::from(longest.is_some());
    }
}

impl Line {
    fn line_up(&mut self, cut: oneshot::Sender<()>) -> u64 {
        self.tickets += 1;
        self.waiting.insert(self.tickets, cut);
        self.tickets
    }
}

impl Seat {
    /// Its request is whole: it waits no longer.
    pub fn asks(&self) {
        let mut place = self.place.borrow_mut();
        if let Place::Waiting(ticket) = *place {
            let waiting = &mut self.in_flight.line.borrow_mut().waiting;
            *place = match waiting.remove(&ticket) {
                Some(cut) => {
                    self.in_flight.link.asking.fetch_add(1, Ordering::Relaxed);
                    Place::Asking(cut)
                }
                None => Place::Cut,
            };
        }
    }

    /// It has its answer, and may send another request: it waits again, at the end of the line.
    pub fn is_answered(&self) {
        let mut place = self.place.borrow_mut();
        *place = match std::mem::replace(&mut *place, Place::Cut) {
            Place::Asking(cut) => {
                self.in_flight.link.asking.fetch_sub(1, Ordering::Relaxed);
                Place::Waiting(self.in_flight.line.borrow_mut().line_up(cut))
            }
            other => other,
        };
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.is_answered();
        let mut line = self.in_flight.line.borrow_mut();
        if let Place::Waiting(ticket) = *self.place.borrow()
            && line.waiting.remove(&ticket).is_some()
        {
            line.len -= 1;
        }
    }
}
