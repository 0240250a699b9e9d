//! The warning of an `[auth]` that checks no token, because nobody signs any.

use crate::config::effective::Effective;
use crate::config::problem::Problem;
use crate::config::settings::SETTINGS;
use crate::config::tree::Config;

const IDLE: &str = "does nothing, because nobody signs tokens: every client comes in without one; expected an \
                    [[auth.issuer]], or auth.phoenix.secret_key_base_file";

/// Returns the warning at the first setting of `[auth]`, or else the first grant, where there is
/// nobody that signs tokens. Somebody that wrote it believes that clients are checked.
///
/// A setting that has its default, as in the complete file, is no sign of that, and neither is
/// `auth.required`: `false` is what happens, and `true` is refused.
pub(super) fn idle_auth(effective: &Effective) -> Option<Problem> {
    let config = &effective.config;
    if config.auth.is_set() {
        return None;
    }
    let default = Config::default();
    let mut settings = SETTINGS.iter().enumerate();
    let set = settings.find(|(index, setting)| {
        setting.path.starts_with("auth.")
            && setting.path != "auth.required"
            && effective.is_set(*index)
            && !setting.is_same(config, &default)
    });
    if let Some((index, _)) = set {
        return Some(Problem {
            line: effective.line(index),
            text: format!("{}: warning: {IDLE}", effective.place(index)),
        });
    }
    let grant = effective.auth_lines.grants.first()?;
    let file = effective.file_name();
    Some(Problem {
        line: grant.line,
        text: format!("{file}:{}: auth.grant: warning: {IDLE}", grant.line),
    })
}
