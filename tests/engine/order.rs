//! One order per topic: all subscribers of a node see it, from their join on, once and whole.
//!
//! A frame of a subscriber's own stands exactly where its fence says.
//!
//! Two shards are stepped in random order. The steps are publishes, joins with and without
//! intercepts, listeners, leaves and replies. Sockets block in the middle of a frame and resume,
//! and flush passes are cut off after a few writes. Time passes, and logs become full or too old,
//! alone or together. Connections end with a Close frame, early or late, and their numbers are used
//! again. A model computes the frames that each connection must have received.

use lobbyd::broker::FanoutSettings;
use proptest::prelude::*;
use proptest::strategy::Union;
use testkit::broker_model::{At, Publish, Step, TOPICS, World};

/// The size of the model's world.
#[derive(Clone, Copy)]
struct Scale {
    connections: usize,
    /// Most bytes of a broadcast.
    size_max: usize,
    /// Most broadcasts of one step.
    times_max: usize,
    /// Most writes of one flush.
    writes_max: usize,
}

const SMALL: Scale = Scale {
    connections: 7,
    size_max: 300,
    times_max: 2,
    writes_max: 5,
};

/// Bursts of more frames than one vectored write holds.
const BURSTS: Scale = Scale {
    connections: 7,
    size_max: 30,
    times_max: 200,
    writes_max: 40,
};

/// Spans larger than one gathered write, and than one connection's share of a turn.
const LARGE: Scale = Scale {
    connections: 4,
    size_max: 200 << 10,
    times_max: 4,
    writes_max: 9,
};

/// Passes of many slices.
const CROWD: Scale = Scale {
    connections: 230,
    size_max: 40,
    times_max: 3,
    writes_max: 64,
};

fn steps(scale: Scale, length: usize) -> impl Strategy<Value = Vec<Step>> {
    proptest::collection::vec(step(scale), 1..length)
}

fn step(scale: Scale) -> Union<BoxedStrategy<Step>> {
    let at = move || (0..2usize, 0..scale.connections);
    let topic = || 0..TOPICS.len();
    let flush = (0..2usize, 1..=scale.writes_max, 1..scale.size_max * 20);
    Union::new_weighted(vec![
        (6, publish(scale).prop_map(Step::Publish).boxed()),
        (5, join(at(), topic()).boxed()),
        (1, listen(at(), topic()).boxed()),
        (2, leave(at(), topic()).boxed()),
        (3, own(at(), proptest::option::of(topic())).boxed()),
        (8, flush.prop_map(flush_of).boxed()),
        (2, sweep().boxed()),
        (2, block(at(), scale.size_max * 2).boxed()),
        (3, resume(at(), scale.size_max * 3).boxed()),
        (1, end(at()).boxed()),
        (1, at().prop_map(|at| Step::Reopen { at }).boxed()),
    ])
}

fn publish(scale: Scale) -> impl Strategy<Value = Publish> {
    let place = (0..2usize, 0..TOPICS.len());
    let amount = (1..scale.size_max, 1..=scale.times_max);
    let kind = (any::<bool>(), any::<bool>());
    let from = proptest::option::of(0..scale.connections);
    (place, amount, kind, from).prop_map(|(place, amount, kind, from)| Publish {
        shard: place.0,
        topic: place.1,
        size: amount.0,
        times: amount.1,
        text: kind.0,
        hidden: kind.1,
        from,
    })
}

fn join(
    at: impl Strategy<Value = At>,
    topic: impl Strategy<Value = usize>,
) -> impl Strategy<Value = Step> {
    let intercept = proptest::bool::weighted(0.3);
    (at, topic, intercept).prop_map(|(at, topic, intercept)| Step::Join {
        at,
        topic,
        intercept,
    })
}

fn listen(
    at: impl Strategy<Value = At>,
    topic: impl Strategy<Value = usize>,
) -> impl Strategy<Value = Step> {
    let own_id = any::<bool>();
    (at, topic, own_id).prop_map(|(at, topic, own_id)| Step::Listen { at, topic, own_id })
}

fn leave(
    at: impl Strategy<Value = At>,
    topic: impl Strategy<Value = usize>,
) -> impl Strategy<Value = Step> {
    (at, topic).prop_map(|(at, topic)| Step::Leave { at, topic })
}

fn own(
    at: impl Strategy<Value = At>,
    topic: impl Strategy<Value = Option<usize>>,
) -> impl Strategy<Value = Step> {
    (at, topic, 1..60usize).prop_map(|(at, topic, size)| Step::Own { at, topic, size })
}

fn flush_of((shard, writes, bytes): (usize, usize, usize)) -> Step {
    Step::Flush {
        shard,
        writes,
        bytes,
    }
}

fn sweep() -> impl Strategy<Value = Step> {
    (0..2usize, 0..100u32).prop_map(|(shard, ms)| Step::Sweep { shard, ms })
}

fn block(at: impl Strategy<Value = At>, room_max: usize) -> impl Strategy<Value = Step> {
    (at, 0..room_max).prop_map(|(at, room)| Step::Block { at, room })
}

