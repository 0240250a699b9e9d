//! Results as runs leave them, with the figures of a plausible machine.
//!
//! There is a healthy fan-out, a failing one, a ramp, a run against the floor, a join storm and a
//! restart.

use lobbyd_loadtest::result::{
    Deliveries, Ended, Figure, LobbyDelays, Measurement, Moment, Objective, Parameter, Ramp, Ratio,
    RatioFigure, Restart, RunResult, SCHEMA_VERSION, Saturated, Shares, Side,
};

use crate::measurements::{count, latency, machine, measurement};

/// Returns a restart of 1,000 clients that met no server 2,345 times before they were back.
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

/// Returns a run with most kinds of faults, and with texts of the server that must not reach a
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
