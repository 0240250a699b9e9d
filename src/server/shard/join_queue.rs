//! Joins that wait for their answer: each address has its turn, and who was refused often waits.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::task::Context;
use std::time::{Duration, Instant};

use tokio::time::{Sleep, sleep_until};

use crate::broker::SubscriptionId;
use crate::server::limits::fair_queue::{FairQueue, Party};
use crate::server::limits::token_bucket::{RefillRate, TokenBucket};

/// Time of a turn for joins. Those that come later in the turn are held, so that rooms are written
/// to meanwhile. Held joins get as much time of their own, at the end of the turn.
pub(crate) const JOINS_TIME: Duration = Duration::from_micros(250);

/// Least held joins that are answered in one turn, however long the turn is.
pub(crate) const JOINS_PER_TURN_LEAST: usize = 8;

/// Buckets of refused joins beyond which the full ones are forgotten.
const BUCKETS_LEAST: usize = 64;

/// The held joins of one shard, and what connections owe for refused ones. Times are nanoseconds on
/// the clock of the server's admission, but for those at which a join has waited too long.
pub(crate) struct JoinQueue {
    /// The held joins of each connection, in the order in which they came. A line without joins is
    /// still named in `ready` or in `later`.
    lines: HashMap<u64, HeldLine>,
    /// Connections whose first join may be answered.
    ready: FairQueue<u64>,
    /// Connections that owe for refused joins, each with the end of its debt.
    later: BinaryHeap<Reverse<(u64, u64)>>,
    /// Connections, each with the moment at which its first join has waited too long, on the clock
    /// of `heard_ns`. An entry may be of a join that is answered already.
    late: BinaryHeap<Reverse<(u64, u64)>>,
    /// Refused joins of connections that had some lately.
    refused: HashMap<u64, TokenBucket>,
    /// Number of `refused` at which the full buckets are forgotten.
    refused_kept: usize,
    /// How often a connection with joins was passed over since the last look, because it owed.
    passed_over: u64,
    /// True if joins wait for a place in the rate of all shards.
    wants_place: bool,
    turn_began: Instant,
    /// The time until this turn in which the shard could have heard its clients.
    heard_ns: u64,
    timer: Option<Pin<Box<Sleep>>>,
}

struct HeldLine {
    party: Party,
    joins: VecDeque<HeldJoin>,
}

/// A join that waits in the line of its connection.
pub(crate) struct HeldJoin {
    pub channel: SubscriptionId,
    /// The moment at which the join has waited too long: see [`JoinQueue::late_after_ns`].
    pub late_at_ns: u64,
}

impl Default for JoinQueue {
    fn default() -> JoinQueue {
        JoinQueue {
            lines: HashMap::new(),
            ready: FairQueue::default(),
            later: BinaryHeap::new(),
            late: BinaryHeap::new(),
            refused: HashMap::new(),
            refused_kept: BUCKETS_LEAST,
            passed_over: 0,
            wants_place: false,
            turn_began: Instant::now(),
            heard_ns: 0,
            timer: None,
        }
    }
}

impl JoinQueue {
    /// Notes that a turn began at `now`. Until then the shard could have heard its clients for the
    /// time `heard`.
    pub fn begin_turn(&mut self, now: Instant, heard: Duration) {
        self.turn_began = now;
        self.heard_ns = heard.as_nanos() as u64;
    }

    /// Returns the moment at which a join that comes now has waited for `wait_ms`. Time in which
    /// the shard stands still does not count, because it could answer nobody.
    pub fn late_after_ns(&self, wait_ms: u64) -> u64 {
        self.heard_ns + wait_ms * 1_000_000
    }

    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// True if a new join of `connection` has to wait, because joins before it do or because the
    /// turn is long already.
    pub fn comes_behind(&self, connection: u64) -> bool {
        !self.ready.is_empty()
            || self.lines.contains_key(&connection)
            || self.turn_began.elapsed() > JOINS_TIME
    }

    /// Holds a join of `connection`, whose turn is that of `party`. The connection owes until
    /// `owes_until_ns`; 0 if it owes nothing.
    pub fn hold(&mut self, connection: u64, party: Party, owes_until_ns: u64, join: HeldJoin) {
        if !self.lines.contains_key(&connection) {
            match owes_until_ns {
                0 => self.ready.push(party, connection),
                until_ns => self.later.push(Reverse((until_ns, connection))),
            }
        }
        let empty = || HeldLine {
            party,
            joins: VecDeque::new(),
        };
        let line = self.lines.entry(connection).or_insert_with(empty);
        if line.joins.is_empty() {
            self.late.push(Reverse((join.late_at_ns, connection)));
        }
        line.joins.push_back(join);
    }

    /// True if the first join of a connection may be answered now.
    pub fn has_ready(&mut self, now_ns: u64) -> bool {
        while let Some(&Reverse((until_ns, connection))) = self.later.peek()
            && until_ns <= now_ns
        {
            self.later.pop();
            if let Some(line) = self.lines.get(&connection) {
                self.ready.push(line.party, connection);
            }
        }
        !self.ready.is_empty()
    }

