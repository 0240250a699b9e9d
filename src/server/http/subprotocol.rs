//! The auth token in `Sec-WebSocket-Protocol`, and the choice of a subprotocol.

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use hyper::HeaderMap;
use hyper::header::{HeaderValue, SEC_WEBSOCKET_PROTOCOL};

/// The prefix of the auth token, equal in phoenix.js 1.8 and Phoenix.
const AUTH_TOKEN_PREFIX: &str = "base64url.bearer.phx.";

/// The subprotocol that phoenix.js offers along with the auth token.
const PHOENIX: &str = "phoenix";

/// Base64 with optional padding: phoenix.js strips the padding, other clients may leave it.
const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

/// Error: the one item that looks like an auth token is no Base64 of a UTF-8 text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BadToken;

/// Error: the mount accepts none of the names offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NothingInCommon;

/// Takes the auth token out of the header. Takes nothing if no item, or more than one, looks like a
/// token.
///
/// All lines are one list (RFC 6455, 11.3.4). Phoenix reads the first line alone.
///
/// The prefix says base64url, but Phoenix decodes the standard alphabet, and phoenix.js encodes
/// with `btoa`, which uses the standard alphabet too. Both alphabets are taken here, each with or
/// without padding. A token that decodes to no UTF-8 is refused.
pub(crate) fn take_auth_token(headers: &mut HeaderMap) -> Result<Option<String>, BadToken> {
    let is_token = |item: &&str| item.starts_with(AUTH_TOKEN_PREFIX);
    let (tokens, others): (Vec<&str>, Vec<&str>) = offered(headers).partition(is_token);
    let [token] = tokens.as_slice() else {
        return Ok(None);
    };
    let encoded = token.strip_prefix(AUTH_TOKEN_PREFIX).unwrap_or_default();
    let decoded = STANDARD
        .decode(encoded)
        .or_else(|_| URL_SAFE.decode(encoded));
    let token = decoded
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .ok_or(BadToken)?;
    let rest = HeaderValue::from_str(&others.join(", ")).ok();
    headers.remove(SEC_WEBSOCKET_PROTOCOL);
    if let Some(rest) = rest.filter(|rest| !rest.is_empty()) {
        headers.insert(SEC_WEBSOCKET_PROTOCOL, rest);
    }
    Ok(Some(token))
}

/// Returns the subprotocol for the answer: the first name in the *server's* list that the client
/// offers. The server's list is `configured`, with `phoenix` in front if the mount takes an auth
/// token. `Ok(None)` if nothing is offered.
///
/// Without a list the offer is ignored, as in Phoenix, but for `phoenix`: phoenix.js offers it with
/// a token, and a browser fails an answer that names no subprotocol when it has offered some.
pub(crate) fn choose(
    configured: Option<&[String]>,
    auth_token: bool,
    headers: &HeaderMap,
) -> Result<Option<HeaderValue>, NothingInCommon> {
    if !headers.contains_key(SEC_WEBSOCKET_PROTOCOL) {
        return Ok(None);
    }
    let has_list = configured.is_some() || auth_token;
    let own = (auth_token || !has_list).then_some(PHOENIX).into_iter();
    let mut accepted = own.chain(configured.unwrap_or_default().iter().map(String::as_str));
    let chosen = accepted.find(|name| offered(headers).any(|item| item == *name));
    match chosen.and_then(|name| HeaderValue::from_str(name).ok()) {
        None if has_list => Err(NothingInCommon),
        chosen => Ok(chosen),
    }
}

