//! How many broadcasts left out the subscribers of one version, because it has no form of them.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::protocol::{Unencodable, Version};
use crate::server::admission::Admission;
use crate::server::log::notice::{shown, summed};
use crate::session::BroadcastFrames;

/// The versions by their words for metric labels.
const VERSIONS: [(Version, &str); 2] = [(Version::V1, "1"), (Version::V2, "2")];

/// The counts of all shards, and of broadcasts from outside any shard.
#[derive(Debug, Default)]
pub(crate) struct Skipped([AtomicU64; VERSIONS.len()]);

impl Skipped {
    /// Counts and logs the versions that a broadcast has skipped. Any client of a room that relays
    /// bytes can cause that, with each of its pushes.
    pub fn note(&self, frames: &BroadcastFrames<'_>, admission: &Admission) {
        for (skipped, why) in frames.skipped() {
            let versions = VERSIONS.iter().zip(&self.0);
            for ((_, version), count) in versions.filter(|((version, _), _)| *version == skipped) {
                count.fetch_add(1, Ordering::Relaxed);
                summed!(
                    admission.sums, BroadcastSkipped, version,
                    topic = shown(frames.topic), event = shown(frames.event), version, %why,
                    hint = hint(*why)
                );
            }
        }
    }

    /// Returns each version with the number of broadcasts that skipped it.
    pub fn counts(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let versions = VERSIONS.iter().zip(&self.0);
        versions.map(|((_, version), count)| (*version, count.load(Ordering::Relaxed)))
    }
}

/// Returns what would let such a broadcast reach all subscribers, for the log.
fn hint(why: Unencodable) -> &'static str {
    match why {
        Unencodable::BinaryToV1 => "have clients ask for vsn=2.0.0, or have the event carry JSON",
        Unencodable::NotAnObject => "have the app broadcast an object",
        Unencodable::TooLong => "have the app use names of at most 255 bytes",
    }
}
