//! The command line of `lobbyd token`. The comments of the fields are the help a user reads.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// A command that looks at a token, or makes one.
#[derive(Clone, Debug, PartialEq, Eq, clap::Subcommand)]
pub enum TokenCommand {
    /// Says whether a token would be taken, why, and what it grants
    ///
    /// All checks are shown in their order, up to the one that refuses the token. Exit
    /// code 0 if the token is taken, 1 if it is refused. The token itself is not
    /// printed. Keys of a jwks_url are not fetched; save the set as a jwks_file.
    #[command(verbatim_doc_comment)]
    Explain(ExplainFlags),
    /// Makes a token with a key of the configuration, and prints it
    ///
    /// It is for trials, and for backends without a library. A shared secret of the
    /// configuration signs, or the private key that --private-key names.
    #[command(verbatim_doc_comment, after_help = SIGN_EXAMPLES)]
    Sign(Box<SignFlags>),
}

/// The flags of `lobbyd token explain`.
#[derive(Clone, Debug, PartialEq, Eq, clap::Args)]
pub struct ExplainFlags {
    /// The token; - reads it from stdin, so that no list of processes shows it
    pub token: TokenText,

    /// The configuration file [default: LOBBYD_CONFIG]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// Looks at the token as one that came with the join of this topic
    #[arg(long, value_name = "TOPIC")]
    pub topic: Option<String>,
}

/// The flags of `lobbyd token sign`.
#[derive(Clone, Debug, Default, PartialEq, Eq, clap::Args)]
pub struct SignFlags {
    /// The configuration file [default: LOBBYD_CONFIG]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// Signs for the [[auth.issuer]] of this name [default: the only one]
    #[arg(long, value_name = "NAME", conflicts_with = "phoenix")]
    pub issuer: Option<String>,

    /// Signs as the app of [auth.phoenix] does
    #[arg(long, conflicts_with_all = ["key", "algorithm", "private_key", "audience", "grants", "topic"])]
    pub phoenix: bool,

    /// Signs with the key of this id [default: the first that is in force]
    #[arg(long, value_name = "ID")]
    pub key: Option<String>,

    /// Signs with this algorithm [default: the first of the key]
    #[arg(long, value_name = "ALGORITHM")]
    pub algorithm: Option<String>,

    /// Signs with the private key in this file: PEM, PKCS#8 or PKCS#1
    #[arg(long, value_name = "FILE")]
    pub private_key: Option<PathBuf>,

    /// Whose token it is
    #[arg(long, value_name = "SUBJECT")]
    pub subject: Option<String>,

    /// How long it lives: seconds, or a number with s, m, h or d [default: 1h]
    #[arg(long, value_name = "TIME")]
    pub expires_in: Option<Lifetime>,

    /// For whom it is: its aud [default: the first audience of the issuer]
    #[arg(long, value_name = "AUDIENCE")]
    pub audience: Option<String>,

    /// What it grants: a topic or prefix*, and join, push, push:EVENT, presence, history or *
    #[arg(long = "grant", value_name = "TOPIC=OPERATION,…")]
    pub grants: Vec<TopicGrant>,

    /// A claim: JSON, or else a text; it takes the place of one that is there
    #[arg(long = "claim", value_name = "NAME=VALUE")]
    pub claims: Vec<ClaimValue>,

    /// Makes a token for the join of this topic alone (claims = "centrifugo")
    #[arg(long, value_name = "TOPIC")]
    pub topic: Option<String>,
}

const SIGN_EXAMPLES: &str = "\
Examples:
  lobbyd token sign --config lobbyd.toml --subject u17 --grant 'room:*=join,push'
  lobbyd token sign --config lobbyd.toml --issuer accounts --subject u17 --expires-in 5m
  lobbyd token sign --config lobbyd.toml --phoenix --subject 17
  lobbyd token sign --config lobbyd.toml --subject u17 | lobbyd token explain --config lobbyd.toml -";

/// A token as it was typed. Its `Debug` shows its length alone.
#[derive(Clone, PartialEq, Eq)]
pub struct TokenText(pub String);

impl fmt::Debug for TokenText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "…({} bytes)", self.0.len())
    }
}

