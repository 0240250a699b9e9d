//! Flags, environment and file become one checked configuration.
//!
//! The configuration knows the source of each of its values. One table of settings ([`SETTINGS`])
//! is behind the reading, the messages, the complete file, the documentation's tables and the
//! reload, so that none of them can contradict another.

mod address;
mod apply;
mod arguments;
mod auth;
mod auth_changes;
mod auth_settings;
mod change;
mod changes;
mod checks;
mod effective;
mod file;
mod form;
mod given;
mod limit_settings;
mod lines;
mod lists;
mod load;
mod log_values;
mod names;
mod number;
mod print;
mod problem;
mod raw;
mod room;
mod room_changes;
mod room_forms;
mod setting;
mod settings;
mod tables;
mod token_arguments;
mod tree;
mod unfit;

pub use address::{ListenAddress, Unresolvable};
pub use arguments::{Arguments, ConfigCommand, Flags, Subcommand};
pub use auth::auth_lines::{AuthLines, IssuerLines};
pub use auth::auth_values::{AuthConfig, IssuerConfig};
pub use auth::loaded_tokens::{KeySigner, LoadedTokens};
pub use change::Change;
pub use changes::{Changes, WithoutEffect, settle, without_effect};
pub use effective::{Effective, Flag, Source};
pub use form::{Mode, SocketPath};
pub use given::Given;
pub use lines::{RoomLines, TableLines};
pub use lists::Origins;
pub use log_values::{LogFormat, LogLevel};
pub use print::{complete, effective};
pub use problem::{Problem, Problems};
pub use room::{RetentionConfig, RoomConfig};
pub use setting::Setting;
pub use settings::SETTINGS;
pub use tables::tables;
pub use token_arguments::{ExplainFlags, SignFlags, TokenCommand, TopicGrant};
pub use tree::Config;
