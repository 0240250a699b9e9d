//! The connection lists: no connection is queued twice, and a stale entry has no effect.

use std::sync::Arc;

use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::broker::{Class, Fanout, FanoutSettings, Hub, Terms};
use crate::channel::{Assigns, UserSocket};
use crate::protocol::Version;
use crate::server::limits::values::ServerLimits;
use crate::session::Session;
use crate::websocket::{CloseReason, ReadBuffer};

/// Returns a topic with a member, which does not lag.
fn topic() -> Arc<Topic> {
    let mut fanout = Fanout::new(0, Arc::new(Hub::new(1)), FanoutSettings::DEFAULT);
    fanout.open(0, Class::V2);
    let id = fanout.new_id();
    assert!(fanout.subscribe_on(0, id, "room:x", &Terms::default(), None));
    fanout.topic("room:x").expect("it has a member")
}

/// Opens a connection, and returns its place.
async fn open(connections: &mut Connections, clock: &Clock) -> u32 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stream = TcpStream::connect(address).await.unwrap();
    let socket = Arc::new(UserSocket::new());
    let (key, id, waker) = connections.next();
    let session = Session::new(Version::V2, Arc::clone(&socket.session), Assigns::default());
    let connection = Connection::new((id, waker), stream, session, socket, clock.now());
    connections.insert(connection);
    assert_eq!(connections.place_of(id), Some(key));
    key
}

/// Takes the queues, and marks all connections in them as no longer queued.
fn take(connections: &mut Connections) -> [Vec<u32>; 2] {
    let Queued { awake, ready } = connections.take_queued();
    [awake, ready].map(|names| {
        let place = |name| Some(connections.unqueue(name)?.0);
        names.into_iter().filter_map(place).collect()
    })
}

#[tokio::test]
async fn connection_is_queued_once_however_often_it_is_woken() {
    let (mut connections, clock) = (Connections::default(), Clock::start());
    let [one, other] = [
        open(&mut connections, &clock).await,
        open(&mut connections, &clock).await,
    ];
    let waker = connections.get(one).unwrap().waker.clone();
    waker.wake_by_ref();
    waker.wake_by_ref();
    connections.make_ready(other);
    connections.make_ready(other);
    let queued = connections.take_queued();
    let names = [other, one].map(|key| connections.get(key).unwrap().id);
    // The woken one is in no room, so it stands behind those that are.
    assert_eq!(
        (&queued.awake[..], &queued.ready[..]),
        (&[][..], &names[..])
    );
    connections.make_ready(one);
    assert!(!connections.has_queued(), "the taken queue still has it");
    connections.put_back(queued);
    assert_eq!(take(&mut connections), [vec![], vec![other, one]]);
}

#[tokio::test]
async fn connection_in_the_place_of_another_is_queued_once_too() {
    let (mut connections, clock) = (Connections::default(), Clock::start());
    let key = open(&mut connections, &clock).await;
    let id = connections.get(key).unwrap().id;
    connections.make_ready(key);
    connections.remove(key);
    assert_eq!(open(&mut connections, &clock).await, key, "the same place");
    assert_eq!(connections.place_of(id), None, "under another name");
    connections.make_ready(key);
    assert_eq!(take(&mut connections), [vec![], vec![key]]);
}

