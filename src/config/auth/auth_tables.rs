//! The settings of `[[auth.issuer]]`, `[[auth.issuer.key]]` and `[[auth.grant]]`.

use std::sync::LazyLock;

use super::auth_values::{GrantConfig, IssuerConfig, KeyConfig};
use crate::config::setting::{Setting, setting};

/// The settings of an `[[auth.issuer]]`.
pub static ISSUER: LazyLock<Vec<Setting<IssuerConfig>>> = LazyLock::new(|| {
    vec![
        setting!(IssuerConfig, "name", "Its name in logs and metrics.", name),
        setting!(
            IssuerConfig,
            "iss",
            "The `iss` of its tokens. Its keys are for these tokens alone.",
            iss
        )
        .unset(
            "tokens without `iss`, and those that no other issuer has",
            "\"https://id.example.com/\"",
        ),
        setting!(
            IssuerConfig,
            "audience",
            "A token must name one of these in its `aud`. `\"any\"`: the `aud` does not count.",
            audience
        )
        .unset("a token with an `aud` is refused", "[\"chat\"]"),
        setting!(
            IssuerConfig,
            "algorithms",
            "The algorithms that its keys may have; a key has those that fit it.",
            algorithms
        )
        .unset(
            "all that fit the key, but no HS for keys of a URL",
            "[\"ES256\", \"RS256\"]",
        ),
        setting!(
            IssuerConfig,
            "types",
            "The values that `typ` of a token's header may have, if it is there.",
            types
        ),
        setting!(
            IssuerConfig,
            "claims",
            "Whose claims say what a client may do: `lobbyd` (`lobbyd.grants`), `centrifugo` (`channels`, `subs`, `caps`) or \
             `supabase` (`role`; grants come from `[[auth.grant]]`).",
            claims
        ),
        setting!(
            IssuerConfig,
            "subject_claim",
            "The claim with the subject: a name, or a path with dots.",
            subject_claim
        ),
        setting!(
            IssuerConfig,
            "exp_required",
            "Whether a token must have an end (`exp`).",
            exp_required
        ),
        setting!(
            IssuerConfig,
            "jwks_url",
            "Where its keys are fetched, whole: `https`, or `http` on this machine.",
            jwks_url
        )
        .unset("none", "\"https://id.example.com/.well-known/jwks.json\""),
        setting!(
            IssuerConfig,
            "jwks_file",
            "A file with its keys, as a JWK set.",
            jwks_file
        )
        .unset("none", "\"/etc/lobbyd/jwks.json\""),
        setting!(
            IssuerConfig,
            "ca_file",
            "The authorities that the certificate of `jwks_url` must be of, as PEM.",
            ca_file
        )
        .unset("those of the web", "\"/etc/lobbyd/ca.pem\""),
    ]
});

/// The settings of an `[[auth.issuer.key]]`.
pub static KEY: LazyLock<Vec<Setting<KeyConfig>>> = LazyLock::new(|| {
    vec![
        setting!(KeyConfig, "id", "The `kid` of tokens that it signed.", id)
            .unset("tried for tokens without `kid`", "\"2026-12\""),
        setting!(KeyConfig, "algorithms", "The algorithms that it may have.", algorithms)
            .unset("those of the issuer that fit it", "[\"HS256\"]"),
        setting!(KeyConfig, "secret_file",
            "The file with a shared secret of 32 bytes or more. A line break at its end is left out.", secret_file)
        .unset("none", "\"/run/secrets/jwt\""),
        setting!(KeyConfig, "secret_env", "The variable with a shared secret.", secret_env)
            .unset("none", "\"JWT_SECRET\""),
        setting!(KeyConfig, "secret",
            "A shared secret itself. A file or a variable is better: whoever reads the configuration has the secret.", secret)
        .unset("none", "\"a secret of 32 bytes, or of more\""),
        setting!(KeyConfig, "encoding", "How the secret is written.", encoding),
        setting!(KeyConfig, "public_key_file",
            "The file with a public key or a certificate, as PEM.", public_key_file)
        .unset("none", "\"/etc/lobbyd/id.pem\""),
        setting!(KeyConfig, "until", "When it ends: from then on no token of it is taken.", until)
            .unset("never", "\"2026-12-31T00:00:00Z\""),
    ]
});

/// The settings of an `[[auth.grant]]`, but for `when`.
pub static GRANT: LazyLock<Vec<Setting<GrantConfig>>> = LazyLock::new(|| {
    vec![
        setting!(
            GrantConfig,
            "topics",
            "The topics: whole names, or `prefix*`.",
            topics
        ),
        setting!(
            GrantConfig,
            "allow",
            "What is granted there: `join`, `push`, `push:EVENT`, `presence`, `history`, or `*` for all.",
            allow
        ),
    ]
});

/// The settings of `when` of an `[[auth.grant]]`.
pub static WHEN: LazyLock<Vec<Setting<GrantConfig>>> = LazyLock::new(|| {
    vec![
        setting!(
            GrantConfig,
            "claim",
            "The claim that is asked for: a name, or a path with dots.",
            claim
        ),
        setting!(
            GrantConfig,
            "has",
            "What it must have: a text that it is, a member of its list, or a word of a `scope`.",
            has
        ),
    ]
});