    /// Takes the first join of the connection whose turn it is, with the connection. Connections
    /// that owe for refused joins at `rate` are passed over until they have paid.
    pub fn pop(&mut self, now_ns: u64, rate: Option<RefillRate>) -> Option<(u64, SubscriptionId)> {
        while let Some((party, connection)) = self.ready.pop() {
            let owes_ns = rate.map_or(0, |rate| self.owes_ns(connection, now_ns, rate));
            let Some(line) = self.lines.get_mut(&connection) else {
                continue;
            };
            if line.joins.is_empty() {
                self.lines.remove(&connection);
                continue;
            }
            if owes_ns > 0 {
                self.later.push(Reverse((now_ns + owes_ns, connection)));
                self.passed_over += 1;
                continue;
            }
            let first = line.joins.pop_front();
            match line.joins.is_empty() {
                true => drop(self.lines.remove(&connection)),
                false => self.ready.push(party, connection),
            }
            return first.map(|join| (connection, join.channel));
        }
        None
    }

    /// Notes whether joins wait for a place in the rate of all shards. True if that has changed.
    pub fn wants_place(&mut self, wants: bool) -> bool {
        std::mem::replace(&mut self.wants_place, wants) != wants
    }

    /// Takes a join that has waited too long in this turn, with its connection.
    pub fn pop_late(&mut self) -> Option<(u64, SubscriptionId)> {
        while let Some(&Reverse((at_ns, connection))) = self.late.peek()
            && at_ns <= self.heard_ns
        {
            self.late.pop();
            let Some(line) = self.lines.get_mut(&connection) else {
                continue;
            };
            let is_late = |join: &mut HeldJoin| join.late_at_ns <= self.heard_ns;
            let late = line.joins.pop_front_if(is_late);
            if let Some(next) = line.joins.front() {
                self.late.push(Reverse((next.late_at_ns, connection)));
            }
            if let Some(late) = late {
                return Some((connection, late.channel));
            }
        }
        None
    }

    /// Forgets the joins of a connection that has gone.
    pub fn forget(&mut self, connection: u64) {
        if let Some(line) = self.lines.get_mut(&connection) {
            line.joins = VecDeque::new();
        }
    }

    /// Has the shard woken for the next join. `place_ns` is the moment of the next free place, if
    /// joins wait for one, and `start` the moment from which times count. True if there is work
    /// now.
    pub fn next_is_due(
        &mut self,
        place_ns: Option<u64>,
        start: Instant,
        cx: &mut Context<'_>,
    ) -> bool {
        if self.lines.is_empty() {
            self.forget_stale();
            return false;
        }
        if !self.ready.is_empty() && place_ns.is_none() {
            return true;
        }
        let first = |heap: &BinaryHeap<Reverse<(u64, u64)>>| {
            let Reverse((at_ns, _)) = *heap.peek()?;
            Some(at_ns)
        };
        let at = |at_ns| start + Duration::from_nanos(at_ns);
        let late_in = |at_ns: u64| Duration::from_nanos(at_ns.saturating_sub(self.heard_ns));
        let late = first(&self.late).map(|at_ns| self.turn_began + late_in(at_ns));
        let moments = [place_ns.map(at), first(&self.later).map(at), late];
        let Some(at) = moments.into_iter().flatten().min() else {
            return true;
        };
        let at = tokio::time::Instant::from_std(at);
        let timer = &mut self.timer;
        let timer = timer.get_or_insert_with(|| Box::pin(sleep_until(at)));
        if timer.deadline() != at {
            timer.as_mut().reset(at);
        }
        timer.as_mut().poll(cx).is_ready()
    }

    /// Forgets what is left of joins that were all answered, and gives the memory back.
    fn forget_stale(&mut self) {
        if self.timer.take().is_some() || !self.late.is_empty() {
            self.lines = HashMap::new();
            self.later = BinaryHeap::new();
            self.late = BinaryHeap::new();
        }
    }
}

/// What connections owe for refused joins.
impl JoinQueue {
    /// Charges a connection for a refused join, which it may have sent since `from_ns`. Returns the
    /// time in which its missing tokens are earned.
    pub fn charge(&mut self, connection: u64, from_ns: u64, now_ns: u64, rate: RefillRate) -> u64 {
        if self.refused.len() >= self.refused_kept {
            self.refused.retain(|_, bucket| bucket.used_ns(now_ns) > 0);
            self.refused_kept = BUCKETS_LEAST.max(2 * self.refused.len());
            self.refused.shrink_to(self.refused_kept);
        }
        let bucket = self.refused.entry(connection).or_default();
        bucket.take_since(from_ns, now_ns, 1, rate);
        bucket.used_ns(now_ns)
    }

    /// Returns for how long a connection owes for refused joins.
    pub fn owes_ns(&self, connection: u64, now_ns: u64, rate: RefillRate) -> u64 {
        let bucket = self.refused.get(&connection);
        bucket.map_or(0, |bucket| bucket.wait_ns(now_ns, rate))
    }

