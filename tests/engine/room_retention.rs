//! Topics that keep what they say themselves, on the engine and through sockets.

use std::time::Instant;

use lobbyd::broker::{Failure, Retention};
use lobbyd::rooms::{RoomRules, declare};
use lobbyd::server::{HttpLimits, Running, Server};
use lobbyd::websocket::Overrun;
use lobbyd::{FanoutSettings, Reload, Router, UserSocket};

use crate::fixture::{
    frames_of, join_lobby, limits, publish_to, read_a_part_and_1013, read_exactly, wake,
};
use crate::stage::Stage;
use crate::support::eventually;

const ROOMY: Retention = Retention {
    bytes_max: usize::MAX,
    entries_max: usize::MAX,
    ms_max: u64::MAX,
};

/// Connections that read nothing, two in each of the topics: one that keeps what it says, one that keeps the default.
fn stage(retention: Retention) -> Stage {
    let mut stage = Stage::new(FanoutSettings::default(), 4);
    stage.sockets.shut.extend(0..4);
    for outlet in 0..4 {
        let (topic, own) = match outlet {
            0 | 1 => ("room:own", Some(retention)),
            _ => ("room:other", None),
        };
        stage.join_keeping(outlet, topic, own);
    }
    stage
}

#[test]
fn each_bound_of_a_topic_costs_its_own_readers_their_place_and_no_others() {
    let bounds = [
        (
            Retention {
                bytes_max: 5_000,
                ..ROOMY
            },
            Failure::FellBehind,
        ),
        (
            Retention {
                entries_max: 50,
                ..ROOMY
            },
            Failure::FellBehind,
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
        let mut stage = stage(retention);
        for _ in 0..100 {
            stage.publish("room:own", 100);
            stage.publish("room:other", 100);
        }
        stage.work();
        (0..6).for_each(|_| stage.sweep_after(1_000));
        assert_eq!(stage.given_up(), [(0, failure), (1, failure)]);
        (2..4).for_each(|outlet| stage.open(outlet));
        stage.work();
        assert_eq!(stage.sockets.bytes, 2 * 100 * 100);
    }
}

#[test]
fn a_topic_may_keep_more_than_others_and_the_next_join_says_how_much() {
    let mut stage = stage(ROOMY);
    for _ in 0..30 {
        stage.publish("room:own", 100_000);
        stage.work();
    }
    assert_eq!(stage.given_up(), [], "three times the default");
    stage.join_keeping(2, "room:own", None);
    stage.publish("room:own", 100);
    stage.work();
    let fell = Failure::FellBehind;
    assert_eq!(stage.given_up(), [(0, fell), (1, fell)]);
}

#[test]
fn other_settings_of_the_shard_hold_for_what_has_none_of_its_own() {
    let mut stage = stage(ROOMY);
    for _ in 0..100 {
        stage.publish("room:own", 100);
        stage.publish("room:other", 100);
    }
    stage.work();
    assert_eq!(stage.given_up(), []);
    stage.fanout.set_settings(FanoutSettings {
        retention_entries_max: 10,
        ..FanoutSettings::default()
    });
    stage.sweep_after(1_000);
    let fell = Failure::FellBehind;
    assert_eq!(stage.given_up(), [(2, fell), (3, fell)]);
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
fn a_declared_room_that_keeps_little_closes_who_stops_reading_and_one_that_keeps_more_does_not() {
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
fn a_reload_to_a_shorter_retention_costs_those_their_place_who_are_beyond_it_and_nobody_else() {
    let server = serve(None);
    let mut members = join_lobby(server.local_addr(), 4);
    let stopped = members.split_off(2);
    publish_to(&server, &mut members, 0..8_000);
    let fanout = FanoutSettings {
        retention_bytes_max: 64 << 10,
        ..FanoutSettings::default()
    };
    server.endpoint().reload(Reload {
        router: router(None),
        http_limits: HttpLimits::default(),
        limits: limits(fanout),
    });
    eventually("those who stopped are given up", || {
        server.endpoint().closes().slow_by(Overrun::TopicLog) == 2
    });
    publish_to(&server, &mut members, 8_000..8_010);
    drop(stopped);
}
