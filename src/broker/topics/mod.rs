//! The part of the broker that shards share: the members of topics, and one order per topic.

pub(crate) mod counts;
pub(crate) mod entry;
pub(crate) mod hub;
pub(crate) mod kind;
pub(crate) mod mailbox;
pub(crate) mod members_max;
pub(crate) mod parcel;
pub(crate) mod position;
pub(crate) mod registry;
pub(crate) mod room_lag;
pub(crate) mod room_sizes;
pub(crate) mod shards;
pub(crate) mod sync;
pub(crate) mod topic;
pub(crate) mod topic_backpressure;
pub(crate) mod topic_bucket;
