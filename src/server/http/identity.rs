//! What is known of the client of a connect, before it has a session.

use std::sync::Arc;

use crate::credentials::Credentials;

/// What is known of the client of a connect.
#[derive(Debug, Default)]
pub(crate) struct Identity {
    /// What its token says. `None` without a token, and for one whose time is over.
    pub credentials: Option<Arc<Credentials>>,
    /// True if the token was genuine, and its time is over: the client is told so at its joins.
    pub is_told: bool,
}
