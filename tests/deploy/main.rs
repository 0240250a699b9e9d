//! Deploys: how a server ends without disturbing who is connected, how one takes over a listener from another, and what a
//! service manager is told of that. Through real sockets, and through the real binary where an operator would use it.

mod drain;
mod handed_over;
mod notify;
mod process;
mod restart;
#[path = "../support/mod.rs"]
mod support;
mod units;
