//! Fan-out against a real lobbyd, in open and closed loops, next to the floor and a prober.

mod support;

use lobbyd_loadtest::result::{RatioFigure, Side};
use support::rooms::serve;
use support::{run, run_at};

#[test]
fn open_loop_over_many_lobbies_is_checked_whole_and_fits_the_schema() {
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
    // Each message goes to the ten members of its lobby, including the publisher.
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
fn closed_loop_without_a_number_of_publishers_spreads_its_messages() {
    let (_server, url) = serve();
    let publishers = |line: &str| {
        let line = format!("{line} --warmup 0s --duration 300ms");
        let parameters = run_at(&url, &line).ends_with(0).result().parameters;
        let mut named = parameters
            .into_iter()
            .filter(|one| one.name == "publishers");
        named.next().unwrap().value
    };
    assert_eq!(publishers("fanout --clients 100"), "64");
    assert_eq!(publishers("fanout --clients 20 --window 4"), "20");
    assert_eq!(publishers("fanout --clients 20 --publishers 2"), "2");
    assert_eq!(publishers("fanout --clients 20 --rate 50"), "1");
}

#[test]
fn closed_loop_keeps_its_window_in_both_versions_of_the_protocol() {
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
fn publisher_that_gets_no_echo_is_not_waited_for() {
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
fn echo_that_does_not_come_is_missing() {
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
fn messages_that_are_not_broadcast_at_all_fail_the_run_with_a_hint() {
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
fn floor_is_measured_beside_the_server_and_ratios_are_shown() {
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
        let of_floor = |figure| {
            let mut ratios = result.ratios.iter();
            ratios
                .find(|ratio| ratio.floor == floor && ratio.figure == figure)
                .cloned()
        };
        let throughput = of_floor(RatioFigure::DeliveriesPerSecond).unwrap();
        assert!(throughput.min <= throughput.median && throughput.median <= throughput.max);
        assert_eq!(throughput.rounds, 2);
        assert!(of_floor(RatioFigure::P99).is_some());
    }
}

#[test]
fn prober_takes_the_delays_of_the_measured_time_in_a_process_of_its_own() {
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
    // The prober has eight connections of its own, which no message waits for. It leaves out
    // deliveries before it has read the order to begin, which a busy machine delays.
    let timed = measured.prober_latency.unwrap().count;
    let all = 8 * measured.throughput.published;
    assert!((8..=all).contains(&timed), "{timed} of {all}");
    assert_eq!(
        measured.deliveries.expected,
        20 * measured.deliveries.published
    );
}

/// The pace begins just before the measured time, so slightly more messages may have been due than
/// were measured.
#[test]
fn messages_due_at_an_unreachable_rate_were_published_or_are_unsent() {
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
fn echo_despite_no_echo_gives_a_warning_and_is_not_timed() {
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
