//! The reading of the secrets of an app of Phoenix.

use super::findings::Findings;
use super::load_keys::READABLE;
use crate::config::auth::auth_values::AuthConfig;
use crate::config::auth::secret_text::SecretText;
use crate::credentials::{PhoenixSettings, PhoenixTokens, Secret};

impl Findings<'_> {
    /// Reads the secrets of `[auth.phoenix]`, and derives their keys. None without a secret, or if
    /// something is wrong, which is reported.
    pub fn phoenix(&mut self, auth: &AuthConfig) -> Option<(PhoenixSettings, PhoenixTokens)> {
        let own = &auth.phoenix;
        let path = match (&own.secret_key_base_file, &own.secret_key_base_env) {
            (Some(_), Some(_)) => {
                let text =
                    "stands beside auth.phoenix.secret_key_base_env; expected one of the two";
                self.wrong_setting("auth.phoenix.secret_key_base_file", text);
                return None;
            }
            (Some(_), None) => "auth.phoenix.secret_key_base_file",
            (None, Some(_)) => "auth.phoenix.secret_key_base_env",
            (None, None) => {
                if own.previous_file.is_some() {
                    let text = "needs the present secret too, in secret_key_base_file or _env";
                    self.wrong_setting("auth.phoenix.previous_file", text);
                }
                return None;
            }
        };
        let file = own.secret_key_base_file.as_ref().map(SecretText::of_file);
        let of_variable = |name: &str| Ok((SecretText::of_variable(name)?, false));
        let read = file.or_else(|| own.secret_key_base_env.as_deref().map(of_variable))?;
        let present = self.secret(path, read)?;
        let mut secrets = vec![present];
        if let Some(file) = &own.previous_file {
            secrets.extend(self.secret("auth.phoenix.previous_file", SecretText::of_file(file)));
        }
        let mut settings = PhoenixSettings::new(secrets);
        settings.salt.clone_from(&own.salt);
        settings.max_age = own.max_age.of_library();
        settings.subject.clone_from(&own.subject);
        settings.key_iterations = own.key_iterations.try_into().ok()?;
        settings.key_length = own.key_length;
        settings.key_digest = own.key_digest.into();
        settings.keep_claims = auth.keep_claims;
        match PhoenixTokens::new(settings.clone()) {
            Ok(tokens) => Some((settings, tokens)),
            Err(why) => {
                self.wrong_setting(path, &why.to_string());
                None
            }
        }
    }

    /// Takes the secret that was read for a setting.
    fn secret(&mut self, path: &str, read: Result<(SecretText, bool), String>) -> Option<Secret> {
        match read {
            Ok((text, is_readable)) => {
                if is_readable {
                    self.warn_setting(path, READABLE);
                }
                self.take(path, &text);
                Some(text.secret().clone())
            }
            Err(why) => {
                self.wrong_setting(path, &why);
                None
            }
        }
    }
}

/// Returns the line of the start.
pub fn told_of_phoenix(auth: &AuthConfig) -> String {
    let own = &auth.phoenix;
    let source = match own.secret_key_base_file {
        Some(_) => "secret_key_base_file",
        None => "secret_key_base_env",
    };
    let previous = match own.previous_file {
        Some(_) => ", and of previous_file",
        None => "",
    };
    format!(
        "phoenix: Phoenix.Token, salt {:?}, key of {source}{previous} (HS256, HS384, HS512)",
        own.salt
    )
}
