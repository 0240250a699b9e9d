//! `[auth]` as data, and the settings of its lists.

pub(super) mod auth_forms;
pub(super) mod auth_lines;
pub(super) mod auth_tables;
pub(super) mod auth_values;
pub(super) mod key_end;
pub(super) mod loaded_tokens;
pub(super) mod secret_text;
