//! What clients send and get, frame for frame: RFC 6455, Phoenix's protocol, and the tutorial's flow.

mod fastwebsockets_server;
mod handlers;
mod join_later;
mod phoenix;
mod tutorial;
mod websocket;
