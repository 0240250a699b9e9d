//! Requests that hyper could not read, and answered with 400 or 431: counted, and logged.

use super::connection::{HeadLimits, HttpConnection};
use crate::server::admission::first_bytes::FirstBytes;
use crate::server::admission::refusal::Refusal;
use crate::server::limits::limit::Limit;
use crate::server::log::notice::summed;

impl HttpConnection {
    /// Logs the first bytes of a connection, if they are those of another protocol than HTTP. False
    /// if they are not.
    fn is_other_protocol(&self, bytes: &[u8]) -> bool {
        let came = FirstBytes::of(bytes);
        let hint = match came {
            FirstBytes::ProxyVersion1 | FirstBytes::ProxyVersion2 => Some(
                "set server.proxy_protocol = true, and name the proxy in server.trusted_proxies",
            ),
            FirstBytes::Tls => Some("have a proxy in front end TLS"),
            FirstBytes::Unknown(_) => None,
            FirstBytes::Nothing | FirstBytes::Http => return false,
        };
        summed!(
            self.app.admission.sums, NotHttp, came.name(),
            peer = %self.peer, came = &*came.to_string(), hint
        );
        true
    }

    /// Counts and logs the request that hyper refused, of which `unread` is what was not parsed.
    pub fn failed(&self, error: &hyper::Error, unread: &[u8]) {
        if !error.is_parse() {
            return;
        }
        if error.is_parse_too_large() {
            return self.has_too_long_a_head(unread.len());
        }
        let (refusal, admission) = (Refusal::Malformed, &self.app.admission);
        admission.refusals.count(refusal);
        if self.has_asked() || !self.is_other_protocol(unread) {
            summed!(
                admission.sums, RequestRefused, refusal.name(),
                peer = %self.peer, refusal = refusal.name(), why = %error, hint = refusal.hint()
            );
        }
    }

    fn has_too_long_a_head(&self, unread: usize) {
        let admission = &self.app.admission;
        let is_long = unread >= HeadLimits::of(&self.app).bytes_max;
        let (limit, hint) = match is_long {
            true => (Limit::HeadBytes, "raise limits.head_bytes"),
            false => (Limit::HeadLines, "raise limits.head_lines"),
        };
        admission.meters.exceeded(admission.observe(), limit);
        summed!(
            admission.sums, RequestRefused, limit.name(),
            peer = %self.peer, refusal = limit.name(), why = "the request head is too large", hint
        );
    }
}
