//! What clients send and get, frame for frame: RFC 6455, Phoenix's protocol, and the tutorial's flow.

mod awaiting_join;
mod fastwebsockets_server;
mod handlers;
mod phoenix;
mod tutorial;
mod websocket;
