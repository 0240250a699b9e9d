//! The configuration as an operator meets it: wrong ones are refused before anything is bound, with words that help; the
//! right one is shown with where its values come from; a running server reads it again at SIGHUP.

mod admin;
mod documents;
mod limits;
mod logs;
#[path = "../rooms/member.rs"]
mod member;
mod program;
mod proxies;
mod reload;
mod reload_for_clients;
mod right;
mod rooms;
#[path = "../support/mod.rs"]
mod support;
mod wrong;
