//! The engine alone: which bound costs whom its place, and whom it never does.

use lobbyd::broker::{Failure, FanoutSettings};

use crate::stage::Stage;

const ROOM: &str = "room:lobby";

/// Bounds that nobody reaches.
const ROOMY: FanoutSettings = FanoutSettings {
    retention_bytes_max: usize::MAX,
    retention_entries_max: usize::MAX,
    retention_ms_max: u64::MAX,
    retention_total_bytes_max: usize::MAX,
    outbox_bytes_max: usize::MAX,
};

/// What an entry may weigh beside its frame.
const KEEPING_BYTES_MAX: usize = 300;

#[test]
fn an_idle_topic_keeps_a_stopped_readers_backlog_for_its_age_and_an_eighth_and_no_longer() {
    let settings = FanoutSettings {
        retention_ms_max: 8_000,
        ..ROOMY
    };
    let mut stage = Stage::new(settings, 2);
    stage.join_all(0..2, ROOM);
    stage.sockets.shut.insert(1);
    stage.publish(ROOM, 100);
    stage.work();
    for _ in 0..8 {
        stage.sweep_after(1_000);
        assert_eq!(stage.given_up(), [], "it is not that old yet");
    }
    assert!(stage.fanout.retained_bytes() > 100);
    stage.sweep_after(1_000);
    assert_eq!(stage.given_up(), [(1, Failure::Outdated)]);
    assert_eq!(stage.fanout.retained_bytes(), 0);
}

#[test]
fn who_wakes_up_before_its_next_message_is_too_old_gets_everything() {
    let settings = FanoutSettings {
        retention_ms_max: 8_000,
        ..ROOMY
    };
    let mut stage = Stage::new(settings, 1);
    stage.join(0, ROOM);
    stage.sockets.shut.insert(0);
    for _ in 0..8 {
        stage.publish(ROOM, 100);
        stage.work();
        stage.sweep_after(1_000);
    }
    stage.open(0);
    stage.work();
    stage.sweep_after(80_000);
    assert_eq!((stage.sockets.bytes, stage.given_up()), (800, vec![]));
}

#[test]
fn a_topic_that_goes_on_loses_only_what_is_too_old_and_those_who_need_it() {
    let settings = FanoutSettings {
        retention_ms_max: 4_000,
        ..ROOMY
    };
    let mut stage = Stage::new(settings, 12);
    stage.join_all(0..12, ROOM);
    // One stops reading each second.
    for second in 0..12 {
        stage.sockets.shut.insert(second);
        stage.publish(ROOM, 100);
        stage.work();
        stage.sweep_after(1_000);
    }
    let given_up: Vec<u32> = stage
        .given_up()
        .into_iter()
        .map(|(outlet, _)| outlet)
        .collect();
    assert_eq!(given_up, (0..given_up.len() as u32).collect::<Vec<_>>());
    assert!((6..=8).contains(&given_up.len()), "{given_up:?}");
    assert!(stage.fanout.retained_bytes() < 7 * (100 + KEEPING_BYTES_MAX));
}

#[test]
fn no_bound_however_small_costs_a_member_its_place_that_takes_bytes() {
    let settings = FanoutSettings {
        retention_bytes_max: 1,
        retention_entries_max: 1,
        retention_ms_max: 0,
        retention_total_bytes_max: 1,
        outbox_bytes_max: 1,
    };
    let mut stage = Stage::new(settings, 20);
    stage.join_all(0..20, ROOM);
    stage.join(0, "room:more");
    for _ in 0..20 {
        // More than one connection gets in a turn, so that some are behind and catching up.
        (0..3).for_each(|_| stage.publish(ROOM, 150 << 10));
        stage.publish("room:more", 150 << 10);
        stage.turn();
        stage.sweep_after(1_000);
    }
    stage.work();
    assert_eq!(stage.given_up(), []);
    assert_eq!(stage.sockets.bytes, (20 * 3 + 1) * 20 * (150 << 10));
}

