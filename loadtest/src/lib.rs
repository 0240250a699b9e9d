//! lobbyd-loadtest: a load test for any server that speaks the Phoenix Channels protocol. It proves delivery, message by
//! message, and tells capacity and delay. The modules, from what is typed to what is shown:

pub mod arguments;
pub mod scenario;

pub mod objective;
pub mod run;
pub mod stand;
pub mod target;
pub mod trial;

pub mod clock;
pub mod fleet;
pub mod ledger;
pub mod meter;
pub mod wire;

pub mod floor;
pub mod host;
pub mod watch;

pub mod interrupt;
pub mod progress;
pub mod report;
pub mod result;
