//! The page keeps to its format in every state, and its counters count what was done.

use lobbyd::server::{Limit, LimitSet};
use serde_json::json;
use testkit::{connect, eventually, tutorial};

use crate::metrics::page::scrape;

#[test]
fn page_keeps_to_the_format_and_counts_what_was_done() {
    let server = tutorial();
    let address = server.local_addr();
    let mut clients: Vec<_> = (0..6).map(|_| connect(&server)).collect();
    clients.iter_mut().for_each(|c| c.join("room:lobby"));
    let refused = json!(["1", "2", "room:private", "phx_join", {}]);
    clients[0].send(refused);
    assert_eq!(clients[0].json()[4]["status"], "error");
    for n in 0..20 {
        clients[0].send(json!(["11", n.to_string(), "room:lobby", "new_msg", {"body": "a"}]));
        for client in &mut clients {
            assert_eq!(client.json()[3], "new_msg");
        }
    }
    eventually("all deliveries are shown", || {
        scrape(address).value("lobbyd_deliveries_total", &[]) == 120.0
    });
    let page = scrape(address);
    let table = [
        ("lobbyd_broadcasts_total", 20.0),
        ("lobbyd_encodings_total", 20.0),
        ("lobbyd_messages_received_total", 6.0 + 1.0 + 20.0),
        ("lobbyd_own_frames_total", 6.0 + 1.0),
        ("lobbyd_channels", 6.0),
        ("lobbyd_topics", 1.0),
        ("lobbyd_admitting", 1.0),
        ("lobbyd_build_info", 1.0),
    ];
    for (name, value) in table {
        assert_eq!(page.sum(name), value, "{name}");
    }
    assert_eq!(page.value("lobbyd_joins_total", &[("result", "ok")]), 6.0);
    let refused = page.value("lobbyd_joins_total", &[("result", "refused")]);
    assert_eq!(refused, 1.0);
    eventually("nobody but the scrape is in HTTP", || {
        let page = scrape(address);
        let state = |state| page.value("lobbyd_connections", &[("state", state)]);
        (state("websocket"), state("http")) == (6.0, 1.0)
    });
    let frames = 120 + 7;
    assert!(page.sum("lobbyd_bytes_sent_total") > f64::from(frames * 30));
    assert!(page.sum("lobbyd_bytes_received_total") > f64::from(27 * 30));
    assert!((1.0..=f64::from(frames)).contains(&page.sum("lobbyd_writes_total")));
}

#[test]
fn time_to_the_last_subscriber_and_that_of_turns_are_measured() {
    let server = tutorial();
    let mut clients: Vec<_> = (0..4).map(|_| connect(&server)).collect();
    clients.iter_mut().for_each(|c| c.join("room:lobby"));
    let laps = || scrape(server.local_addr()).value("lobbyd_last_subscriber_seconds_count", &[]);
    assert_eq!(laps(), 0.0, "a join is no broadcast");
    for n in 1..=10 {
        let endpoint = server.endpoint();
        endpoint.broadcast("room:lobby", "new_msg", json!({"body": n}));
        clients.iter_mut().for_each(|c| drop(c.recv()));
        // Both shards have members, so each makes one lap per broadcast.
        eventually("both laps are over", || laps() == f64::from(2 * n));
    }
    let page = scrape(server.local_addr());
    let waited = page.value("lobbyd_last_subscriber_seconds_sum", &[]);
    assert!(waited > 0.0 && waited < 20.0 * 10.0, "{waited} s");
    for shard in ["0", "1"] {
        let of = |name: &str| page.value(name, &[("shard", shard)]);
        assert!(of("lobbyd_turn_seconds_count") > 10.0);
        assert!(of("lobbyd_turn_longest_seconds") > 0.0);
        assert!(of("lobbyd_turn_longest_seconds") <= of("lobbyd_turn_seconds_sum"));
    }
}

#[test]
fn limits_are_shown_with_how_near_they_were_and_how_often_reached() {
    let server = tutorial();
    let meters = server.endpoint().limit_meters();
    meters.note(LimitSet::default(), Limit::OutboxBytes, 3, 4);
    meters.exceeded(LimitSet::default(), Limit::OutboxBytes);
    let observe = LimitSet::default().with(Limit::OutboxBytes);
    for _ in 0..2 {
        meters.exceeded(observe, Limit::OutboxBytes);
    }
    let page = scrape(server.local_addr());
    let limit = ("limit", "outbox_bytes");
    let reached = |mode| page.value("lobbyd_limit_reached_total", &[limit, ("mode", mode)]);
    assert_eq!(page.value("lobbyd_limit_nearest_ratio", &[limit]), 0.75);
    assert_eq!((reached("enforce"), reached("observe")), (1.0, 2.0));
    for limit in Limit::ALL {
        page.value("lobbyd_limit_nearest_ratio", &[("limit", limit.name())]);
    }
}
