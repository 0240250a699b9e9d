//! Where tokens arrive at a mount, and what happens when their time is over: plain data.

/// What a mount does with tokens: the settings `[auth]` but for issuers and keys.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TokenPolicy {
    /// Whether a client needs a good token to open a socket. Default true. If false, a client
    /// without a token comes in, and rooms decide. A refused token opens nothing either way.
    pub required: bool,
    /// The parameters of the connect that may carry a token; the first that is present counts.
    /// Default `token`.
    pub params: Vec<String>,
    /// Whether `Authorization: Bearer` may carry a token. Default true.
    pub header: bool,
    /// Whether phoenix.js's `authToken` may carry a token. Default true.
    pub auth_token: bool,
    /// The field of a join's payload that may carry a token. Default `access_token`. Empty: none.
    pub join_param: String,
    /// The event by which a client hands over a newer token. Default `access_token`. Empty: none.
    pub refresh_event: String,
    /// What a connect gets whose token is genuine and over. Default [`ExpiredToken::Tell`].
    pub expired: ExpiredToken,
    /// How long a socket may stay open without a good token after it was told that its token is
    /// over, in milliseconds. Default 600,000. Then it is closed with 4401.
    pub told_ms_max: u64,
    /// What ends when a token's time and grace are over. Default [`AtExpiry::Auto`].
    pub at_expiry: AtExpiry,
    /// How long before a token's end its client is warned, in milliseconds. Default 30,000.
    pub expiry_warning_ms: u64,
    /// How long nothing changes after a token's end, in milliseconds. Default 25,000.
    pub expiry_grace_ms: u64,
    /// How long after the request a refusal is sent, in milliseconds. Default 1,000, because quick
    /// refusals bring phoenix.js back in 10 ms.
    pub refusal_delay_ms: u64,
    /// The socket id of a client with a subject, which stands where `{subject}` does. Default
    /// `user_socket:{subject}`, as Phoenix's generator suggests. Empty: none.
    pub socket_id: String,
    /// What happens to clients whose token's key is gone. Default [`RemovedKey::Keep`].
    pub removed_key: RemovedKey,
}

impl Default for TokenPolicy {
    fn default() -> TokenPolicy {
        TokenPolicy {
            required: true,
            params: vec!["token".to_owned()],
            header: true,
            auth_token: true,
            join_param: "access_token".to_owned(),
            refresh_event: "access_token".to_owned(),
            expired: ExpiredToken::Tell,
            told_ms_max: 600_000,
            at_expiry: AtExpiry::Auto,
            expiry_warning_ms: 30_000,
            expiry_grace_ms: 25_000,
            refusal_delay_ms: 1_000,
            socket_id: "user_socket:{subject}".to_owned(),
            removed_key: RemovedKey::Keep,
        }
    }
}

/// What a connect gets whose token is genuine, and whose time is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ExpiredToken {
    /// The socket opens without credentials, and each join that needs them is refused with
    /// `token_expired`. A browser does not show a page why its connect was refused.
    Tell,
    /// The connect is refused with 401.
    Refuse,
}

/// What ends when a token's time and grace are over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AtExpiry {
    /// What the token opened: the connection if it came with the connect, else the rooms.
    Auto,
    /// The rooms that need credentials.
    Rooms,
    /// The connection, with 4401.
    Connection,
}

/// What happens to connected clients whose token's key is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RemovedKey {
    /// They stay until their token's end.
    Keep,
    /// Their token's end is now: they have the grace alone.
    Expire,
}
