//! The real binary against a real lobbyd: every scenario holds, and what goes wrong on the way is told with what was
//! measured until then.

mod support;

use std::time::Duration;

use lobbyd_loadtest::result::{Ended, Side};
use support::rooms::serve;
use support::{run, run_at, start};

#[test]
fn an_open_loop_over_many_lobbies_is_checked_whole_and_its_result_is_as_the_schema_says() {
    let (_server, url) = serve();
    let own = std::process::id().to_string();
    let ended = run(&[
        "fanout",
        "--url",
        &url,
        "--clients",
        "60",
        "--topics",
        "6",
        "--topic",
        "room:{lobby}",
        "--publishers",
        "2",
        "--rate",
        "400",
        "--warmup",
        "200ms",
        "--duration",
        "1s",
        "--pid",
        &own,
        "--json",
        "{json}",
        "--report",
        "{html}",
        "--slo",
        "loss=0",
        "--slo",
        "max=30s",
    ])
    .ends_with(0);
    let measured = ended.measurement();
    // Each message goes to the ten of its lobby, the publisher among them.
    assert_eq!(
        measured.deliveries.expected,
        10 * measured.deliveries.published
    );
    assert!(measured.deliveries.whole());
    assert!(
        (395..=405).contains(&measured.throughput.published),
        "{:?}",
        measured.throughput
    );
    assert_eq!(
        measured.delivery_latency.unwrap().count,
        10 * measured.throughput.published
    );
    assert_eq!(
        measured.last_subscriber.unwrap().count,
        measured.throughput.published
    );
    assert_eq!(measured.connections.joined, 60);
    assert!(measured.server.unwrap().rss_joined_bytes > 0);
    let intervals: u64 = measured
        .intervals
        .iter()
        .map(|interval| interval.deliveries)
        .sum();
    assert_eq!(intervals, measured.throughput.deliveries);

    ended.keeps_to_the_schema();
    let page = ended.page();
    assert!(page.contains("<svg") && page.contains("HELD"), "{page}");
}

#[test]
fn a_closed_loop_keeps_its_window_in_both_versions_of_the_protocol() {
    let (_server, url) = serve();
    for vsn in ["1.0.0", "2.0.0"] {
        let ended = run(&[
            "fanout",
            "--url",
            &url,
            "--vsn",
            vsn,
            "--clients",
            "20",
            "--window",
            "4",
            "--warmup",
            "100ms",
            "--duration",
            "500ms",
            "--event",
            "both",
            "--json",
            "{json}",
        ])
        .ends_with(0);
        let measured = ended.measurement();
        assert!(measured.deliveries.whole() && measured.deliveries.published > 50);
        assert_eq!(
            measured.deliveries.expected,
            20 * measured.deliveries.published
        );
        assert_eq!(
            measured.replies.ok, measured.deliveries.published,
            "every push was answered, too"
        );
        assert!(measured.reply_latency.is_some());
    }
}

#[test]
fn a_publisher_that_gets_no_echo_is_not_waited_for() {
    let (_server, url) = serve();
    let ended = run(&[
        "fanout",
        "--url",
        &url,
        "--clients",
        "10",
        "--no-echo",
        "--event",
        "to_others",
        "--window",
        "2",
        "--warmup",
        "0s",
        "--duration",
        "300ms",
        "--json",
        "{json}",
    ])
    .ends_with(0);
    let deliveries = ended.measurement().deliveries;
    assert_eq!(deliveries.expected, 9 * deliveries.published);
}

#[test]
fn an_echo_that_does_not_come_is_missing() {
    let (_server, url) = serve();
    let ended = run(&[
        "fanout",
        "--url",
        &url,
        "--clients",
        "10",
        "--event",
        "to_others",
        "--rate",
        "100",
        "--warmup",
        "0s",
        "--duration",
        "500ms",
        "--settle",
        "500ms",
        "--json",
        "{json}",
    ])
    .ends_with(1)
    .says("deliveries missing of");
    let deliveries = ended.measurement().deliveries;
    assert_eq!(deliveries.missing, deliveries.published);
}

