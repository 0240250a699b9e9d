//! State that shards share, under many orders of events: topics, mailboxes, the registry.
//!
//! The `shuttle` feature replaces std's locks and atomics by shuttle's. At each of them shuttle
//! decides which thread runs next. Each scene runs under random schedules, and under as many
//! PCT ones, which find rare orders of a few events with a known probability. All other state of
//! the engine belongs to one thread (tests/engine/order.rs).
//!
//! These scenes were checked by breaking the code. The faults were: a join that overlooks a topic's
//! removal; a removal without the registry's lock, or of a topic of the same name; no second look
//! at the classes; a lock released between sequence and mail; a count raised after the lock; a
//! sleeper not woken, woken twice, or asleep with mail. Each was found.
//!
//! A failing schedule is printed; `shuttle::replay` runs it again. `SHUTTLE_ITERATIONS` sets the
//! number of schedules of each kind for each scene; the default is 1,000.

#![cfg(feature = "shuttle")]

mod fixture;

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Poll, Wake, Waker};

use fixture::{Post, ROOM, Shard, assert_ends_with_all_since, order, seals};
use lobbyd::broker::{Budget, Class, Entry, Hub, Mailbox, OriginalPayload, Terms};
use shuttle::sync::atomic::AtomicBool;
use shuttle::{future, thread};

/// Runs `test` under random schedules, then under PCT ones with up to three points at which the
/// order changes.
fn explore(test: fn()) {
    let iterations = std::env::var("SHUTTLE_ITERATIONS");
    let iterations = iterations.ok().and_then(|n| n.parse().ok()).unwrap_or(1000);
    shuttle::check_random(test, iterations);
    shuttle::check_pct(test, iterations, 3);
}

/// Starts a publisher on no shard, such as an app's thread that calls `Endpoint::broadcast`.
fn publisher(hub: &Arc<Hub>, name: &'static str, count: usize) -> thread::JoinHandle<Vec<Post>> {
    let hub = Arc::clone(hub);
    thread::spawn(move || {
        let publish = |number| {
            let text = format!("{name}{number}");
            let published = hub.publish(ROOM, &mut seals(&text));
            published.map(|published| Post::new(&text, published))
        };
        (0..count).filter_map(publish).collect()
    })
}

#[test]
fn shards_receive_what_several_threads_publish_in_one_dense_order() {
    explore(|| {
        let hub = Arc::new(Hub::new(2));
        let mut shards = [Shard::new(0, &hub), Shard::new(1, &hub)];
        for shard in &mut shards {
            shard.join(0, Class::V2);
        }
        let threads = ["a", "b", "c"].map(|name| publisher(&hub, name, 3));
        let posts: Vec<Post> = threads
            .into_iter()
            .flat_map(|t| t.join().unwrap())
            .collect();
        let order: Vec<String> = order(posts).into_values().collect();
        assert_eq!(order.len(), 9);
        for shard in &mut shards {
            shard.flush();
            assert_eq!(shard.texts(0, Class::V2), order);
        }
    });
}

/// A waker that counts the wake-ups of a sleeper and passes them on.
struct Counting {
    wakes: AtomicUsize,
    sleeper: Waker,
}

impl Wake for Counting {
    fn wake(self: Arc<Self>) {
        self.wakes.fetch_add(1, Ordering::Relaxed);
        self.sleeper.wake_by_ref();
    }
}

/// Takes mail until `count` items are there, and sleeps in between as a shard does. Shuttle reports
/// a sleep without a wake-up as a deadlock. Returns the items, the number of sleeps, and the number
/// of wake-ups.
async fn owner(mailbox: Arc<Mailbox<(u8, u8)>>, count: usize) -> (Vec<(u8, u8)>, usize, usize) {
    let (mut items, mut sleeps) = (Vec::new(), 0);
    let mut counting = None;
    poll_fn(|cx| {
        let counting: &Arc<Counting> = counting.get_or_insert_with(|| {
            let (wakes, sleeper) = (AtomicUsize::new(0), cx.waker().clone());
            Arc::new(Counting { wakes, sleeper })
        });
        loop {
            mailbox.take(&mut items);
            if items.len() >= count {
                return Poll::Ready(());
            }
            if mailbox.sleep(&Waker::from(Arc::clone(counting))) {
                sleeps += 1;
                return Poll::Pending;
            }
        }
    })
    .await;
    let wakes = counting.map_or(0, |c| c.wakes.load(Ordering::Relaxed));
    (items, sleeps, wakes)
}

#[test]
fn wake_up_is_never_lost_and_mail_is_never_lost_or_doubled() {
    explore(|| {
        let mailbox = Arc::new(Mailbox::default());
        let posters = [0, 1, 2].map(|name: u8| {
            let mailbox = Arc::clone(&mailbox);
            let post_all = move || (0..3).map(|n| mailbox.post((name, n), 1)).max();
            thread::spawn(post_all)
        });
        let (items, sleeps, wakes) = future::block_on(owner(Arc::clone(&mailbox), 9));
        for poster in posters {
            assert!(poster.join().unwrap() > Some(0));
        }
        for name in 0..3 {
            let of_one = items.iter().filter(|item| item.0 == name);
            assert_eq!(of_one.map(|item| item.1).collect::<Vec<_>>(), [0, 1, 2]);
        }
        assert_eq!(mailbox.bytes(), 0);
        assert!(wakes <= sleeps, "only the first post to a sleeper wakes it");
    });
}

