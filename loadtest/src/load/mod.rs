//! The load: connections, the bytes they write, and the account of the deliveries.

pub mod fleet;
pub mod ledger;
pub mod meter;
pub mod wire;
