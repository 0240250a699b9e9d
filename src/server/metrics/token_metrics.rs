//! Metrics of tokens, the keys of their issuers, and the background threads.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use super::page::Page;
use crate::channel::TokenEvent;
use crate::credentials::{Issuer, Verifier};
use crate::server::background::Background;
use crate::server::background::shared_histogram::DurationCounts;
use crate::server::node::Node;

/// Writes the metrics of a server that checks tokens. There are none without `[auth]`.
pub(super) fn write(node: &Node, page: &mut Page<'_>) -> fmt::Result {
    let background = &node.background;
    if !background.is_used() {
        return Ok(());
    }
    write_tokens(background, page)?;
    write_refreshes(node, page)?;
    write_keys(&background.keys.verifiers(), page)?;
    let pool = &background.pool;
    page.gauge(
        "lobbyd_background_waiting",
        "Jobs that wait for a background thread.",
        pool.waiting().unwrap_or_default() as u64,
    )?;
    let jobs = pool.stats().read();
    page.bucketed(
        "lobbyd_background_seconds",
        "How long a job took on a background thread, by its kind, without its wait.",
        jobs.map(|(kind, times)| ([("job", kind.name())], times)),
    )
}

fn write_refreshes(node: &Node, page: &mut Page<'_>) -> fmt::Result {
    let count = |event: TokenEvent| {
        let shards = node.stats.iter();
        shards
            .map(|shard| shard.tokens[event as usize].read())
            .sum()
    };
    page.counters(
        "lobbyd_refreshes",
        "Newer tokens that connected clients handed over in an event, by the answer.",
        [
            ([("result", "ok")], count(TokenEvent::Refreshed)),
            ([("result", "refused")], count(TokenEvent::RefreshRefused)),
        ],
    )?;
    page.counters(
        "lobbyd_credentials_expired",
        "What the ends of tokens came to, of clients that were connected.",
        [
            ([("outcome", "warned")], count(TokenEvent::Warned)),
            ([("outcome", "refreshed")], count(TokenEvent::Refreshed)),
            ([("outcome", "room_ended")], count(TokenEvent::RoomEnded)),
            ([("outcome", "closed")], count(TokenEvent::Closed)),
        ],
    )?;
    page.gauge(
        "lobbyd_revocations",
        "Tokens and subjects that are taken no longer, those whose time is over included.",
        node.admission.revocations.len(),
    )
}

fn write_tokens(background: &Background, page: &mut Page<'_>) -> fmt::Result {
    let stats = &background.tokens;
    let (tokens, fetches) = (stats.tokens.read(), stats.fetches.read());
    type CountRow = (Box<str>, &'static str, u64);
    fn labelled(row: &CountRow) -> ([(&'static str, &str); 2], u64) {
        let (issuer, result, count) = row;
        ([("issuer", issuer), ("result", result)], *count)
    }
    page.counters(
        "lobbyd_tokens",
        "Tokens that were judged: ok, cached (good before, and good still), or the code of a refusal.",
        tokens.iter().map(labelled),
    )?;
    let times = stats.times();
    let by_algorithm = |(algorithm, times): (crate::credentials::Algorithm, DurationCounts)| {
        ([("algorithm", algorithm.name())], times)
    };
    page.bucketed(
        "lobbyd_token_check_seconds",
        "How long the check of a signature and its claims took, without its wait for a thread.",
        times.map(by_algorithm),
    )?;
    page.counters(
        "lobbyd_jwks_fetches",
        "Fetches of the keys at an issuer's URL, by the result.",
        fetches.iter().map(labelled),
    )
}

fn write_keys(verifiers: &[Arc<Verifier>], page: &mut Page<'_>) -> fmt::Result {
    // The youngest verifier counts: after a reload the one of before is there for a moment.
    let issuers = verifiers.iter().flat_map(|verifier| verifier.issuers());
    let issuers: BTreeMap<&str, &Issuer> = issuers.map(|issuer| (issuer.name(), issuer)).collect();
    let keys_of = |issuer: &Issuer| issuer.current_keys().map_or(0, |keys| keys.keys().len());
    let keys = issuers
        .iter()
        .map(|(name, issuer)| ([("issuer", *name)], keys_of(issuer) as u64));
    page.gauges("lobbyd_token_keys", "Keys that an issuer has now.", keys)?;
    let ages = issuers.iter().filter_map(|(name, issuer)| {
        let age = issuer.refresh()?.age()?;
        Some(([("issuer", *name)], age.as_secs_f64()))
    });
    page.gauges(
        "lobbyd_jwks_age_seconds",
        "How long ago the keys at an issuer's URL were last fetched, or found unchanged.",
        ages,
    )
}
