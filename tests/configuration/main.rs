//! The configuration as an operator meets it: wrong ones are refused before anything is bound, with words that help; the
//! right one is shown with where its values come from; a running server reads it again at SIGHUP.

mod documents;
mod logs;
mod program;
mod reload;
mod right;
#[path = "../support/mod.rs"]
mod support;
mod wrong;
