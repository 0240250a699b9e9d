//! The gauges return to their old values, and the counters only grow.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use serde_json::json;
use testkit::{Client, Process, connect_to, eventually};

use crate::metrics::page::{Kind, Labels, Page, scrape};

/// Gauges that do not show the present state: memory depends on the allocator, and peaks last for a
/// while.
const NOT_OF_NOW: [&str; 5] = [
    "process_resident_memory_bytes",
    "process_virtual_memory_bytes",
    "lobbyd_turn_age_seconds",
    "lobbyd_turn_longest_seconds",
    "lobbyd_limit_nearest_ratio",
];

fn lobbyd() -> Process {
    let mut command = testkit::lobbyd!();
    command.args(["--listen", "127.0.0.1:0", "--shards", "2"]);
    Process::start(command)
}

type Values = BTreeMap<(String, Labels), f64>;

fn values(page: &Page, kind: Kind) -> Values {
    let of_kind = page
        .0
        .iter()
        .filter(|(name, metric)| metric.kind == kind && !NOT_OF_NOW.contains(&name.as_str()));
    let samples = of_kind.flat_map(|(_, metric)| metric.samples.clone());
    samples.collect()
}

fn differences(now: &Values, then: &Values) -> Vec<String> {
    let keys = now.keys().chain(then.keys());
    let differ = keys.filter(|key| now.get(key) != then.get(key));
    differ
        .map(|key| format!("{key:?}: {:?} was {:?}", now.get(key), then.get(key)))
        .collect()
}

/// Connects clients. Every other one joins the lobby, and one of these speaks.
fn live(address: SocketAddr, clients: usize) -> Vec<Client> {
    let mut living: Vec<_> = (0..clients)
        .map(|_| connect_to(address, "/socket/websocket?vsn=2.0.0"))
        .collect();
    for client in living.iter_mut().step_by(2) {
        client.join("room:lobby");
    }
    living[0].send(json!(["11", "2", "room:lobby", "new_msg", {"body": "hello"}]));
    for client in living.iter_mut().step_by(2) {
        assert_eq!(client.json()[3], "new_msg");
    }
    living
}

/// Ends all clients: some leave first, some close, and the others only drop the connection.
fn end(mut living: Vec<Client>) {
    for client in living.iter_mut().step_by(4) {
        client.send(json!(["11", "3", "room:lobby", "phx_leave", {}]));
    }
    for (at, mut client) in living.into_iter().enumerate() {
        if at % 3 == 0 {
            client.send_raw(&testkit::frame(8, &1000_u16.to_be_bytes()));
        }
    }
}

#[test]
fn gauges_return_to_where_they_were_and_counters_only_grow() {
    let server = lobbyd();
    let address = server.address();
    const CLIENTS: usize = 300;
    // The scrape itself is the one connection, once that of `lobbyd()` is gone.
    let mut start = Values::new();
    eventually("nobody but the scrape is there", || {
        let page = scrape(address);
        start = values(&page, Kind::Gauge);
        page.sum("lobbyd_connections") == 1.0
    });
    let mut counted = values(&scrape(address), Kind::Counter);
    for round in 1..=3 {
        let living = live(address, CLIENTS);
        eventually("all that live are shown", || {
            let page = scrape(address);
            let websockets = page.value("lobbyd_connections", &[("state", "websocket")]);
            let open = page.value("process_open_fds", &[]);
            websockets == CLIENTS as f64
                && page.value("lobbyd_channels", &[]) == (CLIENTS / 2) as f64
                && page.value("lobbyd_room_members", &[("topic", "room:lobby")]) == 150.0
                && page.value("lobbyd_rooms", &[("members", "101-1000")]) == 1.0
                && open >= CLIENTS as f64
        });
        end(living);
        eventually("every gauge is back", || {
            let left = differences(&values(&scrape(address), Kind::Gauge), &start);
            // The test harness shows these lines if the test fails.
            left.iter()
                .for_each(|line| eprintln!("round {round}: {line}"));
            left.is_empty()
        });
        let now = values(&scrape(address), Kind::Counter);
        for (key, before) in &counted {
            // A room's counter disappears with its room.
            if key.0 != "lobbyd_room_messages_total" {
                assert!(now[key] >= *before, "{key:?} fell");
            }
        }
        counted = now;
    }
    let closed = scrape(address).sum("lobbyd_closes_total");
    assert_eq!(closed, (3 * CLIENTS) as f64);
}
