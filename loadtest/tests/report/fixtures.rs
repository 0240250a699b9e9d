//! Results as runs leave them, with the figures of a plausible machine.
//!
//! There is a healthy fan-out, a failing one, a ramp, a run against the floor, a join storm and a
//! restart.

use hdrhistogram::Histogram;
use lobbyd_loadtest::result::{
    Connections, Count, Deliveries, Ended, Figure, Interval, Latency, LoadUsage, LobbyDelays,
    Machine, Measurement, Moment, Objective, Parameter, Ramp, Ratio, RatioFigure, Replies, Restart,
    RunResult, SCHEMA_VERSION, Saturated, ServerUsage, Shares, Side, Throughput,
};

/// Returns a restart of 1,000 clients, a few of which met no server at first.
pub fn restart() -> RunResult {
    let times =
        |begin: f64| -> Vec<f64> { (0..1000).map(|at| begin + f64::from(at) / 500.0).collect() };
    let back = times(0.9);
    let delays = |median_us: f64| LobbyDelays {
        large: Some(latency(median_us * 3.0, 20_000)),
        small: Some(latency(median_us, 300)),
    };
    let mut result = run("restart", vec![measurement(9_000.0, 900.0, 3.0)]);
    for (name, value) in [("lobby", "900"), ("lobbies", "100"), ("members", "1")] {
        ask(&mut result, name, Some(value));
    }
    result.restart = Some(Restart {
        clients: 1000,
        back: 1000,
        ends: vec![count("1012 (restart)", 1000)],
        unanswered: vec![count("connection refused", 2345)],
        tries: 3345,
        tries_p50: 3,
        tries_max: 5,
        tries_late: Some(latency(300.0, 3345)),
        ended_seconds: Some(0.61),
        ended_how: "exit status: 0".into(),
        answered_seconds: Some(0.84),
        back_seconds: Shares::of(&back, 1000),
        before: delays(400.0),
        during: delays(1_900.0),
        gone: Moment::course(&times(0.01)),
        returned: Moment::course(&back),
        ..Restart::default()
    });
    result
}

/// Returns a distribution with a long tail about `median_us`. Equal arguments give equal
/// distributions.
pub fn latency(median_us: f64, count: u64) -> Latency {
    let mut histogram = Histogram::<u64>::new_with_bounds(1, 3_600_000_000, 3).unwrap();
    let mut random = fastrand::Rng::with_seed(median_us.to_bits());
    for index in 0..count {
        let tail = if index % 500 == 0 {
            6.0 * random.f64()
        } else {
            0.0
        };
        let spread = (random.f64() + random.f64() + random.f64() - 1.5) * 0.6 + tail / 2.0;
        histogram.record((median_us * spread.exp()) as u64).unwrap();
    }
    Latency::of(&histogram).unwrap()
}

fn parameters(each: &[(&str, &str)]) -> Vec<Parameter> {
    let parameter = |(name, value): &(&str, &str)| Parameter {
        name: (*name).into(),
        value: (*value).into(),
    };
    each.iter().map(parameter).collect()
}

/// Sets a parameter of the run, or removes it if `value` is `None`.
pub fn ask(result: &mut RunResult, name: &str, value: Option<&str>) {
    result.parameters.retain(|parameter| parameter.name != name);
    let given = value.map(|value| (name, value));
    result.parameters.extend(parameters(given.as_slice()));
}

fn count(what: &str, count: u64) -> Count {
    Count {
        what: what.into(),
        count,
    }
}

fn machine() -> Machine {
    Machine {
        cpu_model: "Example CPU @ 2.60GHz".into(),
        cores: 2,
        memory_bytes: 8_326_995_968,
        kernel: "Linux 6.12.8".into(),
        server_cores: Some("0".into()),
        load_cores: Some("1".into()),
    }
}

fn run(scenario: &str, measurements: Vec<Measurement>) -> RunResult {
    RunResult {
        schema_version: SCHEMA_VERSION,
        tool_version: "0.1.0".into(),
        scenario: scenario.into(),
        command_line: [
            "lobbyd-loadtest",
            scenario,
            "--url",
            "ws://127.0.0.1:4000/socket/websocket",
            "--clients",
            "1000",
        ]
        .map(String::from)
        .to_vec(),
        started_at: "2026-11-25T14:55:00Z".into(),
        seed: 7,
        parameters: parameters(&[
            ("url", "ws://127.0.0.1:4000/socket/websocket"),
            ("vsn", "2.0.0"),
            ("clients", "1000"),
            ("topics", "1"),
            ("publishers", "1"),
            ("rate", "1000"),
            ("bytes", "64"),
            ("warmup", "2s"),
            ("duration", "10s"),
        ]),
        machine: machine(),
        ended: Ended::Complete,
        problems: Vec::new(),
        objectives: Vec::new(),
        measurements,
        ratios: Vec::new(),
        ramp: None,
        restart: None,
        held: true,
    }
}

