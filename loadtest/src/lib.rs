//! lobbyd-loadtest: a load test for any server that speaks the Phoenix Channels protocol. It proves delivery, message by
//! message, and tells capacity and delay.

pub mod clock;
pub mod floor;
pub mod host;
pub mod ledger;
pub mod meter;
pub mod result;
pub mod wire;
