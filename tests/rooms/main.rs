//! Rooms by rules through real sockets: what each rule does, how many get in, and what a reload changes for whom.

mod declared;
mod full;
mod member;
mod reload;
mod stage;
#[path = "../support/mod.rs"]
mod support;