fn intervals(rate: f64, median_us: f64) -> Vec<Interval> {
    let mut random = fastrand::Rng::with_seed(3);
    let second = |second: u32| {
        let wobble = 1.0 + 0.1 * (random.f64() - 0.5);
        Interval {
            at_seconds: f64::from(second),
            seconds: 1.0,
            published: (rate / 1000.0 * wobble) as u64,
            deliveries: (rate * wobble) as u64,
            joined: 1000,
            p50_us: Some((median_us * wobble) as u64),
            p99_us: Some((median_us * 2.5 * wobble) as u64),
            max_us: Some((median_us * 9.0 * wobble * wobble) as u64),
            server_cores: Some((rate * 0.53e-6 * wobble).min(1.0)),
            server_rss_bytes: Some(9_500_000 + u64::from(second) * 20_000),
            load_cores: (rate * 0.31e-6 * wobble).min(1.0),
        }
    };
    (1..=10).map(second).collect()
}

/// Returns a measurement with 1,000 members, at `rate` deliveries a second.
pub fn measurement(rate: f64, median_us: f64, server_us: f64) -> Measurement {
    let delivered = (rate * 10.0) as u64;
    let expected = (rate * 12.0) as u64 / 1000 * 1000;
    Measurement {
        label: String::new(),
        side: Side::Server,
        round: 1,
        step: None,
        held: true,
        seconds: 10.0,
        connections: Connections {
            wanted: 1000,
            connected: 1000,
            joined: 1000,
            closes: vec![count("1000 (normal)", 1000)],
            joins_per_second: 21_480.5,
            time_to_joined: Some(latency(24_000.0, 1000)),
            time_to_connected: Some(latency(1_500.0, 1000)),
            time_to_upgraded: Some(latency(9_000.0, 1000)),
            ..Connections::default()
        },
        deliveries: Deliveries {
            published: expected / 1000,
            expected,
            received: expected,
            ..Deliveries::default()
        },
        replies: Replies {
            ok: expected / 1000,
            error: Vec::new(),
        },
        throughput: Throughput {
            published: delivered / 1000,
            deliveries: delivered,
            bytes: delivered * 118,
            published_per_second: rate / 1000.0,
            deliveries_per_second: rate,
        },
        delivery_latency: Some(latency(median_us, 200_000)),
        prober_latency: None,
        last_subscriber: Some(latency(median_us * 1.8, 10_000)),
        send_delay: Some(latency(18.0, 10_000)),
        reply_latency: Some(latency(median_us * 0.4, 10_000)),
        heartbeat_latency: Some(latency(median_us * 0.5, 330)),
        server: Some(server(rate, server_us)),
        load: LoadUsage {
            cpu_seconds: rate * 10.0 * 0.31e-6,
            busy: rate * 0.33e-6,
            waiting: 0.02,
            us_per_delivery: Some(0.31),
            reads: delivered / 9,
            deliveries_per_read: Some(9.2),
        },
        saturated: Saturated::Neither,
        intervals: intervals(rate, median_us),
        figures: Vec::new(),
    }
}

fn server(rate: f64, us: f64) -> ServerUsage {
    ServerUsage {
        pid: 4242,
        cpu_seconds: rate * 10.0 * us * 1e-6,
        system_seconds: rate * 8.0 * us * 1e-6,
        cores_used: rate * us * 1e-6,
        cores_available: 1.0,
        us_per_delivery: Some(us),
        us_per_join: Some(41.3),
        rss_before_bytes: 8_600_000,
        rss_joined_bytes: 9_420_000,
        rss_after_bytes: 9_700_000,
        rss_per_connection_bytes: Some(820.0),
    }
}

/// Returns a run in which all was delivered and all objectives held.
pub fn healthy() -> RunResult {
    let mut result = run("fanout", vec![measurement(1_000_000.0, 420.0, 0.53)]);
    result.objectives = vec![
        Objective {
            objective: "p99=20ms".into(),
            observed: "1.12 ms".into(),
            held: true,
        },
        Objective {
            objective: "loss=0".into(),
            observed: "0".into(),
            held: true,
        },
    ];
    result
}

/// Returns a run with each kind of fault, and with texts of the server that must not reach a
/// terminal or a page unescaped.
pub fn failing() -> RunResult {
    let mut failing = measurement(980_000.0, 9_500.0, 0.98);
    failing.held = false;
    failing.saturated = Saturated::LoadGenerator;
    failing.load.busy = 0.99;
    failing.deliveries = Deliveries {
        published: 11_760,
        expected: 11_760_000,
        received: 11_759_997,
        missing: 3,
        duplicated: 1,
        out_of_order: 2,
        altered: 1,
        unsent: 12,
        strayed: 0,
        early: 4,
    };
    failing.connections.lost = vec![count("1006 (no close frame)", 2)];
    failing
        .connections
        .closes
        .push(count("1013 (try again later)", 1));
    failing.connections.refused = vec![count("HTTP 403 <script>alert(1)</script>\u{1b}[2J", 17)];
    failing.connections.joined = 983;
    failing.replies.error = vec![count("slow down", 5)];
    let mut result = run("fanout", vec![failing]);
    result.held = false;
    result.objectives = vec![
        Objective {
            objective: "p99=20ms".into(),
            observed: "31.2 ms".into(),
            held: false,
        },
        Objective {
            objective: "loss=0".into(),
            observed: "3".into(),
            held: false,
        },
    ];
    let warning = "The server and the load generator were bound to the same core: bind them apart with --server-cores \
        and --load-cores.";
    result.problems = vec![lobbyd_loadtest::run::warning(warning.into())];
    let found = lobbyd_loadtest::run::problems(&result.measurements[0], true);
    result.problems.extend(found);
    result
}

