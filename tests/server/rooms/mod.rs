//! Rooms with rules through real sockets: the rules, the places, and the effect of a reload.

mod fixture;
mod members_max;
mod reload;
mod room_rates;
mod rules;
