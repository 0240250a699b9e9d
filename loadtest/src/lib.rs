//! A load test for any server that speaks the Phoenix Channels protocol.
//!
//! It proves delivery, message by message, and shows capacity and delay. Each module names only
//! those after it: `scenario` (what each subcommand does), `run` (what every scenario needs),
//! `arguments` (what is typed), `report` (what is shown of a result), `load` (who connects, what is
//! said, what came back), `observe` (what the machine and the server use), `floor` (the cheapest
//! server), `result` (what was found), `clock`.

pub mod scenario;

pub mod run;

pub mod arguments;
pub mod report;

pub mod load;

pub mod floor;
pub mod observe;

pub mod result;

pub mod clock;
