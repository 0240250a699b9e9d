//! Hostile input: every attack has its stated outcome, and nobody else notices. During each attack two well-behaved
//! clients chat, each message delivered in order before a deadline; after it nothing is left of the attacker.

mod arena;
mod churn;
mod crowds;
mod firehose;
mod half_open;
mod handshake;
mod join_storm;
mod json;
mod last_words;
mod never_reads;
mod observed;
mod other_rates;
mod panics;
mod partial;
mod passes;
mod proxies;
mod rates;
mod silent;
mod stop;
#[path = "../support/mod.rs"]
mod support;
