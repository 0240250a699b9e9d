//! What a scrape of the metrics costs: the page, and the count of the rooms by size.

use std::hint::black_box;
use std::sync::Arc;

use gungraun::prelude::*;
use lobbyd::broker::{Class, Fanout, FanoutSettings, Hub};
use lobbyd::{Bound, Router, Server};
use lobbyd_instructions::{MEMBERS, PAGES};

/// Rooms that the page names, by default.
const ROOMS_TOP: usize = 10;

// Measures the page of a server without connections. It is bound and has not started, so no other
// thread runs.
#[library_benchmark(setup = server)]
fn metrics_page(server: Bound) -> Bound {
    let endpoint = server.endpoint();
    for _ in 0..PAGES {
        let page = black_box(&endpoint).metrics(ROOMS_TOP);
        assert!(black_box(page).contains("lobbyd_build_info"));
    }
    server
}

fn server() -> Bound {
    let any_port = ([127, 0, 0, 1], 0).into();
    let server = Server::new(Router::new()).shards(1).bind(any_port);
    let server = server.expect("a free port");
    server.endpoint().metrics(ROOMS_TOP);
    server
}

#[library_benchmark(setup = rooms_of_one)]
fn room_sizes((hub, fanout): (Arc<Hub>, Fanout)) -> Fanout {
    let sizes = black_box(&hub).room_sizes(ROOMS_TOP);
    assert_eq!(sizes.by_size[0], u64::from(MEMBERS));
    assert_eq!(sizes.largest.len(), ROOMS_TOP);
    fanout
}

/// Returns a shard with as many topics as other counts have members, of one member each.
fn rooms_of_one() -> (Arc<Hub>, Fanout) {
    let hub = Arc::new(Hub::new(1));
    let mut fanout = Fanout::new(0, Arc::clone(&hub), FanoutSettings::default());
    for topic in 0..MEMBERS {
        fanout.open(topic, Class::V2);
        let id = fanout.new_id();
        fanout.subscribe(topic, id, &format!("room:{topic}"), &[]);
    }
    (hub, fanout)
}

library_benchmark_group!(
    name = showing_metrics,
    benchmarks = [metrics_page, room_sizes]
);
