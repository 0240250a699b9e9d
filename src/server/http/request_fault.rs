//! Requests that hyper could not read, and answered with 400, 414 or 431: counted, and logged.

use super::connection::{HeadLimits, HttpConnection};
use crate::server::admission::first_bytes::FirstBytes;
use crate::server::admission::refusal::Refusal;
use crate::server::limits::limit::Limit;
use crate::server::log::notice::summed;

/// hyper's texts for a head that is still in its buffer. At all other errors hyper may have taken
/// the head out, and what is left may be a request's body, which no line shows.
const FAULTS_OF_FIRST_BYTES: [&str; 4] = [
    "invalid HTTP method parsed",
    "invalid HTTP version parsed",
    "invalid HTTP version parsed (found HTTP2 preface)",
    "invalid HTTP header parsed",
];

/// hyper's bound of a URL, above which it answers 414, whatever the limit of a head.
const URL_BYTES_MAX: usize = 65_534;

impl HttpConnection {
    /// Counts and logs the request that hyper refused, of which `unread` is what was not parsed.
    pub fn failed(&self, error: &hyper::Error, unread: &[u8]) {
        if !error.is_parse() {
            return;
        }
        if error.is_parse_too_large() {
            return self.has_too_large_a_head(unread);
        }
        let (refusal, admission) = (Refusal::Malformed, &self.app.admission);
        admission.refusals.count(refusal);
        let why = error.to_string();
        let came = (!self.has_asked()).then(|| FirstBytes::of(unread));
        let came = came.filter(|came| match came {
            FirstBytes::Nothing | FirstBytes::Http => false,
            FirstBytes::Unknown(_) => FAULTS_OF_FIRST_BYTES.contains(&&*why),
            _ => true,
        });
        let (peer, refusal) = (self.peer, refusal.name());
        match came {
            Some(came) => summed!(
                admission.sums, NotHttp, came.name(),
                %peer, refusal, why, came = came.words(), bytes = came.shown().as_deref(),
                hint = speaks_http(came)
            ),
            None => summed!(
                admission.sums, RequestRefused, refusal,
                %peer, refusal, why, hint = Refusal::Malformed.hint()
            ),
        }
    }

    fn has_too_large_a_head(&self, unread: &[u8]) {
        let (admission, bounds) = (&self.app.admission, HeadLimits::of(&self.app));
        let excess = HeadExcess::of(unread, bounds.lines_max);
        let limit = match excess {
            HeadExcess::Lines => Limit::HeadLines,
            HeadExcess::Url | HeadExcess::Bytes => Limit::HeadBytes,
        };
        admission.meters.exceeded(admission.observe(), limit);
        summed!(
            admission.sums, RequestRefused, limit.name(),
            peer = %self.peer, refusal = limit.name(), why = excess.why(), hint = excess.hint()
        );
    }
}

/// Returns what would let a connection in that began with `came`.
fn speaks_http(came: FirstBytes<'_>) -> &'static str {
    match came {
        FirstBytes::ProxyVersion1 | FirstBytes::ProxyVersion2 => {
            "set server.proxy_protocol = true, and name the proxy in server.trusted_proxies"
        }
        FirstBytes::Tls => "put a proxy in front that ends TLS",
        _ => "have the client speak HTTP/1.1 here, or use another port",
    }
}

/// What is too large in a request head. hyper has one error for all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum HeadExcess {
    Lines,
    Url,
    Bytes,
}

impl HeadExcess {
    /// Returns what made hyper refuse the head that begins with `unread`, where `lines_max` header
    /// lines may be. hyper parses before it compares sizes, so a head with too many lines is
    /// refused for these, however long it is.
    fn of(unread: &[u8], lines_max: usize) -> HeadExcess {
        let begin = unread.iter().take_while(|byte| b"\r\n".contains(byte));
        let head = &unread[begin.count()..];
        // The request line ends by the first of them.
        let ends = head.iter().filter(|byte| **byte == b'\n').count();
        let request_line = head.split(|byte| *byte == b'\n').next();
        let mut words = request_line.unwrap_or_default().split(|byte| *byte == b' ');
        let url = words.nth(1).unwrap_or_default();
        match () {
            () if ends > lines_max => HeadExcess::Lines,
            () if url.len() > URL_BYTES_MAX => HeadExcess::Url,
            () => HeadExcess::Bytes,
        }
    }

    fn why(self) -> &'static str {
        match self {
            HeadExcess::Lines => "the request head has too many lines",
            HeadExcess::Url => "the URL is too long",
            HeadExcess::Bytes => "the request head has too many bytes",
        }
    }

    fn hint(self) -> &'static str {
        match self {
            HeadExcess::Lines => "have the client send fewer headers, or raise limits.head_lines",
            HeadExcess::Url => "have the client send a URL of at most 65,534 bytes",
            HeadExcess::Bytes => "have the client send smaller headers, or raise limits.head_bytes",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn head_is_too_large_by_its_lines_its_url_or_its_bytes() {
        let table = [
            ("GET", 2, 200_000, HeadExcess::Bytes),
            ("\r\nGET", 100, 10, HeadExcess::Bytes),
            ("\r\nGET", 101, 10, HeadExcess::Lines),
            ("GET", 101, 200_000, HeadExcess::Lines),
        ];
        for (begin, lines, bytes, expected) in table {
            let lines = "A: b\r\n".repeat(lines - 1);
            let head = format!("{begin} / HTTP/1.1\r\n{lines}X: {}", "x".repeat(bytes));
            // hyper counts a line that has begun, of which the end is not there yet.
            assert_eq!(HeadExcess::of(head.as_bytes(), 100), expected);
        }
        for (bytes, expected) in [
            (URL_BYTES_MAX, HeadExcess::Bytes),
            (URL_BYTES_MAX + 1, HeadExcess::Url),
        ] {
            let head = format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(bytes - 1));
            assert_eq!(HeadExcess::of(head.as_bytes(), 100), expected);
        }
    }
}
