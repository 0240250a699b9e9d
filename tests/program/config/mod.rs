//! The configuration as an operator uses it.
//!
//! Wrong files are refused before anything is bound, with helpful lines. Right values are shown
//! with their source. A running server reads its file again at SIGHUP.

mod admin_listener;
mod auth_reload;
mod auth_secrets;
mod complete_file;
mod documents;
pub mod fixture;
mod invalid;
mod invalid_auth;
mod invalid_files;
mod invalid_rates;
mod limits;
mod log_floods;
mod logs;
mod proxies;
mod reload;
mod reload_for_clients;
mod rooms;
mod valid;