#[test]
fn logs_over_their_common_bound_cost_the_heaviest_topics_readers_their_place_and_no_others() {
    let settings = FanoutSettings {
        retention_total_bytes_max: 1 << 20,
        ..ROOMY
    };
    let mut stage = Stage::new(settings, 40);
    for outlet in 0..20 {
        stage.join(outlet, ROOM);
        stage.join(20 + outlet, &format!("room:{outlet}"));
    }
    // Half of the lobby reads, the others do not; nor does anybody in the small rooms.
    stage.sockets.shut.extend(10..40);
    for outlet in 0..20 {
        stage.publish(&format!("room:{outlet}"), 1_000);
    }
    for _ in 0..10_000 {
        stage.publish(ROOM, 1_000);
        stage.work();
        assert!(stage.fanout.retained_bytes() <= 1 << 20);
    }
    let lobby: Vec<_> = (10..20)
        .map(|outlet| (outlet, Failure::CrowdedOut))
        .collect();
    assert_eq!(stage.given_up(), lobby);
    (20..40).for_each(|outlet| stage.open(outlet));
    stage.work();
    assert_eq!(stage.sockets.bytes, (10 * 10_000 + 20) * 1_000);
}

#[test]
fn stopped_readers_of_thousands_of_small_topics_are_bounded_together_and_read_on_if_they_wake() {
    const TOPICS: u32 = 3_000;
    let settings = FanoutSettings {
        retention_total_bytes_max: 1 << 20,
        ..ROOMY
    };
    let mut stage = Stage::new(settings, TOPICS);
    let topics: Vec<String> = (0..TOPICS).map(|n| format!("room:{n}")).collect();
    for (outlet, topic) in (0..).zip(&topics) {
        stage.join(outlet, topic);
        stage.sockets.shut.insert(outlet);
    }
    for topic in topics.iter().chain(&topics) {
        stage.publish(topic, 200);
        stage.work();
        assert!(stage.fanout.retained_bytes() <= 1 << 20);
    }
    let given_up = stage.given_up().len();
    assert!((100..TOPICS as usize).contains(&given_up), "{given_up}");
    (0..TOPICS).for_each(|outlet| stage.open(outlet));
    stage.work();
    assert_eq!(stage.sockets.bytes, (TOPICS as usize - given_up) * 400);
    stage.sweep_after(1_000);
    assert_eq!(stage.fanout.retained_bytes(), 0);
}

#[test]
fn what_a_reader_leaves_that_caught_up_or_went_is_dropped_though_its_topic_is_idle() {
    let mut stage = Stage::new(ROOMY, 2);
    let ids = [stage.join(0, ROOM), stage.join(1, "room:other")];
    stage.sockets.shut.extend([0, 1]);
    for topic in [ROOM, "room:other"] {
        (0..100).for_each(|_| stage.publish(topic, 100));
    }
    stage.work();
    let third = stage.join(0, "room:other");
    assert!(stage.fanout.retained_bytes() > 20_000);
    stage.open(0);
    stage.work();
    stage.fanout.unsubscribe(1, ids[1]);
    stage.fanout.unsubscribe(0, third);
    stage.sweep_after(1_000);
    assert_eq!(stage.fanout.retained_bytes(), 0);
    assert_eq!(stage.sockets.bytes, 100 * 100);
}

#[test]
fn members_that_have_stopped_reading_are_no_lag_so_they_slow_no_publisher() {
    let mut stage = Stage::new(FanoutSettings::default(), 1_000);
    stage.join_all(0..1_000, ROOM);
    stage.sockets.shut.extend(0..999);
    for _ in 0..5_000 {
        stage.publish(ROOM, 100);
        stage.work();
        assert_eq!(stage.hub.lag_bytes(0), 0);
    }
    assert!(stage.fanout.retained_bytes() > 5_000 * 100);
    assert_eq!(stage.given_up(), []);
}
