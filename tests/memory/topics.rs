//! The engine's heap: topics and bursts that are over, readers that are behind.

use lobbyd::broker::FanoutSettings;

use crate::stage::Stage;
use crate::{heap, report};

/// How far from where it was a heap may be that has returned.
const RETURNED_BYTES: usize = 1 << 20;

/// A shard with a lobby that stays, and a number of connections.
fn stage(settings: FanoutSettings, connections: u32) -> Stage {
    let mut stage = Stage::new(settings, connections);
    stage.join(0, "room:lobby");
    stage.publish("room:lobby", 100);
    stage.work();
    stage.sweep_after(1_000);
    stage
}

/// Joins each of `topics` with some connection, publishes to it, and leaves it again.
fn use_and_abandon(stage: &mut Stage, topics: std::ops::Range<u32>, connections: u32) {
    let mut ids = Vec::with_capacity(topics.len());
    for topic in topics {
        let name = format!("room:{topic}");
        let outlet = topic % connections;
        ids.push((outlet, stage.join(outlet, &name)));
        (0..3).for_each(|_| stage.publish(&name, 100));
    }
    stage.work();
    for (outlet, id) in ids {
        stage.fanout.unsubscribe(outlet, id);
    }
    stage.work();
}

#[test]
fn a_hundred_thousand_topics_used_one_after_the_other_or_at_once_leave_the_heap_where_it_was() {
    let heap = heap();
    const TOPICS: u32 = 100_000;
    const CONNECTIONS: u32 = 1_000;
    let mut stage = stage(FanoutSettings::default(), CONNECTIONS);
    let before = heap.current_usage();
    report("before", before);
    for at_once in [1_000, TOPICS] {
        heap.reset_peak_usage();
        for first in (0..TOPICS).step_by(at_once as usize) {
            use_and_abandon(&mut stage, first..first + at_once, CONNECTIONS);
            assert_eq!((stage.fanout.rooms_len(), stage.hub.topics_len()), (1, 1));
            if first % 10_000 == 0 {
                stage.sweep_after(1_000);
            }
        }
        (0..2).for_each(|_| stage.sweep_after(1_000));
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
fn a_burst_leaves_nothing_in_a_topic_that_is_idle_then() {
    let heap = heap();
    let mut stage = stage(FanoutSettings::default(), 10);
    stage.join_all(1..10, "room:lobby");
    let before = heap.current_usage();
    for _ in 0..3 {
        (0..16_000).for_each(|_| stage.publish("room:lobby", 100));
        assert!(heap.current_usage() > before + 16_000 * 100);
        stage.work();
        stage.sweep_after(1_000);
        // The buffer for mail comes back with the next turn but one.
        (0..2).for_each(|_| stage.work());
    }
    let after = heap.current_usage();
    report("after the burst", after);
    // Room for 64 entries, some parcels and a span of 16 KiB may stay.
    assert!(
        after < before + (200 << 10),
        "{} bytes more",
        after - before
    );
}

#[test]
fn two_hundred_of_a_thousand_who_stop_reading_cost_one_log_and_not_a_queue_each() {
    let heap = heap();
    const MEMBERS: u32 = 1_000;
    let mut stage = Stage::new(FanoutSettings::default(), MEMBERS);
    stage.join_all(0..MEMBERS, "room:lobby");
    stage.publish("room:lobby", 100);
    stage.work();
    let before = heap.current_usage();
    stage.sockets.shut.extend(MEMBERS - 200..MEMBERS);
    let mut most = 0;
    for _ in 0..30_000 {
        stage.publish("room:lobby", 100);
        stage.work();
        most = most.max(heap.current_usage() - before);
        if stage.given_up().len() == 200 {
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
fn logs_take_no_more_of_the_heap_than_they_are_said_to_weigh() {
    let heap = heap();
    for (frame_bytes, entries) in [(1, 60_000), (100, 40_000), (10_000, 3_000)] {
        let settings = FanoutSettings {
            retention_bytes_max: usize::MAX,
            retention_entries_max: usize::MAX,
            ..FanoutSettings::default()
        };
        let mut stage = Stage::new(settings, 1);
        stage.join(0, "room:lobby");
        stage.sockets.shut.insert(0);
        let before = heap.current_usage();
        for _ in 0..entries {
            stage.publish("room:lobby", frame_bytes);
            stage.work();
        }
        let (taken, said) = (heap.current_usage() - before, stage.fanout.retained_bytes());
        println!("{entries} frames of {frame_bytes} bytes: {taken} bytes, said to be {said}");
        assert!(
            taken <= said + (16 << 10),
            "{taken} bytes, said to be {said}"
        );
        assert!(said < taken * 2, "{taken} bytes, said to be {said}");
    }
}
