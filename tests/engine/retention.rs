//! The bounds of retention on the engine alone: which members each bound gives up, and which never.

use lobbyd::broker::{Failure, FanoutSettings};
use testkit::shard::Shard;

const ROOM: &str = "room:lobby";

/// Bounds that no member reaches.
const ROOMY: FanoutSettings = FanoutSettings {
    retention_bytes_max: usize::MAX,
    retention_entries_max: usize::MAX,
    retention_ms_max: u64::MAX,
    retention_total_bytes_max: usize::MAX,
    outbox_bytes_max: usize::MAX,
};

/// Most bytes of an entry in addition to its frame.
const KEEPING_BYTES_MAX: usize = 300;

#[test]
fn idle_topic_keeps_a_stopped_readers_backlog_for_its_age_and_an_eighth() {
    let settings = FanoutSettings {
        retention_ms_max: 8_000,
        ..ROOMY
    };
    let mut shard = Shard::new(settings, 2);
    shard.join_all(0..2, ROOM);
    shard.sockets.shut.insert(1);
    shard.publish(ROOM, 100);
    shard.work();
    for _ in 0..8 {
        shard.sweep_after(1_000);
        assert_eq!(shard.given_up(), [], "it is not that old yet");
    }
    assert!(shard.fanout.retained_bytes() > 100);
    shard.sweep_after(1_000);
    assert_eq!(shard.given_up(), [(1, Failure::Outdated)]);
    assert_eq!(shard.fanout.retained_bytes(), 0);
}

#[test]
fn reader_that_wakes_before_its_next_message_is_too_old_gets_everything() {
    let settings = FanoutSettings {
        retention_ms_max: 8_000,
        ..ROOMY
    };
    let mut shard = Shard::new(settings, 1);
    shard.join(0, ROOM);
    shard.sockets.shut.insert(0);
    for _ in 0..8 {
        shard.publish(ROOM, 100);
        shard.work();
        shard.sweep_after(1_000);
    }
    shard.open(0);
    shard.work();
    shard.sweep_after(80_000);
    assert_eq!((shard.sockets.bytes, shard.given_up()), (800, vec![]));
}

#[test]
fn busy_topic_loses_only_what_is_too_old_and_the_readers_that_need_it() {
    let settings = FanoutSettings {
        retention_ms_max: 4_000,
        ..ROOMY
    };
    let mut shard = Shard::new(settings, 12);
    shard.join_all(0..12, ROOM);
    // One member stops reading each second.
    for second in 0..12 {
        shard.sockets.shut.insert(second);
        shard.publish(ROOM, 100);
        shard.work();
        shard.sweep_after(1_000);
    }
    let given_up: Vec<u32> = shard
        .given_up()
        .into_iter()
        .map(|(outlet, _)| outlet)
        .collect();
    assert_eq!(given_up, (0..given_up.len() as u32).collect::<Vec<_>>());
    assert!((6..=8).contains(&given_up.len()), "{given_up:?}");
    assert!(shard.fanout.retained_bytes() < 7 * (100 + KEEPING_BYTES_MAX));
}

#[test]
fn member_that_takes_bytes_is_kept_however_small_the_retention_is() {
    let settings = FanoutSettings {
        retention_bytes_max: 1,
        retention_entries_max: 1,
        retention_ms_max: 0,
        retention_total_bytes_max: 1,
        outbox_bytes_max: 1,
    };
    let mut shard = Shard::new(settings, 20);
    shard.join_all(0..20, ROOM);
    shard.join(0, "room:more");
    for _ in 0..20 {
        // The entries are larger than one connection's share of a turn, so some members are behind
        // and catching up.
        (0..3).for_each(|_| shard.publish(ROOM, 150 << 10));
        shard.publish("room:more", 150 << 10);
        shard.turn();
        shard.sweep_after(1_000);
    }
    shard.work();
    assert_eq!(shard.given_up(), []);
    assert_eq!(shard.sockets.bytes, (20 * 3 + 1) * 20 * (150 << 10));
}

