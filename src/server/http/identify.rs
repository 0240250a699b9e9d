//! Finding out whom a connect is from: the token of its request, and the check of it.

use std::sync::Arc;

use hyper::HeaderMap;
use hyper::header::{AUTHORIZATION, HeaderValue};

use super::identity::Identity;
use crate::channel::{Params, UserSocket};
use crate::credentials::{
    ExpiredToken, Occasion, Revocations, TokenCheck, TokenPolicy, TokenRefusal, Verdict, unix_ms,
};
use crate::server::admission::refusal::Refusal;

/// A request for a socket, as far as tokens are looked for in it.
#[derive(Clone, Copy)]
pub(crate) struct TokenPlaces<'a> {
    pub headers: &'a HeaderMap,
    /// The token of phoenix.js's `authToken`.
    pub auth_token: Option<&'a str>,
    pub params: &'a Params,
}

/// Finds the token of a request and checks it, on a mount that checks tokens.
///
/// # Errors
/// If the token is not taken, or if there is none and the mount wants one.
pub(crate) async fn identify(
    socket: &UserSocket,
    places: TokenPlaces<'_>,
    revocations: &Revocations,
) -> Result<Identity, Refusal> {
    let Some((checks, policy)) = socket.token_checks() else {
        return Ok(Identity::default());
    };
    let absent = |token: &&str| !checks.verifier().is_absent(token);
    let token = places.first(policy).map_err(Refusal::Token)?;
    let Some(token) = token.filter(absent) else {
        return match policy.required {
            true => Err(Refusal::Token(TokenRefusal::Missing)),
            false => Ok(Identity::default()),
        };
    };
    let tells = policy.expired == ExpiredToken::Tell;
    let occasion = Occasion::connect(unix_ms());
    let occasion = if tells { occasion.tell() } else { occasion };
    let verdict = match checks.check(token, &occasion) {
        TokenCheck::Now(verdict) => verdict,
        TokenCheck::Later(wait) => wait.await,
    };
    let (credentials, is_over) = match verdict {
        Verdict::Taken(credentials) => (credentials, false),
        Verdict::Expired(credentials) => (credentials, true),
        Verdict::Refused(refusal) => return Err(Refusal::Token(refusal)),
    };
    if revocations.revoke(&credentials, unix_ms()) {
        return Err(Refusal::Token(TokenRefusal::Revoked));
    }
    Ok(Identity {
        credentials: (!is_over).then(|| Arc::new(credentials)),
        is_told: is_over,
    })
}

impl<'a> TokenPlaces<'a> {
    /// Returns the text at the first place that has one. The places behind it are not looked
    /// at, because a token that is wrong must not leave the rights of another in force.
    fn first(self, policy: &TokenPolicy) -> Result<Option<&'a str>, TokenRefusal> {
        if policy.header
            && let Some(token) = bearer(self.headers)?
        {
            return Ok(Some(token));
        }
        let auth_token = self.auth_token.filter(|_| policy.auth_token);
        let params = policy.params.iter().filter(|name| !name.is_empty());
        let param = params.filter_map(|name| self.params.get(name)).next();
        Ok(auth_token.or(param))
    }
}

/// Returns the token of `Authorization: Bearer`. A header of another scheme belongs to somebody
/// before lobbyd. An empty token counts as none, because clients that have none send that.
fn bearer(headers: &HeaderMap) -> Result<Option<&str>, TokenRefusal> {
    let mut lines = headers.get_all(AUTHORIZATION).iter();
    let mut tokens = lines.by_ref().filter_map(|line| token_of(line).transpose());
    match (tokens.next(), tokens.next()) {
        (first, None) => first.transpose(),
        // Nobody can know which of the two is meant.
        (_, Some(_)) => Err(TokenRefusal::Malformed),
    }
}

fn token_of(line: &HeaderValue) -> Result<Option<&str>, TokenRefusal> {
    let line = line.to_str().map_err(|_| TokenRefusal::Malformed)?;
    let (scheme, token) = line.split_once(' ').unwrap_or((line, ""));
    let token = token.trim();
    let is_bearer = scheme.eq_ignore_ascii_case("bearer") && !token.is_empty();
    Ok(is_bearer.then_some(token))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bearer_of(lines: &[&str]) -> Result<Option<String>, TokenRefusal> {
        let lines = lines
            .iter()
            .map(|line| (AUTHORIZATION, HeaderValue::from_str(line).unwrap()));
        let headers = lines.collect();
        bearer(&headers).map(|token| token.map(str::to_owned))
    }

    #[test]
    fn bearer_token_is_taken_from_one_header_of_that_scheme() {
        let token = Ok(Some("a.b.c".to_owned()));
        assert_eq!(bearer_of(&["Bearer a.b.c"]), token);
        assert_eq!(bearer_of(&["bearer  a.b.c "]), token);
        assert_eq!(bearer_of(&["Basic dTpw", "Bearer a.b.c"]), token);
        for none in [
            &["Bearer "] as &[_],
            &["Bearer"],
            &["Basic dTpw"],
            &[""],
            &[],
        ] {
            assert_eq!(bearer_of(none), Ok(None), "{none:?}");
        }
        let two = ["Bearer a.b.c", "Bearer a.b.c"];
        assert_eq!(bearer_of(&two), Err(TokenRefusal::Malformed));
    }
}
