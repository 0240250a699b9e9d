//! The frames of clients and server, one by one: RFC 6455, Phoenix's protocol, and the tutorial.

mod fastwebsockets_server;
mod handlers;
mod join_later;
mod phoenix;
mod tokens;
mod tutorial;
mod websocket;