#[test]
fn what_is_not_broadcast_at_all_is_told_with_a_hint() {
    let (_server, url) = serve();
    run(&[
        "fanout",
        "--url",
        &url,
        "--clients",
        "3",
        "--payload",
        r#"{"text":"{body}"}"#,
        "--rate",
        "50",
        "--warmup",
        "0s",
        "--duration",
        "300ms",
        "--settle",
        "300ms",
    ])
    .ends_with(1)
    .says(
        "nothing that was published came back. Does the server broadcast the text of this --event",
    );
}

#[test]
fn a_join_storm_is_timed_from_the_planned_starts() {
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
    // The first one comes alone; 199 more at 400 a second take half a second.
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
fn those_who_stay_do_not_notice_those_who_come_and_go() {
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
fn slow_clients_beyond_the_retention_are_told_and_counted_by_code() {
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
fn a_ramp_names_the_last_step_that_held_or_that_all_did() {
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
fn a_floor_is_measured_beside_the_server_and_ratios_are_told() {
    let (_server, url) = serve();
    let ended = run(&[
        "fanout",
        "--url",
        &url,
        "--clients",
        "20",
        "--window",
        "4",
        "--warmup",
        "100ms",
        "--duration",
        "400ms",
        "--rounds",
        "2",
        "--against-floor=both",
        "--json",
        "{json}",
    ])
    .ends_with(0);
    let result = ended.result();
    let sides: Vec<Side> = result
        .measurements
        .iter()
        .map(|measurement| measurement.side)
        .collect();
    let round = [Side::Server, Side::FloorBatch, Side::FloorSingle];
    assert_eq!(sides, [round, round].concat());
    for floor in [Side::FloorBatch, Side::FloorSingle] {
        let of_floor = |figure: &str| {
            let mut ratios = result.ratios.iter();
            ratios
                .find(|ratio| ratio.floor == floor && ratio.figure == figure)
                .cloned()
        };
        let throughput = of_floor("deliveries per second").unwrap();
        assert!(throughput.min <= throughput.median && throughput.median <= throughput.max);
        assert_eq!(throughput.rounds, 2);
        assert!(of_floor("p99 latency").is_some());
    }
}

#[test]
fn a_prober_takes_the_delays_of_the_measured_time_in_a_process_of_its_own() {
    let (_server, url) = serve();
    let ended = run(&[
        "fanout",
        "--url",
        &url,
        "--clients",
        "20",
        "--rate",
        "100",
        "--prober",
        "--warmup",
        "300ms",
        "--duration",
        "1s",
        "--json",
        "{json}",
    ])
    .ends_with(0);
    let measured = ended.measurement();
    // Eight connections of its own, which nobody waits for.
    assert_eq!(
        measured.prober_latency.unwrap().count,
        8 * measured.throughput.published
    );
    assert_eq!(
        measured.deliveries.expected,
        20 * measured.deliveries.published
    );
}

#[test]
fn two_results_are_told_side_by_side() {
    let (_server, url) = serve();
    let one = |rate: &str| {
        run(&[
            "fanout",
            "--url",
            &url,
            "--clients",
            "5",
            "--rate",
            rate,
            "--warmup",
            "0s",
            "--duration",
            "300ms",
            "--json",
            "{json}",
        ])
        .ends_with(0)
    };
    let (first, second) = (one("50"), one("100"));
    let files = [first.json(), second.json()].map(|file| file.display().to_string());
    let compared = run(&["compare", &files[0], &files[1], "--report", "{html}"])
        .ends_with(0)
        .says("rate");
    assert!(compared.page().contains("<svg"));
}

#[test]
fn a_join_that_is_refused_ends_it_before_it_begins_with_the_reason() {
    let (_server, url) = serve();
    let ended = run(&[
        "fanout",
        "--url",
        &url,
        "--topic",
        "room:closed",
        "--json",
        "{json}",
    ])
    .ends_with(3)
    .says("the join of \"room:closed\" was refused: authorized");
    assert_eq!(ended.result().ended, Ended::NotStarted);
}

#[test]
fn a_server_that_goes_away_in_the_middle_leaves_what_was_measured() {
    let (server, url) = serve();
    let mut started = start(&[
        "fanout",
        "--url",
        &url,
        "--clients",
        "10",
        "--rate",
        "200",
        "--warmup",
        "0s",
        "--duration",
        "50s",
        "--json",
        "{json}",
    ]);
    started.until_seen("deliveries/s");
    server.stop().unwrap();
    let ended = started.end().ends_with(1).says("the server went away");
    assert_eq!(ended.result().ended, Ended::ServerLost);
    let measured = ended.measurement();
    assert!(measured.deliveries.received > 100 && measured.seconds > 0.2);
    assert_eq!(measured.connections.lost[0].what, "1012 (restart)");
    assert_eq!(measured.connections.lost[0].count, 10);
}

#[test]
fn an_interrupt_ends_a_run_with_what_was_measured() {
    let (_server, url) = serve();
    let mut started = start(&[
        "fanout",
        "--url",
        &url,
        "--clients",
        "10",
        "--rate",
        "200",
        "--warmup",
        "0s",
        "--duration",
        "50s",
        "--json",
        "{json}",
    ]);
    started.until_seen("deliveries/s");
    started.signal(rustix::process::Signal::INT);
    let ended = started.end().ends_with(1);
    assert_eq!(ended.result().ended, Ended::Interrupted);
    assert!(ended.measurement().deliveries.received > 100);
}

#[test]
fn a_spawned_server_is_measured_and_stopped() {
    let floor = env!("CARGO_BIN_EXE_lobbyd-loadtest");
    // A port that was free a moment ago: the server is told it on its command line.
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let command = format!("exec '{floor}' floor --serve --listen 127.0.0.1:{port}");
    let url = format!("ws://127.0.0.1:{port}/socket/websocket");
    let ended = run(&[
        "fanout",
        "--url",
        &url,
        "--spawn",
        &command,
        "--clients",
        "20",
        "--window",
        "8",
        "--warmup",
        "0s",
        "--duration",
        "500ms",
        "--json",
        "{json}",
    ])
    .ends_with(0);
    assert!(ended.measurement().server.unwrap().cpu_seconds > 0.0);
    let still_there = std::net::TcpStream::connect_timeout(
        &([127, 0, 0, 1], port).into(),
        Duration::from_secs(2),
    );
    assert!(still_there.is_err(), "the server was left running");
}

/// The pace begins just before the measured time does, so a little more than was measured may have been due.
#[test]
fn what_was_due_at_a_rate_that_cannot_be_reached_was_published_or_is_unsent() {
    let (_server, url) = serve();
    let line = "fanout --clients 2 --rate 3000000 --warmup 0s --duration 500ms --settle 1s";
    let ended = run_at(&url, line)
        .ends_with(1)
        .says("messages were due but not sent");
    let deliveries = ended.measurement().deliveries;
    assert!(deliveries.unsent > 0, "{deliveries:?}");
    let due = deliveries.published + deliveries.unsent;
    assert!(
        (1_499_999..1_499_999 + 3_000_000 / 4).contains(&due),
        "{deliveries:?}"
    );
}

#[test]
fn a_ramp_breaks_at_a_rate_that_cannot_be_reached() {
    let (_server, url) = serve();
    let line = "ramp --clients 2 --from 3000000 --to 3000000 --warmup 0s --duration 300ms --settle 1s --slo p99=60s";
    let ramp = run_at(&url, line).ends_with(1).result().ramp.unwrap();
    assert_eq!((ramp.last_held, ramp.broke_at), (None, Some(3_000_000.0)));
    let unsent = |reason: &String| reason.contains("due but not sent");
    assert!(ramp.because.iter().any(unsent), "{:?}", ramp.because);
}

#[test]
fn own_messages_that_come_though_they_were_not_to_are_warned_of_and_not_timed() {
    let (_server, url) = serve();
    let line = "fanout --clients 10 --no-echo --rate 200 --warmup 0s --duration 500ms";
    let ended = run_at(&url, line)
        .ends_with(0)
        .says("publishers got their own messages, which --no-echo says they do not");
    assert!(!ended.warnings().is_empty());
    let measured = ended.measurement();
    let deliveries = measured.deliveries;
    assert_eq!(deliveries.expected, 9 * deliveries.published);
    assert_eq!(deliveries.received, deliveries.expected);
    // The first message may have been due a moment before the measured time.
    assert_eq!(
        measured.delivery_latency.unwrap().count,
        9 * measured.throughput.published
    );
}

#[test]
fn joins_that_come_all_at_once_tell_when_the_last_one_had_joined() {
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