/// Returns a ramp of five steps, of which four held.
pub fn ramp() -> RunResult {
    let steps = [
        (200.0, 300.0),
        (400.0, 340.0),
        (800.0, 460.0),
        (1600.0, 1_900.0),
        (3200.0, 38_000.0),
    ];
    let step = |(rate, median): &(f64, f64)| {
        let mut step = measurement(rate * 1000.0_f64.min(2_000_000.0 / rate), *median, 0.53);
        step.label = format!("{rate} msg/s");
        step.step = Some(*rate);
        step.held = *rate < 3000.0;
        if !step.held {
            step.saturated = Saturated::Server;
            step.deliveries.received -= 1200;
            step.deliveries.missing += 1200;
        }
        step
    };
    let mut result = run("ramp", steps.iter().map(step).collect());
    result.objectives = vec![
        Objective {
            objective: "p99=20ms".into(),
            observed: "96.4 ms".into(),
            held: false,
        },
        Objective {
            objective: "loss=0".into(),
            observed: "1200".into(),
            held: false,
        },
    ];
    ask(&mut result, "rate", None);
    ask(&mut result, "from", Some("200"));
    result.ramp = Some(Ramp {
        raised: "rate".into(),
        last_held: Some(1600.0),
        broke_at: Some(3200.0),
        because: vec![
            "p99=20ms: 96.4 ms observed".into(),
            "loss=0: 1,200 observed".into(),
        ],
    });
    result
}

/// Returns three rounds of the server and the batch floor.
pub fn with_floor() -> RunResult {
    let mut measurements = Vec::new();
    for round in 1..=3_u32 {
        let wobble = 1.0 + f64::from(round) / 50.0;
        for (side, name, rate, median, us) in [
            (Side::Server, "server", 1_620_000.0, 5_100.0, 0.59),
            (
                Side::FloorBatch,
                "floor (batch)",
                1_480_000.0,
                6_300.0,
                0.66,
            ),
        ] {
            let mut each = measurement(rate * wobble, median * wobble, us * wobble);
            each.label = format!("{name}, round {round}");
            each.side = side;
            each.round = round;
            each.saturated = Saturated::Server;
            measurements.push(each);
        }
    }
    let mut result = run("fanout", measurements);
    ask(&mut result, "rate", None);
    ask(&mut result, "window", Some("16"));
    let ratio = |figure, median: f64, spread: f64| Ratio {
        figure,
        floor: Side::FloorBatch,
        median,
        min: median - spread,
        max: median + spread,
        rounds: 3,
    };
    result.ratios = vec![
        ratio(RatioFigure::CpuPerDelivery, 0.89, 0.03),
        ratio(RatioFigure::DeliveriesPerSecond, 1.09, 0.02),
        ratio(RatioFigure::P50, 0.81, 0.04),
        ratio(RatioFigure::P99, 1.14, 0.21),
        ratio(RatioFigure::LastSubscriberP99, 1.23, 0.06),
        ratio(RatioFigure::DeliveriesPerRead, 1.90, 0.10),
    ];
    result
}

/// Returns a storm of joins, without any deliveries.
pub fn joins() -> RunResult {
    let mut storm = measurement(0.0, 400.0, 0.0);
    storm.delivery_latency = None;
    storm.last_subscriber = None;
    storm.send_delay = None;
    storm.load.us_per_delivery = None;
    storm.load.deliveries_per_read = None;
    storm.deliveries = Deliveries::default();
    if let Some(server) = &mut storm.server {
        server.us_per_delivery = None;
        server.cpu_seconds = 0.9;
        server.system_seconds = 0.5;
    }
    for (index, interval) in storm.intervals.iter_mut().enumerate() {
        interval.joined = 100 * (index as u64 + 1);
        (interval.p50_us, interval.p99_us, interval.max_us) = (None, None, None);
    }
    storm.figures = vec![
        Figure {
            name: "kernel memory a socket".into(),
            value: 2_310.0,
            unit: "bytes".into(),
            per_connection: false,
        },
        Figure {
            name: "rejoined".into(),
            value: 12.0,
            unit: String::new(),
            per_connection: false,
        },
    ];
    let mut result = run("joins", vec![storm]);
    ask(&mut result, "rate", None);
    result
}
