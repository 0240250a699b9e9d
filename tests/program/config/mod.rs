//! The configuration as an operator meets it: wrong ones are refused before anything is bound, with words that help; the
//! right one is shown with where its values come from; a running server reads it again at SIGHUP.

mod admin_listener;
mod documents;
mod fixture;
mod invalid;
mod invalid_files;
mod limits;
mod logs;
mod proxies;
mod reload;
mod reload_for_clients;
mod rooms;
mod valid;