impl FromStr for TokenText {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<TokenText, Self::Err> {
        Ok(TokenText(text.to_owned()))
    }
}

/// How long a token lives, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetime(pub u32);

impl FromStr for Lifetime {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Lifetime, Self::Err> {
        let (digits, unit) = match text.strip_suffix(['s', 'm', 'h', 'd']) {
            Some(digits) => (digits, text.as_bytes().last()),
            None => (text, None),
        };
        let seconds: u32 = match unit {
            Some(b'm') => 60,
            Some(b'h') => 3_600,
            Some(b'd') => 86_400,
            _ => 1,
        };
        let number: Option<u32> = digits.parse().ok();
        let whole = number.and_then(|number| number.checked_mul(seconds));
        let whole = whole.filter(|seconds| *seconds > 0);
        whole
            .map(Lifetime)
            .ok_or("a time is expected, as in 90, 15m, 1h or 7d")
    }
}

/// What a token grants for a pattern of topics.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicGrant {
    /// The topic, or `prefix*`.
    pub topic: String,
    /// The operations.
    pub operations: Vec<String>,
}

impl FromStr for TopicGrant {
    type Err = String;

    fn from_str(text: &str) -> Result<TopicGrant, String> {
        // A topic may have a `=` of its own; operations have none.
        let (topic, operations) = (text.rsplit_once('='))
            .filter(|(topic, _)| !topic.is_empty())
            .ok_or("TOPIC=OPERATION,… is expected, as in 'room:*=join,push'")?;
        let operations = operations.split(',').map(str::trim);
        let is_known = |name: &str| {
            matches!(name, "join" | "push" | "presence" | "history" | "*")
                || name
                    .strip_prefix("push:")
                    .is_some_and(|event| !event.is_empty())
        };
        if let Some(other) = operations.clone().find(|name| !is_known(name)) {
            return Err(format!(
                "{other:?} is no operation; join, push, push:EVENT, presence, history or * is expected"
            ));
        }
        Ok(TopicGrant {
            topic: topic.to_owned(),
            operations: operations.map(str::to_owned).collect(),
        })
    }
}

/// A claim and its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimValue {
    /// The name.
    pub name: String,
    /// The value.
    pub value: serde_json::Value,
}

impl FromStr for ClaimValue {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<ClaimValue, Self::Err> {
        let (name, value) = (text.split_once('='))
            .filter(|(name, _)| !name.is_empty())
            .ok_or("NAME=VALUE is expected, as in role=admin")?;
        let value = serde_json::from_str(value).unwrap_or_else(|_| value.into());
        Ok(ClaimValue {
            name: name.to_owned(),
            value,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lifetime_is_seconds_or_has_a_unit() {
        for (text, seconds) in [
            ("90", 90),
            ("90s", 90),
            ("15m", 900),
            ("1h", 3_600),
            ("7d", 604_800),
        ] {
            assert_eq!(text.parse(), Ok(Lifetime(seconds)));
        }
        for wrong in ["", "0", "h", "1w", "-1", "1.5h", "99999999d"] {
            assert!(wrong.parse::<Lifetime>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn grant_is_a_topic_and_its_operations() {
        let grant: TopicGrant = "room:a=b:*=join, push:move".parse().unwrap();
        assert_eq!(grant.topic, "room:a=b:*");
        assert_eq!(grant.operations, ["join", "push:move"]);
        for wrong in ["room:*", "=join", "room=", "room=jion", "room=push:"] {
            assert!(wrong.parse::<TopicGrant>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn claim_is_json_or_a_text() {
        let value = |text: &str| text.parse::<ClaimValue>().unwrap().value;
        assert_eq!(value("a=7"), 7);
        assert_eq!(value("a=[\"x\"]"), serde_json::json!(["x"]));
        assert_eq!(value("a=b=c"), "b=c");
        assert_eq!(value("a="), "");
        assert!("=b".parse::<ClaimValue>().is_err());
    }

    #[test]
    fn token_of_the_command_line_is_not_in_its_debug() {
        let shown = format!("{:?}", TokenText("marker".to_owned()));
        assert_eq!(shown, "…(6 bytes)");
    }
}
