//! A load test for any server that speaks the Phoenix Channels protocol.
//!
//! The load test proves delivery, message by message, and shows capacity and delay. Each module
//! names only those after it: `scenario` (the subcommands), `run` (the parts of every scenario),
//! `arguments` (the command line), `report` (the forms of a result), `load` (connections, messages
//! and their account), `observe` (the machine's and the server's use), `floor` (the cheapest
//! server), `result` (the findings), `clock`.

pub mod scenario;

pub mod run;

pub mod arguments;
pub mod report;

pub mod load;

pub mod floor;
pub mod observe;

pub mod result;

pub mod clock;
