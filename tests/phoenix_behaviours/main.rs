#[path = "../support/mod.rs"]
mod support;

mod binary;
mod channels;
mod closing;
mod connect;
mod ending;
mod logs;
mod order;
mod origins;
mod peer;
mod refs;
mod room;
mod socket_ids;
mod text;
