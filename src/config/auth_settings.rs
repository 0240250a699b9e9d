//! The settings of `[auth]`, `[auth.phoenix]` and `[background]`.

use super::auth::auth_values::{AtExpiryWord, ExpiredWord, RemovedKeyWord, word_of};
use super::number::{Whole, bytes, milliseconds};
use super::setting::{Setting, number, setting};
use super::tree::Config;

fn seconds(least: u64) -> Whole {
    Whole {
        unit: "seconds",
        range: least..=u64::from(u32::MAX),
        because: "",
    }
}

fn whole(unit: &'static str, most: u64) -> Whole {
    Whole {
        unit,
        range: 1..=most,
        because: "",
    }
}

/// Returns the settings of `[auth]`, in the order of the complete file.
pub(super) fn auth_settings() -> Vec<Setting<Config>> {
    [
        arrivals(),
        bounds(),
        ends(),
        fetched(),
        of_phoenix(),
        background(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn arrivals() -> Vec<Setting<Config>> {
    vec![
        setting!(Config,
            "auth.required",
            "Whether a client needs a good token to connect. If false, a client without one comes in, and rooms decide; a token \
             that is wrong is refused either way.",
            auth.required
        )
        .unset("true, if there is an `[[auth.issuer]]` or `[auth.phoenix]`", "false"),
        setting!(Config,
            "auth.params",
            "The parameters of the connect that may carry a token. The first that is present counts.",
            auth.policy.params
        ),
        setting!(Config,
            "auth.header",
            "Whether `Authorization: Bearer` may carry a token. It counts before all other places.",
            auth.policy.header
        ),
        setting!(Config,
            "auth.auth_token",
            "Whether `authToken` of phoenix.js 1.8 may carry a token. It counts before parameters.",
            auth.policy.auth_token
        ),
        Setting::new("auth.join_param",
            |c: &Config| Switched(c.auth.policy.join_param.clone()),
            |c, Switched(text)| c.auth.policy.join_param = text,
            "The field of a join's payload that may carry a token. Empty: none."),
        Setting::new("auth.refresh_event",
            |c: &Config| Switched(c.auth.policy.refresh_event.clone()),
            |c, Switched(text)| c.auth.policy.refresh_event = text,
            "The event by which a client hands over a newer token, as `{\"access_token\": …}`. Empty: none."),
    ]
}

fn bounds() -> Vec<Setting<Config>> {
    vec![
        number!(Config, "auth.token_bytes_max", bytes(256),
            "Longest token. A longer one is refused with `token_too_long`.", auth.token_bytes_max),
        number!(Config, "auth.leeway_s", seconds(0),
            "By how many seconds the clocks of issuers and of this machine may differ.", auth.leeway_s),
        number!(Config, "auth.lifetime_max_s", seconds(1),
            "Longest time from a token's `iat` to its `exp`.", auth.lifetime_max_s)
        .unset("any time", "86_400"),
        Setting::new("auth.socket_id",
            |c: &Config| Switched(c.auth.policy.socket_id.clone()),
            |c, Switched(text)| c.auth.policy.socket_id = text,
            "The socket id of a client, by which it can be disconnected; `{subject}` is the subject of its token. Empty: none."),
        setting!(Config, "auth.keep_claims",
            "Whether all claims of a token are kept with its connection, for an app to see.", auth.keep_claims),
        setting!(Config, "auth.revoked_file",
            "A file of tokens and subjects that are taken no longer: a JSON object a line, `{\"jti\": …}` or \
             `{\"subject\": …, \"issued_before\": SECONDS}`. It is read at the start and at SIGHUP.",
            auth.revoked_file)
        .unset("none", "\"/etc/lobbyd/revoked\""),
    ]
}

fn ends() -> Vec<Setting<Config>> {
    let ms = || milliseconds(0);
    vec![
        Setting::new(
            "auth.expired",
            |c: &Config| word_of::<ExpiredWord, _>(c.auth.policy.expired),
            |c, word| c.auth.policy.expired = word.into(),
            "What a connect gets whose token is genuine and over. `tell`: the socket opens, and each join that needs a token is \
             refused with `token_expired`. `refuse`: 401.",
        ),
        number!(
            Config,
            "auth.told_ms_max",
            milliseconds(1_000),
            "How long a socket may stay without a good token after it was told. Then it is closed with 4401.",
            auth.policy.told_ms_max
        ),
        Setting::new(
            "auth.at_expiry",
            |c: &Config| word_of::<AtExpiryWord, _>(c.auth.policy.at_expiry),
            |c, word| c.auth.policy.at_expiry = word.into(),
            "What ends with a token. `auto`: the connection, if the token came with its connect, else the rooms that need one. \
             `rooms`, `connection`: always that.",
        ),
        number!(
            Config,
            "auth.expiry_warning_ms",
            ms(),
            "How long before its token's end a client gets `lobbyd:token_expiring` on each of its topics, up to half as long again.",
            auth.policy.expiry_warning_ms
        ),
        number!(
            Config,
            "auth.expiry_grace_ms",
            ms(),
            "How long nothing changes after a token's end.",
            auth.policy.expiry_grace_ms
        ),
        number!(
            Config,
            "auth.refusal_delay_ms",
            Whole {
                unit: "milliseconds",
                range: 0..=60_000,
                because: ""
            },
            "How long after its request a refused connect is answered. phoenix.js comes back 10 ms after the first answer.",
            auth.policy.refusal_delay_ms
        ),
    ]
}

fn fetched() -> Vec<Setting<Config>> {
    vec![
        Setting::new(
            "auth.removed_key",
            |c: &Config| word_of::<RemovedKeyWord, _>(c.auth.policy.removed_key),
            |c, word| c.auth.policy.removed_key = word.into(),
            "What happens to connected clients whose token's key is gone. `keep`: they stay until their token's end. `expire`: \
             that end is now.",
        ),
        number!(
            Config,
            "auth.jwks_refresh_s",
            seconds(1),
            "After how long keys are fetched again from a `jwks_url` that names no time itself (`Cache-Control: max-age`).",
            auth.jwks_refresh_s
        ),
        number!(
            Config,
            "auth.jwks_cooldown_s",
            seconds(1),
            "Least time between two tries for a key that is not known.",
            auth.jwks_cooldown_s
        ),
        number!(
            Config,
            "auth.jwks_stale_max_s",
            seconds(1),
            "How long keys are used whose URL does not answer.",
            auth.jwks_stale_max_s
        ),
        number!(
            Config,
            "auth.jwks_wait_ms",
            milliseconds(0),
            "How long `/readyz` waits at the start for the keys of each `jwks_url`.",
            auth.jwks_wait_ms
        )
        .restart(),
    ]
}

fn of_phoenix() -> Vec<Setting<Config>> {
    vec![
        setting!(Config, "auth.phoenix.secret_key_base_file",
            "The file with the app's `secret_key_base`, as it stands in the app's configuration.",
            auth.phoenix.secret_key_base_file)
        .unset("none", "\"/run/secrets/secret_key_base\""),
        setting!(Config, "auth.phoenix.secret_key_base_env",
            "The variable with the app's `secret_key_base`.", auth.phoenix.secret_key_base_env)
        .unset("none", "\"SECRET_KEY_BASE\""),
        setting!(Config, "auth.phoenix.previous_file",
            "The file with the secret before, while tokens of both are in use.", auth.phoenix.previous_file)
        .unset("none", "\"/run/secrets/previous_key_base\""),
        setting!(Config, "auth.phoenix.salt", "The salt that the app signs with.", auth.phoenix.salt),
        setting!(Config, "auth.phoenix.max_age_s",
            "How old a token may be, in seconds; `\"token\"`: as old as it says itself; `\"infinity\"`.",
            auth.phoenix.max_age),
        setting!(Config, "auth.phoenix.subject",
            "The key of the subject, where the app signs a map. A number or a text is the subject itself.",
            auth.phoenix.subject)
        .unset("none", "\"id\""),
        number!(Config, "auth.phoenix.key_iterations", whole("", 1_000_000),
            "`key_iterations` of the app.", auth.phoenix.key_iterations),
        number!(Config, "auth.phoenix.key_length", whole("bytes", 1_024),
            "`key_length` of the app.", auth.phoenix.key_length),
        setting!(Config, "auth.phoenix.key_digest", "`key_digest` of the app.", auth.phoenix.key_digest),
    ]
}

fn background() -> Vec<Setting<Config>> {
    vec![
        number!(Config, "background.threads",
            Whole { unit: "", range: 1..=1_024, because: "" },
            "Threads that check signatures of private keys, beside those that serve connections. They start when one is needed.",
            background_threads)
        .unset("one for each core the process may use, at most 4", "2")
        .restart(),
        number!(Config, "background.nice",
            Whole { unit: "", range: 0..=19, because: "" },
            "By how much these threads stand back on a busy machine, as `nice` does.", background_nice)
        .restart(),
    ]
}

/// A text that may be empty, which turns its setting off.
#[derive(Clone)]
struct Switched(String);

impl super::form::Form for Switched {
    fn expected() -> String {
        "a text, empty for none".to_owned()
    }

    fn read(raw: super::raw::Raw<'_>) -> Result<Switched, super::unfit::Unfit> {
        let text = raw.text().ok_or(super::unfit::Unfit::Form)?;
        Ok(Switched(text.to_owned()))
    }

    fn show(&self) -> Option<String> {
        Some(super::form::quoted(&self.0))
    }
}
