//! Topics with a maximum of members, on the engine alone.
//!
//! A topic never has a member too many, whatever two shards do at once, and no place is lost.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

use bytes::Bytes;
use lobbyd::broker::FanoutSettings;
use lobbyd::broker::{Class, Draft, Fanout, Hub, SubscriptionId, Terms};

const ROOM: &str = "room:lobby";

fn shard(hub: &Arc<Hub>, number: u16, connections: u32) -> Fanout {
    let mut fanout = Fanout::new(number, Arc::clone(hub), FanoutSettings::default());
    for outlet in 0..connections {
        fanout.open(outlet, Class::ALL[outlet as usize % 2]);
    }
    fanout
}

fn places(count: u32, intercept: &'static [&'static str]) -> Terms {
    Terms {
        intercept,
        members_max: Some(count),
        retention: None,
    }
}

fn try_join(fanout: &mut Fanout, outlet: u32, terms: &Terms) -> Option<SubscriptionId> {
    let id = fanout.new_id();
    fanout
        .subscribe_on(outlet, id, ROOM, terms, None)
        .then_some(id)
}

#[test]
fn topic_lets_in_exactly_its_places_when_two_shards_join_at_once() {
    for _ in 0..50 {
        let hub = Arc::new(Hub::new(2));
        let start = Arc::new(Barrier::new(2));
        let threads = [0, 1].map(|number| {
            let (mut fanout, start) = (shard(&hub, number, 80), Arc::clone(&start));
            thread::spawn(move || {
                start.wait();
                let join =
                    |outlet: &u32| try_join(&mut fanout, *outlet, &places(100, &[])).is_some();
                (0..80).filter(join).count()
            })
        });
        let inside: usize = threads.into_iter().map(|t| t.join().unwrap()).sum();
        assert_eq!(inside, 100);
    }
}

/// The test counts a member in only after its join and out before its leave, so its count never
/// exceeds the real one.
#[test]
fn members_that_come_and_go_on_four_shards_never_exceed_the_places() {
    const PLACES: u32 = 3;
    let hub = Arc::new(Hub::new(4));
    let inside = Arc::new(AtomicUsize::new(0));
    let start = Arc::new(Barrier::new(4));
    let threads = [0, 1, 2, 3].map(|number| {
        let (mut fanout, inside) = (shard(&hub, number, 2), Arc::clone(&inside));
        let start = Arc::clone(&start);
        // Some members intercept, and so are listeners too.
        let terms = places(PLACES, if number % 2 == 0 { &["hidden"] } else { &[] });
        thread::spawn(move || {
            // All eight try before one leaves, so exactly so many are in as there are places.
            let mut own = [0, 1].map(|outlet| try_join(&mut fanout, outlet, &terms));
            inside.fetch_add(own.iter().flatten().count(), Ordering::SeqCst);
            start.wait();
            assert_eq!(inside.load(Ordering::SeqCst), PLACES as usize);
            start.wait();
            let (mut step, mut joined) = (0, 0);
            // A thread goes on until it has been in, at the latest when the others have gone.
            let began = Instant::now();
            while step < 20_000 || (joined == 0 && began.elapsed() < Duration::from_secs(60)) {
                let outlet = step % 2;
                step += 1;
                if let Some(id) = own[outlet].take() {
                    inside.fetch_sub(1, Ordering::SeqCst);
                    fanout.unsubscribe(outlet as u32, id);
                    continue;
                }
                own[outlet] = try_join(&mut fanout, outlet as u32, &terms);
                if own[outlet].is_some() {
                    let before = inside.fetch_add(1, Ordering::SeqCst);
                    assert!(before < PLACES as usize, "one too many");
                    joined += 1;
                } else {
                    thread::yield_now();
                }
            }
            inside.fetch_sub(own.into_iter().flatten().count(), Ordering::SeqCst);
            (0..2).for_each(|outlet| fanout.close(outlet));
            assert_eq!(fanout.rooms_len(), 0);
            assert!(joined > 0, "no place within 60 s");
        })
    });
    for thread in threads {
        thread.join().unwrap();
    }
    assert_eq!(hub.topics_len(), 0);
    let mut fanout = shard(&hub, 0, 8);
    let join = |outlet: &u32| try_join(&mut fanout, *outlet, &places(PLACES, &[])).is_some();
    assert_eq!((0..8).filter(join).count(), 3, "all places are free again");
}

#[test]
fn listeners_take_no_place_and_a_refused_join_leaves_nothing() {
    let hub = Arc::new(Hub::new(1));
    let mut fanout = shard(&hub, 0, 10);
    for outlet in 0..4 {
        let id = fanout.new_id();
        fanout.listen(outlet, id, ROOM);
        let id = fanout.new_id();
        fanout.listen_as_socket_id(outlet, id, ROOM);
    }
    let hidden = places(1, &["hidden"]);
    let first = try_join(&mut fanout, 4, &hidden).expect("no member is there");
    assert_eq!(try_join(&mut fanout, 5, &hidden), None);
    assert_eq!(try_join(&mut fanout, 6, &places(1, &[])), None);
    assert!(
        try_join(&mut fanout, 7, &Terms::default()).is_some(),
        "no bound of its own"
    );
    fanout.unsubscribe(4, first);
    (0..10).for_each(|outlet| fanout.close(outlet));
    assert_eq!((hub.topics_len(), fanout.rooms_len()), (0, 0));
}

#[test]
fn topic_without_places_stays_unknown() {
    let hub = Arc::new(Hub::new(1));
    let mut fanout = shard(&hub, 0, 1);
    assert_eq!(try_join(&mut fanout, 0, &places(0, &[])), None);
    assert_eq!(try_join(&mut fanout, 0, &places(0, &["hidden"])), None);
    assert_eq!((hub.topics_len(), fanout.rooms_len()), (0, 0));
    let seal = &mut |draft: &mut Draft, _| draft.seal(Class::V2, Some(Bytes::from_static(b"x")));
    assert!(hub.publish(ROOM, seal).is_none());
}