#[test]
fn topic_removed_while_it_is_joined_and_published_to_is_never_two() {
    explore(|| {
        let hub = Arc::new(Hub::new(2));
        let mut leaver = Shard::new(0, &hub);
        let old = leaver.join(0, Class::V2);
        let joined = Arc::new(AtomicBool::new(false));

        let leaving = thread::spawn(move || {
            leaver.fanout.unsubscribe(0, old);
            let again = leaver.join(1, Class::V2);
            let post = leaver.publish("leaver");
            (leaver, again, post)
        });
        let joining = {
            let (hub, joined) = (Arc::clone(&hub), Arc::clone(&joined));
            thread::spawn(move || {
                let mut joiner = Shard::new(1, &hub);
                // This member comes and goes, so that both threads may find the topic empty and ask
                // for its removal.
                let passing = joiner.join(1, Class::V2);
                joiner.fanout.unsubscribe(1, passing);
                let id = joiner.join(0, Class::V2);
                joined.store(true, Ordering::SeqCst);
                let post = joiner.publish("joiner");
                (joiner, id, post)
            })
        };
        let by_name = {
            let (hub, joined) = (Arc::clone(&hub), Arc::clone(&joined));
            thread::spawn(move || publish_three_by_name(&hub, &joined))
        };

        let (mut leaver, again, leavers) = leaving.join().unwrap();
        let (mut joiner, id, joiners) = joining.join().unwrap();
        let by_name = by_name.join().unwrap();
        assert_eq!(
            leavers.at.epoch(),
            joiners.at.epoch(),
            "one name, one topic"
        );
        let after_join = by_name.iter().filter(|(must_arrive, _)| *must_arrive);
        for (_, post) in after_join {
            assert_eq!(
                post.at.epoch(),
                joiners.at.epoch(),
                "published to a dead topic"
            );
        }
        let by_name = by_name.into_iter().map(|(_, post)| post);
        let order = order(by_name.chain([leavers.clone(), joiners.clone()]));
        for (shard, outlet, post) in [(&mut leaver, 1, leavers), (&mut joiner, 0, joiners)] {
            shard.flush();
            assert_ends_with_all_since(&shard.texts(outlet, Class::V2), &order, post.at);
        }
        assert_eq!(hub.topics_len(), 1);
        leaver.fanout.unsubscribe(1, again);
        joiner.fanout.unsubscribe(0, id);
        assert_eq!(hub.topics_len(), 0);
    });
}

/// Publishes by the topic's name. Returns the posts that had a topic, each with whether it must
/// arrive.
fn publish_three_by_name(hub: &Hub, joined: &AtomicBool) -> Vec<(bool, Post)> {
    let publish = |number| {
        let text = format!("p{number}");
        let must_arrive = joined.load(Ordering::SeqCst);
        let published = hub.publish(ROOM, &mut seals(&text));
        assert!(published.is_some() || !must_arrive, "there is a member");
        published.map(|published| (must_arrive, Post::new(&text, published)))
    };
    (0..3).filter_map(publish).collect()
}

#[test]
fn last_place_of_a_topic_is_taken_once_at_a_time_and_is_free_again() {
    explore(|| {
        let hub = Arc::new(Hub::new(2));
        let inside = Arc::new(AtomicUsize::new(0));
        // One member intercepts, so it is a listener before it is a member.
        let intercepts: [&'static [&'static str]; 2] = [&["hidden"], &[]];
        let threads = [0, 1].map(|number: u16| {
            let (hub, inside) = (Arc::clone(&hub), Arc::clone(&inside));
            let terms = Terms {
                intercept: intercepts[usize::from(number)],
                members_max: Some(1),
                retention: None,
            };
            thread::spawn(move || {
                let mut shard = Shard::new(number, &hub);
                shard.fanout.open(0, Class::V2);
                let mut stays = 0;
                for _ in 0..3 {
                    let id = shard.fanout.new_id();
                    if shard.fanout.subscribe_on(0, id, ROOM, &terms, None) {
                        assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0, "one too many");
                        thread::yield_now();
                        inside.fetch_sub(1, Ordering::SeqCst);
                        shard.fanout.unsubscribe(0, id);
                        stays += 1;
                    }
                }
                assert_eq!(shard.fanout.rooms_len(), 0);
                stays
            })
        });
        let stays: usize = threads.into_iter().map(|t| t.join().unwrap()).sum();
        assert!(stays >= 2, "nobody is refused but by another: {stays}");
        assert_eq!(hub.topics_len(), 0);
    });
}

