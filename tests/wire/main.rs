//! What clients send and get, frame for frame: RFC 6455, Phoenix's protocol, and the tutorial's flow.

mod awaiting_join;
mod handlers;
mod phoenix;
#[path = "../support/mod.rs"]
mod support;
mod tutorial;
mod websocket;
