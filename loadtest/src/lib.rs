//! lobbyd-loadtest: a load test for any server that speaks the Phoenix Channels protocol. It proves delivery, message by
//! message, and tells capacity and delay.

pub mod report;
pub mod result;
