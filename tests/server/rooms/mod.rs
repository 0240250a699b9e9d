//! Rooms by rules through real sockets: what each rule does, how many get in, and what a reload changes for whom.

mod fixture;
mod members_max;
mod reload;
mod rules;
