//! Who connects and what they say, how it is written, and the account of what came back.

pub mod fleet;
pub mod ledger;
pub mod meter;
pub mod wire;
