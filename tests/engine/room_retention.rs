//! Topics with a retention of their own, on the engine and through sockets.

use std::time::Instant;

use lobbyd::broker::FanoutSettings;
use lobbyd::broker::{Failure, Retention};
use lobbyd::rooms::{RoomRules, declare};
use lobbyd::server::{Running, Server};
use lobbyd::websocket::Overrun;
use lobbyd::{Reload, Router, UserSocket};
use testkit::eventually;
use testkit::shard::Shard;

use crate::fixture::{
    frames_of, join_lobby, limits, publish_to, read_a_part_and_1013, read_exactly, wake,
};

const ROOMY: Retention = Retention {
    bytes_max: usize::MAX,
    entries_max: usize::MAX,
    ms_max: u64::MAX,
};

/// Returns a shard whose connections read nothing. Two are in a topic with a retention of its own,
/// two in a topic with the default.
fn shard(retention: Retention) -> Shard {
    let mut shard = Shard::new(FanoutSettings::default(), 4);
    shard.sockets.shut.extend(0..4);
    for outlet in 0..4 {
        let (topic, own) = match outlet {
            0 | 1 => ("room:own", Some(retention)),
            _ => ("room:other", None),
        };
        shard.join_keeping(outlet, topic, own);
    }
    shard
}

#[test]
fn retention_of_a_topic_gives_up_its_own_readers_and_no_others() {
    let bounds = [
        (
            Retention {
                bytes_max: 5_000,
                ..ROOMY
            },
            Failure::LogTooLarge,
        ),
        (
            Retention {
                entries_max: 50,
                ..ROOMY
            },
            Failure::LogTooLong,
        ),
        (
            Retention {
                ms_max: 4_000,
                ..ROOMY
            },
            Failure::Outdated,
        ),
    ];
    for (retention, failure) in bounds {
        let mut shard = shard(retention);
        for _ in 0..100 {
            shard.publish("room:own", 100);
            shard.publish("room:other", 100);
        }
        shard.work();
        (0..6).for_each(|_| shard.sweep_after(1_000));
        assert_eq!(shard.given_up(), [(0, failure), (1, failure)]);
        (2..4).for_each(|outlet| shard.open(outlet));
        shard.work();
        assert_eq!(shard.sockets.bytes, 2 * 100 * 100);
    }
}

#[test]
fn topic_may_keep_more_than_others_and_the_next_join_says_how_much() {
    let mut shard = shard(ROOMY);
    for _ in 0..30 {
        shard.publish("room:own", 100_000);
        shard.work();
    }
    assert_eq!(shard.given_up(), [], "three times the default");
    shard.join_keeping(2, "room:own", None);
    shard.publish("room:own", 100);
    shard.work();
    let fell = Failure::LogTooLarge;
    assert_eq!(shard.given_up(), [(0, fell), (1, fell)]);
}

#[test]
fn settings_of_the_shard_hold_for_topics_that_have_none_of_their_own() {
    let mut shard = shard(ROOMY);
    for _ in 0..100 {
        shard.publish("room:own", 100);
        shard.publish("room:other", 100);
    }
    shard.work();
    assert_eq!(shard.given_up(), []);
    shard.fanout.set_settings(FanoutSettings {
        retention_entries_max: 10,
        ..FanoutSettings::default()
    });
    shard.sweep_after(1_000);
    let fell = Failure::LogTooLong;
    assert_eq!(shard.given_up(), [(2, fell), (3, fell)]);
}

fn router(retention: Option<Retention>) -> Router {
    let rules = RoomRules {
        retention,
        ..RoomRules::open("room:lobby")
    };
    Router::new().socket("/socket", declare(UserSocket::new(), [rules]))
}

fn serve(retention: Option<Retention>) -> Running {
    let server = Server::new(router(retention))
        .shards(1)
        .limits(limits(FanoutSettings::default()));
    let any_port = "127.0.0.1:0".parse().unwrap();
    server.bind(any_port).expect("a free port").start()
}

#[test]
fn declared_room_closes_a_stopped_reader_by_its_own_retention() {
    const MESSAGES: usize = 8_000;
    let little = Retention {
        bytes_max: 64 << 10,
        ..FanoutSettings::default().retention()
    };
    for retention in [Some(little), None] {
        let server = serve(retention);
        let mut members = join_lobby(server.local_addr(), 4);
        let mut stopped = members.split_off(2);
        let since = Instant::now();
        publish_to(&server, &mut members, 0..MESSAGES);
        if retention.is_none() {
            let published = frames_of(0..MESSAGES);
            wake(&mut stopped, since, |client| {
                read_exactly(std::slice::from_mut(client), &published);
            });
            continue;
        }
        eventually("those who stopped are given up", || {
            server.endpoint().closes().slow_by(Overrun::TopicLog) == 2
        });
        read_a_part_and_1013(&mut stopped, since, MESSAGES);
    }
}

#[test]
fn reload_to_a_shorter_retention_costs_only_readers_beyond_it() {
    let server = serve(None);
    let mut members = join_lobby(server.local_addr(), 4);
    let stopped = members.split_off(2);
    publish_to(&server, &mut members, 0..8_000);
    let fanout = FanoutSettings {
        retention_bytes_max: 64 << 10,
        ..FanoutSettings::default()
    };
    let reload = Reload::new(router(None)).limits(limits(fanout));
    server.endpoint().reload(reload);
    eventually("those who stopped are given up", || {
        server.endpoint().closes().slow_by(Overrun::TopicLog) == 2
    });
    publish_to(&server, &mut members, 8_000..8_010);
    drop(stopped);
}