#[tokio::test]
async fn connection_not_read_for_one_reason_is_not_read_again_for_another() {
    let (mut connections, clock) = (Connections::default(), Clock::start());
    let key = open(&mut connections, &clock).await;
    let mut cx = Context::from_waker(Waker::noop());
    let stage = |connections: &Connections| match connections.get(key).unwrap().stage {
        Stage::Open => "open",
        Stage::Held => "held",
        Stage::Paused { .. } => "paused",
        Stage::Throttled { .. } => "throttled",
        Stage::Ended => "ended",
        Stage::Closing(_) => "closing",
    };
    connections.pause(key, clock.now(), topic());
    connections.hold(key);
    connections.throttle(key, clock.now(), 0);
    assert_eq!(stage(&connections), "paused", "the first reason");
    connections.release(key, &clock);
    assert!(!connections.resume_throttled(&clock, &mut cx));
    assert!(connections.has_paused() && !connections.has_queued());
    let (name, _) = connections.next_paused().expect("it is on the list");
    connections.resume_paused(name, &clock);
    assert_eq!(stage(&connections), "open");
    assert_eq!(take(&mut connections), [vec![], vec![key]]);

    connections.hold(key);
    assert_eq!(stage(&connections), "held");
    connections.release(key, &clock);
    assert_eq!(stage(&connections), "open");
    assert_eq!(take(&mut connections), [vec![], vec![key]]);
}

#[tokio::test]
async fn new_rates_resume_the_connections_that_old_rates_throttled() {
    let (mut connections, clock) = (Connections::default(), Clock::start());
    let key = open(&mut connections, &clock).await;
    let mut cx = Context::from_waker(Waker::noop());
    connections.throttle(key, clock.now(), u64::MAX >> 1);
    assert!(!connections.resume_throttled(&clock, &mut cx));
    assert!(!connections.has_queued());
    connections.forgive(&clock, (&ServerLimits::default()).into());
    assert_eq!(take(&mut connections), [vec![], vec![key]]);
}

#[tokio::test]
async fn stale_list_entry_does_not_resume_or_shut_the_next_connection() {
    let (mut connections, clock) = (Connections::default(), Clock::start());
    let key = open(&mut connections, &clock).await;
    connections.pause(key, clock.now(), topic());
    connections.remove(key);
    assert_eq!(open(&mut connections, &clock).await, key);
    connections.throttle(key, clock.now(), u64::MAX >> 1);
    let (name, _) = connections.next_paused().expect("it is on the list");
    connections.resume_paused(name, &clock);
    let stage = &connections.get(key).unwrap().stage;
    assert!(matches!(stage, Stage::Throttled { .. }));

    let (now, mut buffer) = (clock.now(), ReadBuffer::default());
    connections.begin_closing(key, CloseReason::ServiceRestart, now, &mut buffer);
    let is_shut = |connections: &Connections| {
        let stage = &connections.get(key).unwrap().stage;
        matches!(stage, Stage::Closing(closing) if closing.sent)
    };
    assert!(!is_shut(&connections), "its Close frame is not out");
    connections.shut(key);
    assert!(is_shut(&connections));
}

#[tokio::test]
async fn connection_that_its_client_ended_is_read_no_more() {
    let (mut connections, clock) = (Connections::default(), Clock::start());
    let key = open(&mut connections, &clock).await;
    let name = connections.get(key).unwrap().id;
    let gone = ClientEnd::Drop(CloseReason::PeerGone);
    connections.ends(key, gone);
    connections.pause(key, clock.now(), topic());
    connections.throttle(key, clock.now(), 0);
    connections.hold(key);
    connections.release(key, &clock);
    assert!(!connections.get(key).unwrap().is_read());
    assert!(!connections.has_paused() && !connections.has_queued());
    assert_eq!(connections.ended.pop(), Some((name, gone)));
}

#[tokio::test]
async fn ends_are_seen_to_in_the_order_in_which_they_came() {
    let (mut connections, clock) = (Connections::default(), Clock::start());
    let (first, second) = (
        open(&mut connections, &clock).await,
        open(&mut connections, &clock).await,
    );
    connections.ends(second, ClientEnd::Close(CloseReason::PeerGone));
    connections.ends(first, ClientEnd::Drop(CloseReason::PeerGone));
    let order = std::iter::from_fn(|| connections.ended.pop());
    let order: Vec<u32> = order.map(|(name, _)| name as u32).collect();
    assert_eq!(order, [second, first]);
    assert!(connections.ended.is_empty());
}
