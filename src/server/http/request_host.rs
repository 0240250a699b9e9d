//! Whose host a request is for: one `Host`, or what a trusted proxy says it was (RFC 9112, 3.2).
//!
//! A proxy in front that routes by the last of two `Host` lines, and a server that reads the first,
//! see two requests in one. So a request that names no one host is refused before all else.

use hyper::Version;
use hyper::header::{HOST, HeaderMap, HeaderName, HeaderValue};
use hyper::http::request;

use crate::channel::RequestHost;

const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");

/// Error: the request has no `Host`, more than one, or one that is no host, or a target whose
/// authority is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NoOneHost;

/// Makes the `Host` of `head` the host that the request is for, so that all that follows reads it
/// there: what a trusted proxy says in `X-Forwarded-Host` if `is_proxied`, else what a request
/// target with a host names, else the `Host` that came.
pub(crate) fn settle(head: &mut request::Parts, is_proxied: bool) -> Result<(), NoOneHost> {
    check(head)?;
    let forwarded = is_proxied.then(|| forwarded(&head.headers)).flatten();
    if let Some(host) = forwarded.or(of_target(head)?) {
        head.headers.insert(HOST, host);
    }
    Ok(())
}

/// Returns the host of a target in absolute form, which counts, and `Host` does not (RFC 9112,
/// 3.2.2). So a malformed one is refused, as a malformed `Host` is.
fn of_target(head: &request::Parts) -> Result<Option<HeaderValue>, NoOneHost> {
    let Some(authority) = head.uri.authority() else {
        return Ok(None);
    };
    let host = authority.as_str().rsplit('@').next();
    let host = host.filter(|host| is_host(host)).ok_or(NoOneHost)?;
    HeaderValue::from_str(host).map(Some).map_err(|_| NoOneHost)
}

fn check(head: &request::Parts) -> Result<(), NoOneHost> {
    let mut lines = head.headers.get_all(HOST).into_iter();
    match (lines.next(), lines.next()) {
        // HTTP/1.0 knows no `Host`.
        (None, _) if head.version == Version::HTTP_10 => Ok(()),
        // A request for no host in particular has an empty one.
        (Some(host), None) if host.is_empty() || host.to_str().is_ok_and(is_host) => Ok(()),
        _ => Err(NoOneHost),
    }
}

/// Returns the host that the first proxy saw: each further proxy appends the one that it was asked
/// for.
fn forwarded(headers: &HeaderMap) -> Option<HeaderValue> {
    let line = headers.get(X_FORWARDED_HOST)?.to_str().ok()?;
    let host = line.split(',').next()?.trim();
    is_host(host).then(|| HeaderValue::from_str(host).ok())?
}

fn is_host(text: &str) -> bool {
    RequestHost::parse(text).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::Request;

    /// Settles the host of a request with these `Host` lines, and returns it.
    fn settled(version: Version, target: &str, lines: &[&str]) -> Result<String, NoOneHost> {
        let mut request = Request::get(target).version(version);
        for line in lines {
            request = request.header(HOST, *line);
        }
        let mut head = request.body(()).unwrap().into_parts().0;
        settle(&mut head, false)?;
        let host = head.headers.get(HOST).map(|host| host.to_str().unwrap());
        Ok(host.unwrap_or("none").to_owned())
    }

    #[test]
    fn request_is_for_one_host_or_for_none() {
        let table: [(Version, &[&str], Result<&str, NoOneHost>); 17] = [
            (Version::HTTP_11, &["h"], Ok("h")),
            (
                Version::HTTP_11,
                &["Chat.Example:80"],
                Ok("Chat.Example:80"),
            ),
            (Version::HTTP_11, &["[::1]:4000"], Ok("[::1]:4000")),
            (Version::HTTP_11, &["h:"], Ok("h:")),
            (Version::HTTP_11, &["my_host"], Ok("my_host")),
            (Version::HTTP_11, &[""], Ok("")),
            (Version::HTTP_10, &["h"], Ok("h")),
            (Version::HTTP_10, &[], Ok("none")),
            (Version::HTTP_11, &[], Err(NoOneHost)),
            (Version::HTTP_11, &["h", "h"], Err(NoOneHost)),
            (Version::HTTP_10, &["h", "g"], Err(NoOneHost)),
            (Version::HTTP_11, &["a b/c"], Err(NoOneHost)),
            (Version::HTTP_11, &["h:x"], Err(NoOneHost)),
            (Version::HTTP_11, &["h, g"], Err(NoOneHost)),
            (Version::HTTP_11, &["user@h"], Err(NoOneHost)),
            (Version::HTTP_11, &["[h]"], Err(NoOneHost)),
            (Version::HTTP_10, &["http://h"], Err(NoOneHost)),
        ];
        for (version, lines, expected) in table {
            let found = settled(version, "/", lines);
            assert_eq!(
                found.as_deref(),
                expected.as_ref().map(|host| *host),
                "{lines:?}"
            );
        }
    }

    #[test]
    fn host_of_a_target_in_absolute_form_counts_more_than_the_header() {
        let found = settled(Version::HTTP_11, "http://user@good:81/", &["evil"]);
        assert_eq!(found.as_deref(), Ok("good:81"));
        let found = settled(Version::HTTP_11, "http://good/", &[]);
        assert_eq!(found, Err(NoOneHost));
        for target in ["http://a..b,c/", "http://h:99999/"] {
            let found = settled(Version::HTTP_11, target, &["evil"]);
            assert_eq!(found, Err(NoOneHost), "{target}");
        }
    }

    #[test]
    fn host_that_a_proxy_forwards_counts_if_the_proxy_is_trusted() {
        let table: [(&[&str], bool, &str); 6] = [
            (&["chat.example"], true, "chat.example"),
            (&["chat.example:8443, inner:80"], true, "chat.example:8443"),
            (&["chat.example", "inner"], true, "chat.example"),
            (&["chat.example"], false, "h"),
            (&["no host"], true, "h"),
            (&[""], true, "h"),
        ];
        for (lines, is_proxied, expected) in table {
            let mut request = Request::get("/").header(HOST, "h");
            for line in lines {
                request = request.header(X_FORWARDED_HOST, *line);
            }
            let mut head = request.body(()).unwrap().into_parts().0;
            settle(&mut head, is_proxied).unwrap();
            assert_eq!(head.headers.get(HOST).unwrap(), expected, "{lines:?}");
        }
    }
}
