//! The counts of connections, deliveries and replies, and their rates.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The count of one kind of event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Count {
    /// The kind, in words: "HTTP 403", "1013 (try again later)", "connection refused".
    pub what: String,
    /// The number of events of this kind.
    pub count: u64,
}

impl Count {
    /// Returns the counts of a map, largest first.
    pub fn sorted<Kind: ToString>(map: &BTreeMap<Kind, u64>) -> Vec<Count> {
        let count = |(kind, count): (&Kind, &u64)| Count {
            what: kind.to_string(),
            count: *count,
        };
        let mut counts: Vec<Count> = map.iter().map(count).collect();
        counts.sort_by_key(|count| std::cmp::Reverse(count.count));
        counts
    }

    /// Returns the sum of all counts.
    pub fn total(counts: &[Count]) -> u64 {
        counts.iter().map(|count| count.count).sum()
    }
}

/// Counts and times of connecting and joining.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Connections {
    /// Connections that the run was to open.
    pub wanted: u64,
    /// Connections whose upgrade was answered with 101.
    pub connected: u64,
    /// Connections that joined their topic.
    pub joined: u64,
    /// Connections and joins that were refused or failed, by reason.
    pub refused: Vec<Count>,
    /// Connections that this machine could not open, by reason: the server was not asked.
    #[serde(default)]
    pub unopened: Vec<Count>,
    /// Connections that the load did not end, by close code or other reason.
    pub lost: Vec<Count>,
    /// All close codes that the server has sent until the end of the measurement.
    pub closes: Vec<Count>,
    /// Joins in a second, from the first connect to the last join.
    pub joins_per_second: f64,
    /// From the intended start of a connection to its join's reply.
    pub time_to_joined: Option<super::Latency>,
    /// From the intended start of a connection to the TCP connection.
    pub time_to_connected: Option<super::Latency>,
    /// From the intended start of a connection to the answer to its upgrade.
    pub time_to_upgraded: Option<super::Latency>,
}

/// Counts of deliveries. Every delivery is checked, by the sequence number in its payload.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Deliveries {
    /// Messages that were published.
    pub published: u64,
    /// Messages that were due but not sent. The load generator did not keep its rate, or the server
    /// read nothing of the publisher for too long.
    pub unsent: u64,
    /// Deliveries that must come: each message to each subscriber that was joined when it was
    /// published.
    pub expected: u64,
    /// Expected deliveries that came. Second copies do not count.
    pub received: u64,
    /// Deliveries that did not come: expected - received.
    pub missing: u64,
    /// Copies beyond the first that a subscriber got of a message.
    pub duplicated: u64,
    /// Deliveries that came behind a later message of the same publisher.
    pub out_of_order: u64,
    /// Deliveries whose text differs from the published one.
    pub altered: u64,
    /// Deliveries in a lobby that the message was not published to.
    #[serde(default)]
    pub strayed: u64,
    /// Deliveries of messages that the subscriber was not owed: published before it had joined.
    pub early: u64,
}

impl Deliveries {
    /// Returns the counts since `earlier`, which are of the same run.
    pub fn since(&self, earlier: &Deliveries) -> Deliveries {
        Deliveries {
            published: self.published - earlier.published,
            unsent: self.unsent - earlier.unsent,
            expected: self.expected.saturating_sub(earlier.expected),
            received: self.received.saturating_sub(earlier.received),
            missing: self.missing.saturating_sub(earlier.missing),
            duplicated: self.duplicated - earlier.duplicated,
            out_of_order: self.out_of_order - earlier.out_of_order,
            altered: self.altered - earlier.altered,
            strayed: self.strayed - earlier.strayed,
            early: self.early - earlier.early,
        }
    }

    /// True if each delivery came once, in order, as it was published.
    pub fn whole(&self) -> bool {
        let Deliveries {
            unsent,
            missing,
            duplicated,
            out_of_order,
            altered,
            strayed,
            ..
        } = *self;
        [unsent, missing, duplicated, out_of_order, altered, strayed] == [0; 6]
    }
}

/// Answers to pushes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Replies {
    /// Replies with status ok.
    pub ok: u64,
    /// Replies with status error, by reason.
    pub error: Vec<Count>,
}

/// Messages, deliveries and bytes of the measured time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Throughput {
    /// Messages published in the measured time.
    pub published: u64,
    /// Deliveries received in the measured time.
    pub deliveries: u64,
    /// Bytes received in the measured time, frame headers included.
    pub bytes: u64,
    /// Messages a second.
    pub published_per_second: f64,
    /// Deliveries a second.
    pub deliveries_per_second: f64,
}