fn resume(at: impl Strategy<Value = At>, room_max: usize) -> impl Strategy<Value = Step> {
    (at, 1..room_max).prop_map(|(at, room)| Step::Resume { at, room })
}

fn end(at: impl Strategy<Value = At>) -> impl Strategy<Value = Step> {
    (at, any::<bool>()).prop_map(|(at, silently)| Step::End { at, silently })
}

/// Bounds that no connection reaches.
const ROOMY: FanoutSettings = FanoutSettings {
    retention_bytes_max: 1 << 30,
    retention_entries_max: 1 << 30,
    retention_ms_max: 1 << 30,
    retention_total_bytes_max: 1 << 30,
    outbox_bytes_max: 1 << 30,
};

fn run(scale: Scale, settings: FanoutSettings, steps: Vec<Step>) -> World {
    let mut world = World::new(settings, scale.connections);
    steps.into_iter().for_each(|step| world.take(step));
    world.finish_and_check();
    world
}

/// Runs steps in a world in which every connection is in the lobby from the start.
fn run_full(scale: Scale, settings: FanoutSettings, steps: Vec<Step>) -> World {
    let everyone = (0..scale.connections).flat_map(|c| [(0, c), (1, c)]);
    let joins = everyone.map(|at| Step::Join {
        at,
        topic: 0,
        intercept: at.1 % 11 == 0,
    });
    run(scale, settings, joins.chain(steps).collect())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, .. ProptestConfig::default() })]

    #[test]
    fn order_is_one_whole_and_once_while_members_come_go_block_and_resume(
        steps in steps(SMALL, 250)
    ) {
        prop_assert!(!run(SMALL, ROOMY, steps).gave_up());
    }

    #[test]
    fn member_that_falls_off_a_short_log_is_given_up_and_never_skipped(steps in steps(SMALL, 250)) {
        let settings = FanoutSettings {
            retention_bytes_max: 600,
            retention_entries_max: 8,
            outbox_bytes_max: 400,
            ..ROOMY
        };
        run(SMALL, settings, steps);
    }

    #[test]
    fn member_whose_next_message_is_too_old_is_given_up_and_never_skipped(steps in steps(SMALL, 250)) {
        let settings = FanoutSettings { retention_ms_max: 150, ..ROOMY };
        run(SMALL, settings, steps);
    }

    #[test]
    fn members_without_room_in_all_logs_are_given_up_and_never_skipped(steps in steps(SMALL, 250)) {
        let settings = FanoutSettings { retention_total_bytes_max: 3_000, ..ROOMY };
        run(SMALL, settings, steps);
    }

    #[test]
    fn member_is_not_skipped_whichever_bound_is_reached_first(steps in steps(SMALL, 250)) {
        let settings = FanoutSettings {
            retention_bytes_max: 900,
            retention_entries_max: 12,
            retention_ms_max: 300,
            retention_total_bytes_max: 6_000,
            outbox_bytes_max: 600,
        };
        run(SMALL, settings, steps);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 25, .. ProptestConfig::default() })]

    #[test]
    fn bursts_of_more_frames_than_one_write_takes_keep_the_order(steps in steps(BURSTS, 120)) {
        // A blocked member that leaves is given up if over 1,024 frames would wait for it, answers
        // included.
        let times = |step: &Step| match step {
            Step::Publish(publish) => publish.times,
            _ => 1,
        };
        let frames: usize = steps.iter().map(times).sum();
        prop_assert!(!run_full(BURSTS, ROOMY, steps).gave_up() || frames > 1_000);
    }

    #[test]
    fn spans_of_more_bytes_than_one_write_takes_keep_the_order(steps in steps(LARGE, 60)) {
        prop_assert!(!run_full(LARGE, ROOMY, steps).gave_up());
    }

    #[test]
    fn passes_over_a_crowd_in_many_slices_leave_nobody_out(steps in steps(CROWD, 150)) {
        prop_assert!(!run_full(CROWD, ROOMY, steps).gave_up());
    }
}

#[test]
fn broadcast_is_encoded_once_per_class_however_many_subscribe() {
    let mut world = World::new(FanoutSettings::default(), SMALL.connections);
    (0..SMALL.connections).for_each(|c| (0..2).for_each(|s| world.join((s, c), 0, false)));
    world.take(Step::Publish(Publish {
        shard: 0,
        topic: 0,
        size: 20,
        times: 10,
        text: true,
        hidden: false,
        from: None,
    }));
    world.finish_and_check();
    let counts = world.hub.counts();
    assert_eq!((counts.broadcasts, counts.encodings), (10, 20));
}

#[test]
fn topics_are_forgotten_with_their_last_member() {
    let mut world = World::new(FanoutSettings::default(), SMALL.connections);
    (0..3).for_each(|topic| {
        world.join((0, 1), topic, false);
        world.join((1, 2), topic, true);
    });
    assert_eq!(world.hub.topics_len(), 3);
    (0..3).for_each(|topic| {
        world.leave((0, 1), topic);
        world.leave((1, 2), topic);
    });
    assert_eq!(world.hub.topics_len(), 0);
    world.finish_and_check();
}
