//! lobbyd-loadtest: a load test for any server that speaks the Phoenix Channels protocol. It proves delivery, message by
//! message, and tells capacity and delay. The modules, from what is typed to what is shown:

pub mod arguments;
pub mod scenario;

pub mod run;

pub mod load;

pub mod floor;
pub mod observe;

pub mod report;
pub mod result;
