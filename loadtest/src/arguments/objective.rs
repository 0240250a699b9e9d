//! A limit that a measurement is held to, as `--slo` takes it.

use std::fmt;
use std::str::FromStr;

use crate::report::units;
use crate::result::{self, Latency, Measurement};

/// A limit for one metric: the observed value must not be larger.
#[derive(Clone, Debug, PartialEq)]
pub struct Slo {
    typed: String,
    metric: Metric,
    limit: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Metric {
    /// A quantile of a distribution of times, in microseconds.
    Time(Times, Quantile),
    /// The number of missing deliveries.
    Loss,
    /// The number of lost connections.
    Lost,
    /// The number of refused connections.
    Refused,
    /// Server CPU per delivery in microseconds.
    CpuPerDelivery,
    /// Server CPU in cores.
    Cores,
    /// Resident memory per connection in bytes.
    RssPerConnection,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Times {
    Delivery,
    Last,
    Reply,
    Heartbeat,
    Joined,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Quantile {
    P50,
    P90,
    P95,
    P99,
    P999,
    Max,
}

/// The names of all objectives, for the help and for errors.
pub const NAMES: &str = "p50 p90 p95 p99 p99.9 max (deliveries), the same behind last- (time to last subscriber), reply-, \
    heartbeat- or joined-, as in last-p99=50ms; loss (deliveries), lost and refused (connections), cpu-us (server CPU \
    per delivery), cores (server CPU), rss (bytes per connection)";

impl FromStr for Slo {
    type Err = String;

    fn from_str(text: &str) -> Result<Slo, String> {
        let expected = || format!("expected NAME=LIMIT, as in p99=20ms or loss=0. Names: {NAMES}");
        let (name, limit) = text.split_once('=').ok_or_else(expected)?;
        let metric = metric(name.trim())
            .ok_or_else(|| format!("{name:?} is no objective. Names: {NAMES}"))?;
        let limit = limit.trim();
        let number = match metric {
            Metric::Time(..) => humantime::parse_duration(limit)
                .map(|time| time.as_secs_f64() * 1e6)
                .map_err(|error| {
                    format!("{limit:?} is no time ({error}); a number and its unit, as in {name}=20ms or {name}=1500us")
                })?,
            _ if limit.ends_with('%') => {
                return Err(format!("{limit:?} is a share; {name} is a count, as in {name}=0"));
            }
            _ => limit
                .parse()
                .ok()
                .filter(|limit: &f64| limit.is_finite() && *limit >= 0.0)
                .ok_or_else(|| format!("{limit:?} is no number; as in {name}=0"))?,
        };
        Ok(Slo {
            typed: text.to_owned(),
            metric,
            limit: number,
        })
    }
}

fn metric(name: &str) -> Option<Metric> {
    Some(match name {
        "loss" => Metric::Loss,
        "lost" => Metric::Lost,
        "refused" => Metric::Refused,
        "cpu-us" => Metric::CpuPerDelivery,
        "cores" => Metric::Cores,
        "rss" => Metric::RssPerConnection,
        _ => {
            let (times, quantile) = name.rsplit_once('-').unwrap_or(("", name));
            let times = match times {
                "" => Times::Delivery,
                "last" => Times::Last,
                "reply" => Times::Reply,
                "heartbeat" => Times::Heartbeat,
                "joined" => Times::Joined,
                _ => return None,
            };
            let quantile = match quantile {
                "p50" => Quantile::P50,
                "p90" => Quantile::P90,
                "p95" => Quantile::P95,
                "p99" => Quantile::P99,
                "p99.9" | "p999" => Quantile::P999,
                "max" => Quantile::Max,
                _ => return None,
            };
            Metric::Time(times, quantile)
        }
    })
}

impl fmt::Display for Slo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.typed)
    }
}

impl Slo {
    /// True if the objective needs figures of the server's process.
    pub fn needs_process(&self) -> bool {
        use Metric::{Cores, CpuPerDelivery, RssPerConnection};
        matches!(self.metric, CpuPerDelivery | Cores | RssPerConnection)
    }

    /// True if the objective needs messages to be published.
    pub fn needs_messages(&self) -> bool {
        match self.metric {
            Metric::Time(times, _) => matches!(times, Times::Delivery | Times::Last),
            Metric::CpuPerDelivery => true,
            _ => false,
        }
    }

    /// Compares the objective with its figure in `measurement`. An objective without an observed
    /// figure does not hold, because it must not pass for want of a figure.
    pub fn judge(&self, measurement: &Measurement) -> result::Objective {
        let observed = self.observe(measurement);
        result::Objective {
            objective: self.typed.clone(),
            observed: match observed {
                Some(value) => self.words(value),
                None => result::Objective::NOTHING_OBSERVED.to_owned(),
            },
            held: observed.is_some_and(|value| value <= self.limit),
        }
    }

    fn observe(&self, measurement: &Measurement) -> Option<f64> {
        let connections = &measurement.connections;
        let sum =
            |counts: &[result::Count]| counts.iter().map(|count| count.count).sum::<u64>() as f64;
        match self.metric {
            Metric::Time(times, quantile) => {
                let latency = match times {
                    Times::Delivery => &measurement.delivery_latency,
                    Times::Last => &measurement.last_subscriber,
                    Times::Reply => &measurement.reply_latency,
                    Times::Heartbeat => &measurement.heartbeat_latency,
                    Times::Joined => &connections.time_to_joined,
                };
                latency.as_ref().map(|latency| quantile.of(latency) as f64)
            }
            Metric::Loss => Some(measurement.deliveries.missing as f64),
            Metric::Lost => Some(sum(&connections.lost)),
            Metric::Refused => Some(sum(&connections.refused)),
            Metric::CpuPerDelivery => measurement.server.as_ref()?.us_per_delivery,
            Metric::Cores => Some(measurement.server.as_ref()?.cores_used),
            Metric::RssPerConnection => measurement.server.as_ref()?.rss_per_connection_bytes,
        }
    }

    fn words(&self, value: f64) -> String {
        match self.metric {
            Metric::Time(..) => units::time(value),
            Metric::Loss | Metric::Lost | Metric::Refused => format!("{value:.0}"),
            Metric::CpuPerDelivery => format!("{value:.3} µs"),
            Metric::Cores => format!("{value:.2}"),
            Metric::RssPerConnection => format!("{value:.0} bytes"),
        }
    }
}

impl Quantile {
    fn of(self, latency: &Latency) -> u64 {
        match self {
            Quantile::P50 => latency.p50_us,
            Quantile::P90 => latency.p90_us,
            Quantile::P95 => latency.quantile_us(0.95),
            Quantile::P99 => latency.p99_us,
            Quantile::P999 => latency.p999_us,
            Quantile::Max => latency.max_us,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objective_is_a_name_and_a_limit() {
        for (text, limit) in [
            ("p99=20ms", 20_000.0),
            ("last-max=2s", 2e6),
            ("loss=0", 0.0),
            ("cpu-us=0.6", 0.6),
        ] {
            let objective: Slo = text.parse().unwrap();
            assert_eq!(
                (objective.limit, objective.to_string()),
                (limit, text.to_owned())
            );
        }
        for (text, part) in [
            ("p99", "expected NAME=LIMIT"),
            ("p98=1ms", "\"p98\" is no objective"),
            ("first-p99=1ms", "no objective"),
            ("p99=20", "is no time"),
            ("loss=none", "is no number"),
            ("loss=-1", "is no number"),
        ] {
            let error = text.parse::<Slo>().unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