    /// Returns how often a connection with joins was passed over since the last call, because it
    /// owed for refused ones.
    pub fn take_passed_over(&mut self) -> u64 {
        std::mem::take(&mut self.passed_over)
    }

    /// Forgives all debts for refused joins, because their rate changes or is only observed.
    pub fn forgive_refused(&mut self) {
        self.refused = HashMap::new();
        for Reverse((_, connection)) in std::mem::take(&mut self.later) {
            self.later.push(Reverse((0, connection)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::broker::{Fanout, FanoutSettings, Hub};
    use std::sync::Arc;

    const SECOND: u64 = 1_000_000_000;

    /// Two refused joins at once, one a second.
    fn rate() -> RefillRate {
        RefillRate::new(1, 2)
    }

    struct Scene {
        fanout: Fanout,
        queue: JoinQueue,
    }

    impl Scene {
        fn new() -> Scene {
            let hub = Arc::new(Hub::new(1));
            Scene {
                fanout: Fanout::new(0, hub, FanoutSettings::default()),
                queue: JoinQueue::default(),
            }
        }

        fn hold(&mut self, connection: u64, party: Party, late_at_ns: u64) {
            let channel = self.fanout.new_id();
            let join = HeldJoin {
                channel,
                late_at_ns,
            };
            self.queue.hold(connection, party, 0, join);
        }

        fn order(&mut self, now_ns: u64) -> Vec<u64> {
            self.queue.has_ready(now_ns);
            let queue = &mut self.queue;
            let popped = std::iter::from_fn(|| queue.pop(now_ns, Some(rate())));
            popped.map(|(connection, _)| connection).collect()
        }
    }

    #[test]
    fn connections_of_one_address_share_its_turn_and_lone_ones_have_their_own() {
        let mut scene = Scene::new();
        for connection in [1, 1, 1, 2, 2] {
            scene.hold(connection, Party::Address(7), SECOND);
        }
        scene.hold(3, Party::Alone(3), SECOND);
        scene.hold(4, Party::Address(8), SECOND);
        assert_eq!(scene.order(0), [1, 3, 4, 2, 1, 2, 1]);
        assert!(scene.queue.is_empty());
    }

    #[test]
    fn connection_that_was_refused_often_waits_until_it_has_paid() {
        let mut scene = Scene::new();
        for _ in 0..4 {
            scene.queue.charge(1, 0, 0, rate());
        }
        scene.hold(1, Party::Alone(1), 9 * SECOND);
        scene.hold(2, Party::Alone(2), 9 * SECOND);
        assert_eq!(scene.order(0), [2]);
        assert!(scene.order(2 * SECOND).is_empty());
        assert_eq!(scene.order(3 * SECOND), [1]);
        assert!(scene.queue.is_empty());
    }

    #[test]
    fn refused_joins_of_a_standstill_are_charged_as_they_were_sent() {
        let mut queue = JoinQueue::default();
        let now_ns = 61 * SECOND;
        let used_ns = (0..62).map(|_| queue.charge(1, SECOND, now_ns, rate()));
        assert_eq!(used_ns.last(), Some(2 * SECOND));
        assert_eq!(queue.owes_ns(1, now_ns, rate()), SECOND);
    }

    #[test]
    fn joins_that_waited_too_long_leave_the_line_and_others_stay() {
        let mut scene = Scene::new();
        (1..4).for_each(|at| scene.hold(1, Party::Alone(1), at * SECOND));
        scene.hold(2, Party::Alone(2), 2 * SECOND);
        let begin_turn = |queue: &mut JoinQueue, heard_ns| {
            queue.begin_turn(Instant::now(), Duration::from_nanos(heard_ns));
        };
        begin_turn(&mut scene.queue, SECOND - 1);
        assert!(scene.queue.pop_late().is_none());
        begin_turn(&mut scene.queue, 2 * SECOND);
        let queue = &mut scene.queue;
        let late = std::iter::from_fn(|| queue.pop_late());
        let late: Vec<_> = late.map(|(connection, _)| connection).collect();
        assert_eq!(late.len(), 3);
        assert_eq!(scene.order(2 * SECOND), [1]);
        assert!(scene.queue.is_empty(), "lines without joins are gone");
    }

    #[test]
    fn joins_of_a_connection_that_has_gone_are_forgotten() {
        let mut scene = Scene::new();
        (0..3).for_each(|_| scene.hold(1, Party::Alone(1), SECOND));
        scene.queue.forget(1);
        assert!(scene.order(0).is_empty());
        assert!(scene.queue.is_empty());
    }

    #[test]
    fn buckets_of_refused_joins_are_forgotten_once_they_are_full() {
        let mut queue = JoinQueue::default();
        for connection in 0..10_000 {
            let now_ns = connection * SECOND;
            queue.charge(connection, now_ns, now_ns, rate());
        }
        assert!(queue.refused.len() <= BUCKETS_LEAST);
    }
}
