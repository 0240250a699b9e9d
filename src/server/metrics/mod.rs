//! The page of metrics in Prometheus's text format, made on each request.
//!
//! All values are read from the state of the server. The page has no counters of its own, so
//! nothing is counted twice. docs/operations.md explains each metric, and a test compares its list
//! of metrics with this page.

mod page;
mod process;
#[cfg(feature = "auth")]
mod token_metrics;
mod work;

use std::fmt;
use std::sync::Arc;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::encoding::prometheus_text;
use prometheus_client::registry::Registry;

use crate::broker::SIZE_CLASSES;
use crate::server::limits::limit::Limit;
use crate::server::node::Node;
use crate::server::node::status::Phase;
use page::{Label, Page};

/// The content type of [`text`].
pub(super) const CONTENT_TYPE: &str = prometheus_text::CONTENT_TYPE;

/// Returns the page, with the members and messages of the `rooms_top` largest rooms by name.
pub(super) fn text(node: &Arc<Node>, rooms_top: usize) -> String {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Scrape {
        node: Arc::clone(node),
        rooms_top,
    }));
    let mut text = String::with_capacity(32 << 10);
    // Writing to a `String` cannot fail.
    let _ = prometheus_text::encode(&mut text, &registry);
    text
}

#[derive(Debug)]
struct Scrape {
    node: Arc<Node>,
    rooms_top: usize,
}

impl Collector for Scrape {
    fn encode(&self, encoder: DescriptorEncoder) -> fmt::Result {
        let mut page = Page(encoder);
        self.write_state(&mut page)?;
        work::write(&self.node, &mut page)?;
        self.write_ends(&mut page)?;
        self.write_limits(&mut page)?;
        self.write_rooms(&mut page)?;
        #[cfg(feature = "auth")]
        token_metrics::write(&self.node, &mut page)?;
        process::write(&mut page)
    }
}

impl Scrape {
    fn write_state(&self, page: &mut Page<'_>) -> fmt::Result {
        let version = [("version", env!("CARGO_PKG_VERSION"))];
        page.gauges(
            "lobbyd_build_info",
            "Always 1; the version is in the label.",
            [(version, 1_u64)],
        )?;
        let status = &self.node.status;
        page.gauge(
            "lobbyd_admitting",
            "1 while /readyz says ready; 0 while starting, while full, and from the order to end on.",
            u64::from(status.phase() == Phase::Admitting && !self.node.is_full()),
        )?;
        page.gauge(
            "lobbyd_turn_age_seconds",
            "How long ago the shard that is furthest behind began its last turn. Up to a second when idle; over 5 seconds \
             /healthz fails.",
            status.longest_since_turn().as_secs_f64(),
        )?;
        let reloads = status.reloads();
        page.counters(
            "lobbyd_reloads",
            "New configurations that were taken, and that were refused as wrong.",
            [
                ([("result", "ok")], reloads.ok),
                ([("result", "failed")], reloads.failed),
            ],
        )
    }

    fn write_ends(&self, page: &mut Page<'_>) -> fmt::Result {
        let closes = self.node.closes.counts();
        page.counters(
            "lobbyd_closes",
            "WebSockets that ended, by the reason. Each counts once, when its end is decided.",
            closes.by_reason().map(|(name, n)| ([("reason", name)], n)),
        )?;
        page.counters(
            "lobbyd_refusals",
            "Requests for a socket that got no 101, by the reason.",
            self.node
                .admission
                .refusals
                .counts()
                .by_reason()
                .map(|(name, n)| ([("reason", name)], n)),
        )?;
        page.counters(
            "lobbyd_slow_consumers",
            "WebSockets closed because their clients did not read, by the bound that was reached.",
            closes
                .by_overrun()
                .map(|(name, n)| ([("overrun", name)], n)),
        )?;
        page.counter(
            "lobbyd_cut_off",
            "WebSockets that were cut because their clients did not take their Close in time. They count as closes too.",
            closes.cut(),
        )
    }

    fn write_limits(&self, page: &mut Page<'_>) -> fmt::Result {
        let meters = &self.node.meters;
        let near = Limit::ALL
            .iter()
            .map(|&limit| ([("limit", limit.name())], meters.nearest(limit)));
        page.gauges(
            "lobbyd_limit_nearest_ratio",
            "How near a limit was in the last 30 to 60 seconds: 1 is at the limit; over 1 only where it is observed.",
            near,
        )?;
        let reached = Limit::ALL.iter().flat_map(|&limit| {
            let by = |mode| [("limit", limit.name()), ("mode", mode)];
            let (enforced, observed) = (meters.bitten(limit), meters.observed(limit));
            [(by("enforce"), enforced), (by("observe"), observed)]
        });
        page.counters(
            "lobbyd_limit_reached",
            "How often a limit was reached: with mode observe it only counted.",
            reached,
        )
    }

    fn write_rooms(&self, page: &mut Page<'_>) -> fmt::Result {
        let rooms_by_size = self.node.hub.room_sizes(self.rooms_top);
        let sizes = SIZE_CLASSES.iter().zip(rooms_by_size.by_size);
        page.gauges(
            "lobbyd_rooms",
            "Topics with joined channels, by the number of their joined channels.",
            sizes.map(|((name, _), count)| ([("members", *name)], count)),
        )?;
        let largest = || rooms_by_size.largest.iter();
        fn topic(name: &str) -> Label<'_> {
            [("topic", name)]
        }
        page.gauges(
            "lobbyd_room_members",
            "Joined channels of each of the largest rooms.",
            largest().map(|room| (topic(&room.topic), room.members)),
        )?;
        page.counters(
            "lobbyd_room_messages",
            "Broadcasts to each of the largest rooms since its first member joined.",
            largest().map(|room| (topic(&room.topic), room.messages)),
        )
    }
}
