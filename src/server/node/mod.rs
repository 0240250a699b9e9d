//! What the threads of a server share, and what they count.

pub(crate) mod closes;
pub(crate) mod histogram;
pub(crate) mod shard_stats;
pub(crate) mod status;
