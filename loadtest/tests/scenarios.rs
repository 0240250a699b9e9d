//! Join storms, idle connections, churn, slow clients and ramps against a real lobbyd.

mod support;

use support::rooms::serve;
use support::{run, run_at};

#[test]
fn join_storm_is_timed_from_the_planned_starts() {
    let (_server, url) = serve();
    let ended = run(&[
        "joins",
        "--url",
        &url,
        "--clients",
        "200",
        "--connect-rate",
        "400",
        "--json",
        "{json}",
    ])
    .ends_with(0);
    let connections = ended.measurement().connections;
    assert_eq!(
        (
            connections.wanted,
            connections.connected,
            connections.joined
        ),
        (200, 200, 200)
    );
    // The first client joins alone; 199 more at 400 a second take half a second.
    assert!(
        connections.joins_per_second < 450.0,
        "{}",
        connections.joins_per_second
    );
    let [connected, upgraded, joined] = [
        connections.time_to_connected,
        connections.time_to_upgraded,
        connections.time_to_joined,
    ]
    .map(Option::unwrap);
    assert_eq!([connected.count, upgraded.count, joined.count], [200; 3]);
    assert!(connected.p50_us <= upgraded.p50_us && upgraded.p50_us <= joined.p50_us);
}

#[test]
fn joins_at_once_report_the_time_of_the_last_join() {
    let (_server, url) = serve();
    let measured = run_at(&url, "joins --clients 50")
        .ends_with(0)
        .measurement();
    let [figure] = &measured.figures[..] else {
        panic!("not one figure: {:?}", measured.figures);
    };
    assert_eq!(figure.name, "the last one had joined after");
    let last_us = measured.connections.time_to_joined.unwrap().max_us;
    assert_eq!(figure.value, last_us as f64);
}

#[test]
fn idle_connections_beat_and_their_memory_is_read_before_and_after_pushes() {
    let (_server, url) = serve();
    let own = std::process::id().to_string();
    let ended = run(&[
        "idle",
        "--url",
        &url,
        "--clients",
        "50",
        "--duration",
        "500ms",
        "--heartbeat",
        "100ms",
        "--pushes-each",
        "7",
        "--pid",
        &own,
        "--json",
        "{json}",
    ])
    .ends_with(0)
    .says("RSS per connection after 7 pushes and replies each");
    let measured = ended.measurement();
    assert_eq!(measured.replies.ok, 350);
    assert!(measured.heartbeat_latency.unwrap().count > 100);
    assert_eq!(measured.figures.len(), 2);
}

#[test]
fn members_that_stay_do_not_notice_clients_that_come_and_go() {
    let (_server, url) = serve();
    let ended = run(&[
        "churn",
        "--url",
        &url,
        "--clients",
        "20",
        "--topics",
        "2",
        "--topic",
        "room:{lobby}",
        "--rate",
        "100",
        "--churners",
        "60",
        "--churn-rate",
        "150",
        "--stay",
        "50ms",
        "--warmup",
        "200ms",
        "--duration",
        "1500ms",
        "--seed",
        "7",
        "--json",
        "{json}",
    ])
    .ends_with(0);
    let measured = ended.measurement();
    let figure = |name: &str| {
        let found = measured.figures.iter().find(|figure| figure.name == name);
        found
            .unwrap_or_else(|| panic!("{name} in {:?}", measured.figures))
            .value
    };
    assert!(figure("clients that came") > 100.0);
    assert_eq!(
        figure("talked once they had joined"),
        figure("heard themselves")
    );
    for way in [
        "left the channel and closed",
        "closed without leaving",
        "dropped without a Close frame",
        "reset the connection",
    ] {
        assert!(figure(way) > 5.0, "{way}");
    }
    assert!(measured.deliveries.whole());
    assert!(measured.connections.lost.is_empty());
}

#[test]
fn slow_clients_within_the_retention_get_everything_they_had_missed() {
    let (_server, url) = serve();
    let ended = run(&[
        "slow",
        "--url",
        &url,
        "--clients",
        "20",
        "--slow",
        "5",
        "--rate",
        "400",
        "--bytes",
        "512",
        "--warmup",
        "100ms",
        "--duration",
        "1500ms",
        "--stop-for",
        "1s",
        "--json",
        "{json}",
    ])
    .ends_with(0);
    let measured = ended.measurement();
    assert_eq!(
        measured.figures[0].name,
        "slow clients that got everything they had missed"
    );
    assert_eq!(measured.figures[0].value, 5.0);
    assert!(measured.deliveries.whole());
}

#[test]
fn slow_clients_beyond_the_retention_are_closed_and_counted_by_code() {
    let (_server, url) = serve();
    let ended = run(&[
        "slow",
        "--url",
        &url,
        "--clients",
        "12",
        "--slow",
        "4",
        "--rate",
        "200",
        "--bytes",
        "16384",
        "--warmup",
        "100ms",
        "--duration",
        "2s",
        "--json",
        "{json}",
    ])
    .ends_with(0);
    let measured = ended.measurement();
    let told: f64 = measured
        .figures
        .iter()
        .filter(|figure| {
            figure.name.contains("ended with 1013") || figure.name.contains("ended with 1006")
        })
        .map(|figure| figure.value)
        .sum();
    assert_eq!(told, 4.0, "{:?}", measured.figures);
    assert!(measured.connections.lost.is_empty());
}

#[test]
fn ramp_names_the_last_step_that_held_or_that_all_did() {
    let (_server, url) = serve();
    let common = [
        "ramp",
        "--url",
        &url,
        "--clients",
        "10",
        "--warmup",
        "50ms",
        "--duration",
        "200ms",
        "--json",
        "{json}",
        "--from",
        "50",
    ];
    let all = run(&[
        &common[..],
        &["--to", "200", "--times", "2", "--slo", "p99=30s"],
    ]
    .concat())
    .ends_with(0);
    let ramp = all.result().ramp.unwrap();
    assert_eq!((ramp.last_held, ramp.broke_at), (Some(200.0), None));
    assert_eq!(all.result().measurements.len(), 3);

    let none = run(&[&common[..], &["--slo", "p99=1us"]].concat())
        .ends_with(1)
        .says("No step held");
    let ramp = none.result().ramp.unwrap();
    assert_eq!((ramp.last_held, ramp.broke_at), (None, Some(50.0)));

    let clients = run(&[
        &common[..],
        &[
            "--raise", "clients", "--rate", "50", "--to", "150", "--add", "50", "--slo", "loss=0",
        ],
    ]
    .concat());
    let result = clients.ends_with(0).result();
    let joined: Vec<u64> = result
        .measurements
        .iter()
        .map(|step| step.connections.joined)
        .collect();
    assert_eq!(joined, [50, 100, 150]);
}

#[test]
fn ramp_breaks_at_a_rate_that_cannot_be_reached() {
    let (_server, url) = serve();
    let line = "ramp --clients 2 --from 3000000 --to 3000000 --warmup 0s --duration 300ms --settle 1s --slo p99=60s";
    let ramp = run_at(&url, line).ends_with(1).result().ramp.unwrap();
    assert_eq!((ramp.last_held, ramp.broke_at), (None, Some(3_000_000.0)));
    let unsent = |reason: &String| reason.contains("due but not sent");
    assert!(ramp.because.iter().any(unsent), "{:?}", ramp.because);
}
