//! The broker: one order per topic, logs and cursors, and the passes that write them to sockets.
//!
//! What is here is engine, public for benches and tests: no promise is made that it stays as it is. An app needs no more
//! of it than [`Position`] and what it is told to keep, which are at the crate's root as well.
//!
//! It moves opaque sealed frames and knows no JSON, no HTTP and no channel. Shared between shards are [`Hub`] (who is
//! who), [`Topic`] (one order) and [`Mailbox`] (what a shard has still to take in); everything else belongs to one
//! shard's [`Fanout`] and is touched by its thread alone.
//!
//! ```text
//! publish ─▶ Topic: sequence ─▶ Mailbox of each interested shard ─▶ Room: Log ─▶ flush pass ─▶ Sink
//!                                                                    send ─▶ Outlet ─┘
//! ```
//!
//! Lock order: the hub's registry, then a topic, then a mailbox.

mod census;
mod circle;
mod counts;
mod drain;
mod entry;
mod fanout;
mod flush;
mod heights;
mod hub;
mod intake;
mod laps;
mod log;
mod mailbox;
mod members;
mod outlet;
mod position;
mod registry;
mod retention;
mod room;
mod spare;
mod subscribing;
mod sync;
mod topic;

pub use census::{Census, LargeRoom, SIZE_CLASSES};
pub use counts::{FlushCounts, HubCounts};
pub use entry::{CLASSES, Class, Draft, Entry, Original, Wants};
pub use fanout::{Fanout, FanoutSettings};
pub use flush::{Budget, Failure, Sink};
pub use heights::Heights;
pub use hub::Hub;
pub use intake::{Heard, HeardBy};
pub use mailbox::Mailbox;
pub use position::{Position, SubscriptionId};
pub use retention::Retention;
pub use subscribing::Terms;
pub use topic::{Parcel, Published, Topic};
