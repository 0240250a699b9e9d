//! Fan-out of broadcasts: one order per topic, logs and cursors, and passes that write to sockets.
//!
//! This module is engine: it is public with the feature `engine`, for benches and tests, and may
//! change at any time. An app finds [`Position`], settings and counts at the crate's root.
//!
//! The broker moves opaque sealed frames and knows no JSON, no HTTP and no channel. Shards share
//! the [`Hub`] (registry of topics), each [`Topic`] (one order) and each [`Mailbox`] (entries a
//! shard has still to take in). Everything else belongs to one shard's [`Fanout`], and only the
//! thread of that shard touches it.
//!
//! ```text
//! publish ─▶ Topic: sequence ─▶ Mailbox of interested shards ─▶ Room: Log ─▶ flush pass ─▶ Sink
//!                                                                send ─▶ Outlet ─┘
//! ```
//!
//! Lock order: the hub's registry, then a topic, then a mailbox.

mod fanout;
mod shrink;
mod topics;

pub use fanout::Fanout;
#[cfg(feature = "engine")]
pub use fanout::balance::BrokenInvariants;
pub use fanout::high_water::HighWater;
pub use fanout::listener::{Heard, HeardBy};
pub(crate) use fanout::outlet::UNREAD_OUTBOX_BYTES_MAX;
pub(crate) use fanout::outlets::Looks;
pub use fanout::settings::FanoutSettings;
pub use fanout::settings::Retention;
pub use fanout::sink::{Budget, Failure, Sink};
pub use fanout::subscribe::Terms;
pub use topics::counts::{FlushCounts, HubCounts};
#[cfg(feature = "engine")]
pub use topics::entry::Entry;
pub use topics::entry::{CLASSES, Class, Draft, Original, OriginalPayload, Seal, Wants};
pub use topics::hub::Hub;
pub use topics::mailbox::Mailbox;
#[cfg(feature = "engine")]
pub use topics::parcel::Parcel;
pub use topics::position::{Position, SubscriptionId};
pub use topics::room_sizes::SIZE_CLASSES;
#[cfg(feature = "engine")]
pub use topics::room_sizes::{LargeRoom, RoomSizes};
#[cfg(feature = "engine")]
pub use topics::shards::Shards;
#[cfg(not(feature = "engine"))]
pub(crate) use topics::topic::Topic;
#[cfg(feature = "engine")]
pub use topics::topic::{Placement, Topic};
pub(crate) use topics::topic_backpressure::lag_bytes_without_wait;
pub(crate) use topics::topic_bucket::SharedTokens;