#[test]
fn first_member_of_a_class_lacks_no_frame_after_its_join() {
    explore(|| {
        let hub = Arc::new(Hub::new(3));
        let mut first = Shard::new(0, &hub);
        first.join(0, Class::V1);
        let publishing = publisher(&hub, "p", 3);
        let joining = [(1, true), (2, false)].map(|(number, on_the_wire)| {
            let hub = Arc::clone(&hub);
            thread::spawn(move || join_and_publish(Shard::new(number, &hub), on_the_wire))
        });
        let [(mut wire, wires), (mut ear, ears)] = joining.map(|t| t.join().unwrap());
        let posts = publishing.join().unwrap();
        let order = order(posts.into_iter().chain([wires.clone(), ears.clone()]));
        for shard in [&mut first, &mut wire] {
            shard.flush();
        }
        ear.fanout.take_mail();
        let heard = std::iter::from_fn(|| ear.fanout.take_heard(&mut 1));
        let text = |entry: &Entry| match &entry.original().expect("a listener's").payload {
            OriginalPayload::Text(text) => text.to_string(),
            OriginalPayload::Binary(_) => panic!("the tests publish texts"),
        };
        let heard: Vec<String> = heard.map(|heard| text(&heard.entry)).collect();
        assert_ends_with_all_since(&heard, &order, ears.at);
        assert_ends_with_all_since(&wire.texts(0, Class::V2), &order, wires.at);
        let all: Vec<String> = order.into_values().collect();
        assert_eq!(first.texts(0, Class::V1), all);
    });
}

/// Joins, on the wire or as a listener, then publishes. Every post with a later position was
/// published after the join.
fn join_and_publish(mut shard: Shard, on_the_wire: bool) -> (Shard, Post) {
    if on_the_wire {
        shard.join(0, Class::V2);
    } else {
        shard.fanout.open(0, Class::V2);
        let id = shard.fanout.new_id();
        shard.fanout.listen(0, id, ROOM);
    }
    let post = shard.publish(if on_the_wire { "wire" } else { "ear" });
    (shard, post)
}

/// Runs a shard with a member that stays and a member of another class that comes and goes. It
/// publishes in between, and flushes while the other shard runs. Returns its posts.
fn work(mut shard: Shard, name: &str) -> (Shard, Vec<Post>) {
    let mut posts = Vec::new();
    shard.join(0, Class::V2);
    posts.push(shard.publish(&format!("{name}0")));
    let passing = shard.join(1, Class::V1);
    posts.push(shard.publish(&format!("{name}1")));
    let budget = Budget {
        writes: 1,
        ..Budget::default()
    };
    let _ = shard.fanout.flush(&mut shard.received, budget);
    posts.push(shard.publish(&format!("{name}2")));
    shard.fanout.unsubscribe(1, passing);
    posts.push(shard.publish(&format!("{name}3")));
    (shard, posts)
}

#[test]
fn two_shards_write_one_order_to_members_that_stay_or_pass() {
    explore(|| {
        let hub = Arc::new(Hub::new(2));
        let shards = [(0, "a"), (1, "b")].map(|(number, name)| {
            let hub = Arc::clone(&hub);
            thread::spawn(move || work(Shard::new(number, &hub), name))
        });
        let [mut a, mut b] = shards.map(|shard| shard.join().unwrap());
        let order = order(a.1.iter().chain(&b.1).cloned());
        assert_eq!(order.len(), 8);
        let all: Vec<&String> = order.values().collect();
        for (shard, posts) in [&mut a, &mut b] {
            shard.flush();
            assert_ends_with_all_since(&shard.texts(0, Class::V2), &order, posts[0].at);
            let passing = shard.texts(1, Class::V1);
            let joined = all.iter().position(|text| Some(*text) == passing.first());
            let seen = &all[joined.expect("its own, at least")..][..passing.len()];
            assert!(passing.iter().eq(seen.iter().copied()), "{passing:?}");
            assert!(passing.contains(&posts[1].text) && passing.contains(&posts[2].text));
            assert!(!passing.contains(&posts[0].text) && !passing.contains(&posts[3].text));
        }
    });
}

#[test]
fn sleeping_shard_is_woken_for_what_is_published_to_its_topics() {
    explore(|| {
        let hub = Arc::new(Hub::new(2));
        let mut shards = [Shard::new(0, &hub), Shard::new(1, &hub)];
        for shard in &mut shards {
            shard.join(0, Class::V2);
        }
        let publishing = ["a", "b"].map(|name| publisher(&hub, name, 2));
        let shards = shards.map(|mut shard| {
            let hub = Arc::clone(&hub);
            thread::spawn(move || {
                future::block_on(poll_fn(|cx| {
                    loop {
                        shard.flush();
                        if shard.texts(0, Class::V2).len() == 4 {
                            return Poll::Ready(());
                        }
                        if hub.mailbox(shard.number).sleep(cx.waker()) {
                            return Poll::Pending;
                        }
                    }
                }));
                shard
            })
        });
        let posts = publishing.into_iter().flat_map(|p| p.join().unwrap());
        let order: Vec<String> = order(posts).into_values().collect();
        for shard in shards {
            let shard = shard.join().unwrap();
            assert_eq!(shard.texts(0, Class::V2), order);
        }
    });
}
