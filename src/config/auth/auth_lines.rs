//! The lines of a file where its issuers, keys and grants stand.

use crate::config::lines::TableLines;

/// The lines of `[auth]`'s lists.
#[derive(Clone, Debug, Default)]
pub struct AuthLines {
    /// Those of each `[[auth.issuer]]`, in their order.
    pub issuers: Vec<IssuerLines>,
    /// Those of each `[[auth.grant]]`, in their order.
    pub grants: Vec<TableLines>,
}

/// The lines of one issuer.
#[derive(Clone, Debug, Default)]
pub struct IssuerLines {
    /// The lines of the `[[auth.issuer]]`.
    pub issuer: TableLines,
    /// The lines of each `[[auth.issuer.key]]` of it.
    pub keys: Vec<TableLines>,
}
