//! Metrics of the shards' work: connections, joins, messages, deliveries and their times.

use std::fmt;
use std::sync::Arc;

use strum::VariantArray;

use super::page::Page;
use crate::channel::{JoinRefusal, PushRefusal};
use crate::server::node::Node;
use crate::server::node::histogram::{Durations, Figure, Histogram};
use crate::server::node::shard_stats::ShardStats;

pub(super) fn write(node: &Node, page: &mut Page<'_>) -> fmt::Result {
    write_present(node, page)?;
    write_incoming(node, page)?;
    write_outgoing(node, page)?;
    write_times(node, page)?;
    write_backlogs(node, page)
}

/// Returns the sum of a number over all shards.
fn sum(node: &Node, figure: impl Fn(&ShardStats) -> &Figure) -> u64 {
    let shards = node.stats.iter();
    shards.map(|shard| figure(shard).read()).sum()
}

/// Returns the sums over all shards for each value of `R`, in the order of the values.
fn by_reason<R: VariantArray + Into<&'static str> + Copy>(
    node: &Node,
    counts: impl Fn(&ShardStats) -> &[Figure],
) -> Vec<([(&'static str, &'static str); 1], u64)> {
    let counted = |(at, reason): (usize, &R)| {
        let count = sum(node, |shard| &counts(shard)[at]);
        ([("reason", (*reason).into())], count)
    };
    R::VARIANTS.iter().enumerate().map(counted).collect()
}

/// Returns a value of each shard, labelled with the shard's number.
fn by_shard<V>(
    node: &Node,
    value: impl Fn(u16, &Arc<ShardStats>) -> V,
) -> impl Iterator<Item = ([(&'static str, u16); 1], V)> {
    let shards = (0_u16..).zip(node.stats.iter());
    shards.map(move |(number, shard)| ([("shard", number)], value(number, shard)))
}

fn write_present(node: &Node, page: &mut Page<'_>) -> fmt::Result {
    let connections = [
        ([("state", "http")], sum(node, |s| &s.http)),
        ([("state", "websocket")], sum(node, |s| &s.websockets)),
    ];
    page.gauges(
        "lobbyd_connections",
        "Connections that speak HTTP still, and WebSockets, closing ones included.",
        connections,
    )?;
    page.gauge(
        "lobbyd_channels",
        "Joined channels: one for each topic that a connection has joined.",
        sum(node, |s| &s.channels),
    )?;
    page.gauge(
        "lobbyd_topics",
        "Topics that somebody is subscribed to, socket ids included.",
        node.hub.topics_len(),
    )
}

fn write_incoming(node: &Node, page: &mut Page<'_>) -> fmt::Result {
    let refused = by_reason::<JoinRefusal>(node, |s| &s.joins_refused);
    let joins = [
        ([("result", "ok")], sum(node, |s| &s.joins_admitted)),
        ([("result", "refused")], refused.iter().map(|r| r.1).sum()),
    ];
    page.counters("lobbyd_joins", "Joins answered, by the answer.", joins)?;
    page.counters(
        "lobbyd_joins_refused",
        "Joins answered with an error, by the reason.",
        refused,
    )?;
    page.counters(
        "lobbyd_pushes_refused",
        "Pushes that were not taken, by the reason.",
        by_reason::<PushRefusal>(node, |s| &s.pushes_refused),
    )?;
    page.counter(
        "lobbyd_stale_messages",
        "Messages of clients that were dropped without an answer, because their join_ref is not that of their channel.",
        sum(node, |s| &s.stale),
    )?;
    page.counter(
        "lobbyd_messages_received",
        "Messages of clients, heartbeats included.",
        sum(node, |s| &s.messages),
    )?;
    page.counter(
        "lobbyd_bytes_received",
        "Bytes read from WebSockets.",
        sum(node, |s| &s.bytes),
    )
}

fn write_outgoing(node: &Node, page: &mut Page<'_>) -> fmt::Result {
    let counts = node.hub.counts();
    let flush = counts.flush;
    let table = [
        (
            "lobbyd_broadcasts",
            "Broadcasts to topics that had subscribers.",
            counts.broadcasts,
        ),
        (
            "lobbyd_encodings",
            "Frames sealed for broadcasts: one for each broadcast and version that has subscribers.",
            counts.encodings,
        ),
        (
            "lobbyd_deliveries",
            "Frames of broadcasts that began to go out, once for each member.",
            flush.deliveries,
        ),
        (
            "lobbyd_own_frames",
            "Frames for one connection alone that began to go out: replies, pushes, control frames, and broadcasts that were \
             still due when a subscription ended.",
            flush.own_frames,
        ),
        (
            "lobbyd_writes",
            "Writes handed to sockets. Deliveries and own frames, divided by the writes, are the frames of one write.",
            flush.writes,
        ),
        (
            "lobbyd_flushes",
            "Flushes that wrote something, at most one a turn.",
            flush.flushes,
        ),
        (
            "lobbyd_members_visited",
            "Members that passes came to with something new. Divided by the flushes: members a flush.",
            flush.members,
        ),
        (
            "lobbyd_bytes_sent",
            "Bytes that sockets of WebSockets took.",
            flush.bytes,
        ),
    ];
    for (name, help, value) in table {
        page.counter(name, help, value)?;
    }
    page.counters(
        "lobbyd_broadcasts_skipped",
        "Broadcasts that left out the subscribers of a version, because their payload has no form in it.",
        node.skipped.counts().map(|(version, n)| ([("version", version)], n)),
    )
}

fn write_times(node: &Node, page: &mut Page<'_>) -> fmt::Result {
    let held = |histogram: &Histogram| {
        let mut held = Durations::default();
        histogram.add_to(&mut held);
        held
    };
    let mut laps = Durations::default();
    for shard in &node.stats {
        shard.laps.add_to(&mut laps);
    }
    page.histogram(
        "lobbyd_last_subscriber_seconds",
        "From a publish to the end of the turn in which the last member on a shard that can take it was written to. One \
         time for each topic and turn: that of the oldest broadcast that reached its last member in the turn.",
        &laps,
    )?;
    page.histograms(
        "lobbyd_turn_seconds",
        "Time for which a shard worked without a look at its sockets: a turn, or steps of HTTP and of callbacks' futures, \
         or both. All other connections of the shard wait meanwhile.",
        by_shard(node, |_, shard| held(&shard.turn_time.stretches)),
    )?;
    page.gauges(
        "lobbyd_turn_longest_seconds",
        "The longest of these times of a shard in the last 30 to 60 seconds.",
        by_shard(node, |_, shard| shard.turn_time.longest.read() as f64 / 1e9),
    )
}

fn write_backlogs(node: &Node, page: &mut Page<'_>) -> fmt::Result {
    page.gauges(
        "lobbyd_lag_bytes",
        "Bytes of broadcasts that a shard has still to write or hand on.",
        by_shard(node, |number, _| node.hub.lag_bytes(number)),
    )?;
    page.gauges(
        "lobbyd_retained_bytes",
        "Bytes that the logs of a shard hold, for passes under way and for members that are behind.",
        by_shard(node, |_, shard| shard.retained_bytes.read()),
    )?;
    page.counters(
        "lobbyd_broken_invariants",
        "Bugs in lobbyd that were found and contained: clients closed because they would have missed a message, and \
         sums of bytes that would have fallen below zero.",
        [
            ([("invariant", "gap")], sum(node, |s| &s.gaps)),
            ([("invariant", "shortfall")], sum(node, |s| &s.shortfalls)),
        ],
    )
}
