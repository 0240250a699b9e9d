//! The load: connections, the bytes they write, and the account of the deliveries.

pub mod columns;
pub mod fleet;
pub mod ledger;
pub mod lobby_plan;
pub mod meter;
pub mod template;
pub mod wire;
