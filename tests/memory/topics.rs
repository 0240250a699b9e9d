//! The engine's heap after topics and bursts have ended, and with readers that are behind.

use lobbyd::broker::FanoutSettings;
use testkit::shard::Shard;

use crate::{heap, report};

/// Bytes by which a heap may exceed its old size and still count as returned.
const RETURNED_BYTES: usize = 1 << 20;

/// Returns a shard with a lobby that stays, and a number of connections.
fn shard(settings: FanoutSettings, connections: u32) -> Shard {
    let mut shard = Shard::new(settings, connections);
    shard.join(0, "room:lobby");
    shard.publish("room:lobby", 100);
    shard.work();
    shard.sweep_after(1_000);
    shard
}

/// Joins each of `topics` with one of the connections, publishes to it, and leaves it.
fn use_and_abandon(shard: &mut Shard, topics: std::ops::Range<u32>, connections: u32) {
    let mut ids = Vec::with_capacity(topics.len());
    for topic in topics {
        let name = format!("room:{topic}");
        let outlet = topic % connections;
        ids.push((outlet, shard.join(outlet, &name)));
        (0..3).for_each(|_| shard.publish(&name, 100));
    }
    shard.work();
    for (outlet, id) in ids {
        shard.fanout.unsubscribe(outlet, id);
    }
    shard.work();
}

#[test]
fn heap_returns_after_a_hundred_thousand_topics_in_turn_or_at_once() {
    let heap = heap();
    const TOPICS: u32 = 100_000;
    const CONNECTIONS: u32 = 1_000;
    let mut shard = shard(FanoutSettings::default(), CONNECTIONS);
    let before = heap.current_usage();
    report("before", before);
    for at_once in [1_000, TOPICS] {
        heap.reset_peak_usage();
        for first in (0..TOPICS).step_by(at_once as usize) {
            use_and_abandon(&mut shard, first..first + at_once, CONNECTIONS);
            assert_eq!((shard.fanout.rooms_len(), shard.hub.topics_len()), (1, 1));
            if first % 10_000 == 0 {
                shard.sweep_after(1_000);
            }
        }
        (0..2).for_each(|_| shard.sweep_after(1_000));
        let after = heap.current_usage();
        report("at most", heap.peak_usage());
        report("after", after);
        assert!(
            after < before + RETURNED_BYTES,
            "{} bytes more",
            after - before
        );
    }
}

#[test]
fn burst_leaves_nothing_in_a_topic_that_is_idle_then() {
    let heap = heap();
    let mut shard = shard(FanoutSettings::default(), 10);
    shard.join_all(1..10, "room:lobby");
    let before = heap.current_usage();
    for _ in 0..3 {
        (0..16_000).for_each(|_| shard.publish("room:lobby", 100));
        assert!(heap.current_usage() > before + 16_000 * 100);
        shard.work();
        shard.sweep_after(1_000);
        // The buffer for mail is given back with the second turn.
        (0..2).for_each(|_| shard.work());
    }
    let after = heap.current_usage();
    report("after the burst", after);
    // Room for 64 entries, some parcels and a span of 16 KiB may stay allocated.
    assert!(
        after < before + (200 << 10),
        "{} bytes more",
        after - before
    );
}

#[test]
fn two_hundred_stopped_readers_cost_one_log_and_not_a_queue_each() {
    let heap = heap();
    const MEMBERS: u32 = 1_000;
    let mut shard = Shard::new(FanoutSettings::default(), MEMBERS);
    shard.join_all(0..MEMBERS, "room:lobby");
    shard.publish("room:lobby", 100);
    shard.work();
    let before = heap.current_usage();
    shard.sockets.shut.extend(MEMBERS - 200..MEMBERS);
    let mut most = 0;
    for _ in 0..30_000 {
        shard.publish("room:lobby", 100);
        shard.work();
        most = most.max(heap.current_usage() - before);
        if shard.given_up().len() == 200 {
            break;
        }
    }
    println!(
        "200 stopped readers of 100-byte frames: {} KiB at most",
        most >> 10
    );
    let full = FanoutSettings::default().retention_bytes_max;
    assert!(most > full && most < 5 * full, "{most} bytes");
}

#[test]
fn stopped_readers_that_leave_take_no_more_of_the_heap_than_before() {
    let heap = heap();
    const MEMBERS: u32 = 500;
    const MESSAGES: usize = 10_000;
    let mut shard = Shard::new(FanoutSettings::default(), MEMBERS);
    let ids: Vec<_> = (0..MEMBERS)
        .map(|outlet| shard.join(outlet, "room:lobby"))
        .collect();
    shard.sockets.shut.extend(0..MEMBERS);
    for _ in 0..MESSAGES {
        shard.publish("room:lobby", 27);
        shard.work();
    }
    let before = heap.current_usage();
    report("stopped readers", before);
    for (outlet, id) in (0..).zip(ids) {
        shard.fanout.unsubscribe(outlet, id);
    }
    let after = heap.current_usage();
    report("after their leave", after);
    assert!(after < before + (64 << 10), "{} bytes", after - before);
}

#[test]
fn logs_take_no_more_of_the_heap_than_they_are_said_to_weigh() {
    let heap = heap();
    for (frame_bytes, entries) in [(1, 60_000), (100, 40_000), (10_000, 3_000)] {
        let settings = FanoutSettings {
            retention_bytes_max: usize::MAX,
            retention_entries_max: usize::MAX,
            ..FanoutSettings::default()
        };
        let mut shard = Shard::new(settings, 1);
        shard.join(0, "room:lobby");
        shard.sockets.shut.insert(0);
        let before = heap.current_usage();
        for _ in 0..entries {
            shard.publish("room:lobby", frame_bytes);
            shard.work();
        }
        let (taken, said) = (heap.current_usage() - before, shard.fanout.retained_bytes());
        println!("{entries} frames of {frame_bytes} bytes: {taken} bytes, said to be {said}");
        assert!(
            taken <= said + (16 << 10),
            "{taken} bytes, said to be {said}"
        );
        assert!(said < taken * 2, "{taken} bytes, said to be {said}");
    }
}