/// Returns the items that the client offers, of all lines. A line that is not ASCII has none.
fn offered(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let lines = headers.get_all(SEC_WEBSOCKET_PROTOCOL).into_iter();
    let items = lines.flat_map(|line| line.to_str().unwrap_or_default().split(','));
    items.map(str::trim).filter(|item| !item.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[&str]) -> HeaderMap {
        let line = |line: &&str| (SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_str(line).unwrap());
        lines.iter().map(line).collect()
    }

    fn shown(headers: &HeaderMap) -> Vec<&str> {
        headers
            .get_all(SEC_WEBSOCKET_PROTOCOL)
            .iter()
            .map(|line| line.to_str().unwrap())
            .collect()
    }

    #[test]
    fn servers_first_name_that_is_offered_is_chosen() {
        let sip: &[&str] = &["sip"];
        let two: &[&str] = &["sip", "mqtt"];
        type Row<'a> = (
            Option<&'a [&'a str]>,
            bool,
            &'a [&'a str],
            Result<Option<&'a str>, NothingInCommon>,
        );
        let table: &[Row] = &[
            (None, false, &["anything"], Ok(None)),
            (None, false, &["a, phoenix"], Ok(Some("phoenix"))),
            (None, false, &["a", "phoenix"], Ok(Some("phoenix"))),
            (Some(sip), false, &["phoenix"], Err(NothingInCommon)),
            (Some(sip), false, &[], Ok(None)),
            (Some(sip), false, &["sip"], Ok(Some("sip"))),
            (Some(sip), false, &["mqtt"], Err(NothingInCommon)),
            (Some(sip), false, &[""], Err(NothingInCommon)),
            (Some(sip), false, &["SIP"], Err(NothingInCommon)),
            (Some(two), false, &["mqtt, sip"], Ok(Some("sip"))),
            (Some(two), false, &["mqtt,x"], Ok(Some("mqtt"))),
            (Some(two), false, &["x", "mqtt"], Ok(Some("mqtt"))),
            (Some(two), false, &["x", "y"], Err(NothingInCommon)),
            (Some(&[]), false, &["x"], Err(NothingInCommon)),
            (None, true, &["phoenix"], Ok(Some("phoenix"))),
            (None, true, &["sip"], Err(NothingInCommon)),
            (None, true, &[], Ok(None)),
            (Some(sip), true, &["sip, phoenix"], Ok(Some("phoenix"))),
            (Some(sip), true, &["sip"], Ok(Some("sip"))),
        ];
        for (configured, auth_token, offered, expected) in table {
            let names = configured.map(|names| names.iter().map(|name| name.to_string()).collect());
            let names: Option<Vec<String>> = names;
            let chosen = choose(names.as_deref(), *auth_token, &headers(offered));
            let chosen = chosen
                .as_ref()
                .map(|name| name.as_ref().map(|name| name.to_str().unwrap()));
            assert_eq!(
                chosen,
                expected.as_ref().map(|name| *name),
                "{configured:?} {offered:?}"
            );
        }
    }

    #[test]
    fn token_is_decoded_and_taken_out() {
        type Row<'a> = (
            &'a [&'a str],
            Result<Option<&'a str>, BadToken>,
            &'a [&'a str],
        );
        let table: &[Row] = &[
            (&[], Ok(None), &[]),
            (&["phoenix"], Ok(None), &["phoenix"]),
            (
                &["phoenix, base64url.bearer.phx.c2VjcmV0MQ"],
                Ok(Some("secret1")),
                &["phoenix"],
            ),
            (
                &["phoenix,base64url.bearer.phx.c2VjcmV0MQ=="],
                Ok(Some("secret1")),
                &["phoenix"],
            ),
            (
                &["base64url.bearer.phx.c2VjcmV0MQ"],
                Ok(Some("secret1")),
                &[],
            ),
            (&["base64url.bearer.phx."], Ok(Some("")), &[]),
            // Base64 of "??>" in the standard and the URL-safe alphabet.
            (
                &["a, base64url.bearer.phx.Pz8+, b"],
                Ok(Some("??>")),
                &["a, b"],
            ),
            (&["base64url.bearer.phx.Pz8-"], Ok(Some("??>")), &[]),
            (
                &["phoenix, base64url.bearer.phx.YQ", "sip"],
                Ok(Some("a")),
                &["phoenix, sip"],
            ),
            (&["base64url.bearer.phx.YQ", "sip"], Ok(Some("a")), &["sip"]),
            (&["sip", "base64url.bearer.phx.YQ"], Ok(Some("a")), &["sip"]),
            (
                &["base64url.bearer.phx.YQ", "base64url.bearer.phx.Yg"],
                Ok(None),
                &["base64url.bearer.phx.YQ", "base64url.bearer.phx.Yg"],
            ),
            (
                &["base64url.bearer.phx.YQ, base64url.bearer.phx.Yg"],
                Ok(None),
                &["base64url.bearer.phx.YQ, base64url.bearer.phx.Yg"],
            ),
            (
                &["base64url.bearer.phx.!!"],
                Err(BadToken),
                &["base64url.bearer.phx.!!"],
            ),
            (
                &["base64url.bearer.phx.Y"],
                Err(BadToken),
                &["base64url.bearer.phx.Y"],
            ),
            (
                &["base64url.bearer.phx./w"],
                Err(BadToken),
                &["base64url.bearer.phx./w"],
            ),
        ];
        for (lines, token, left) in table {
            let mut headers = headers(lines);
            let taken = take_auth_token(&mut headers);
            let taken = taken.as_ref().map(|token| token.as_deref());
            assert_eq!(taken, token.as_ref().map(|token| *token), "{lines:?}");
            assert_eq!(shown(&headers), *left, "{lines:?}");
        }
    }
}