#[test]
fn logs_over_their_common_bound_cost_only_the_heaviest_topics_readers() {
    let settings = FanoutSettings {
        retention_total_bytes_max: 1 << 20,
        ..ROOMY
    };
    let mut shard = Shard::new(settings, 40);
    for outlet in 0..20 {
        shard.join(outlet, ROOM);
        shard.join(20 + outlet, &format!("room:{outlet}"));
    }
    // Half of the lobby reads. The other half and all members of the small rooms do not.
    shard.sockets.shut.extend(10..40);
    for outlet in 0..20 {
        shard.publish(&format!("room:{outlet}"), 1_000);
    }
    for _ in 0..10_000 {
        shard.publish(ROOM, 1_000);
        shard.work();
        assert!(shard.fanout.retained_bytes() <= 1 << 20);
    }
    let lobby: Vec<_> = (10..20)
        .map(|outlet| (outlet, Failure::CrowdedOut))
        .collect();
    assert_eq!(shard.given_up(), lobby);
    (20..40).for_each(|outlet| shard.open(outlet));
    shard.work();
    assert_eq!(shard.sockets.bytes, (10 * 10_000 + 20) * 1_000);
}

#[test]
fn stopped_readers_of_thousands_of_small_topics_are_bounded_together() {
    const TOPICS: u32 = 3_000;
    let settings = FanoutSettings {
        retention_total_bytes_max: 1 << 20,
        ..ROOMY
    };
    let mut shard = Shard::new(settings, TOPICS);
    let topics: Vec<String> = (0..TOPICS).map(|n| format!("room:{n}")).collect();
    for (outlet, topic) in (0..).zip(&topics) {
        shard.join(outlet, topic);
        shard.sockets.shut.insert(outlet);
    }
    for topic in topics.iter().chain(&topics) {
        shard.publish(topic, 200);
        shard.work();
        assert!(shard.fanout.retained_bytes() <= 1 << 20);
    }
    let given_up = shard.given_up().len();
    assert!((100..TOPICS as usize).contains(&given_up), "{given_up}");
    (0..TOPICS).for_each(|outlet| shard.open(outlet));
    shard.work();
    assert_eq!(shard.sockets.bytes, (TOPICS as usize - given_up) * 400);
    shard.sweep_after(1_000);
    assert_eq!(shard.fanout.retained_bytes(), 0);
}

#[test]
fn backlog_of_a_reader_that_caught_up_or_went_is_dropped_when_idle() {
    let mut shard = Shard::new(ROOMY, 2);
    let ids = [shard.join(0, ROOM), shard.join(1, "room:other")];
    shard.sockets.shut.extend([0, 1]);
    for topic in [ROOM, "room:other"] {
        (0..100).for_each(|_| shard.publish(topic, 100));
    }
    shard.work();
    let third = shard.join(0, "room:other");
    assert!(shard.fanout.retained_bytes() > 20_000);
    shard.open(0);
    shard.work();
    shard.fanout.unsubscribe(1, ids[1]);
    shard.fanout.unsubscribe(0, third);
    shard.sweep_after(1_000);
    assert_eq!(shard.fanout.retained_bytes(), 0);
    assert_eq!(shard.sockets.bytes, 100 * 100);
}

#[test]
fn members_that_have_stopped_reading_are_no_lag_so_they_slow_no_publisher() {
    let mut shard = Shard::new(FanoutSettings::default(), 1_000);
    shard.join_all(0..1_000, ROOM);
    shard.sockets.shut.extend(0..999);
    for _ in 0..5_000 {
        shard.publish(ROOM, 100);
        shard.work();
        assert_eq!(shard.hub.lag_bytes(0), 0);
    }
    assert!(shard.fanout.retained_bytes() > 5_000 * 100);
    assert_eq!(shard.given_up(), []);
}

#[test]
fn log_that_members_that_catch_up_need_is_lag_over_its_bound() {
    let settings = FanoutSettings {
        retention_total_bytes_max: 1 << 20,
        ..FanoutSettings::default()
    };
    let mut shard = Shard::new(settings, 1);
    shard.join(0, ROOM);
    (0..100).for_each(|_| shard.publish(ROOM, 100 << 10));
    // The member is offered 256 KiB, and goes on in later turns.
    shard.turn();
    assert_eq!(shard.fanout.unsettled_bytes(), 0);
    let lag = shard.hub.lag_bytes(0);
    assert!((8 << 20..10 << 20).contains(&lag), "{lag} bytes");
    shard.work();
    assert_eq!(
        (shard.hub.lag_bytes(0), shard.sockets.bytes),
        (0, 100 * (100 << 10))
    );
}
