//! One measurement with the figures of a plausible machine, for the sample results.

use hdrhistogram::Histogram;
use lobbyd_loadtest::result::{
    Connections, Count, Deliveries, Interval, Latency, LoadUsage, Machine, Measurement, Replies,
    Saturated, ServerUsage, Side, Throughput,
};

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

pub fn machine() -> Machine {
    Machine {
        cpu_model: "Example CPU @ 2.60GHz".into(),
        cores: 2,
        memory_bytes: 8_326_995_968,
        kernel: "Linux 6.12.8".into(),
        server_cores: Some("0".into()),
        load_cores: Some("1".into()),
    }
}

pub fn count(what: &str, count: u64) -> Count {
    Count {
        what: what.into(),
        count,
    }
}
