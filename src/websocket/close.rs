//! Reasons for a connection's end, each for the Close frame, the log line and the metric.
//!
//! This file also has the check of a client's Close.
//!
//! Reason texts on the wire are always empty. Stock phoenix.js, from 1.6.3 on, reconnects after
//! every code but 1000. So 1000 is for clients that asked for the end, and a client that should
//! come back gets another code.

use std::fmt;

use bytes::Bytes;
use fastwebsockets::CloseCode;
use strum::{EnumCount, IntoStaticStr, VariantArray};

use super::violation::Violation;

/// The reason why a connection ended. The number in each variant's text is its close code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum CloseReason {
    /// The client sent a legal Close, with any code or none. 1000. The client meant to go and stays
    /// away.
    ClientClosed,
    /// The app disconnected this socket id. 1001. The client reconnects and passes through
    /// `connect` again, which can then refuse it.
    Disconnected,
    /// The server shuts down or restarts. 1012. The client reconnects with its backoff.
    ServiceRestart,
    /// The client sent nothing within the idle timeout, not even a heartbeat. 1001, because a page
    /// that was asleep then reconnects by itself when it wakes. Bandit's 1002 would do the same but
    /// blame the client; Cowboy's 1000 would keep the client away.
    IdleTimeout,
    /// A message is not of the negotiated Phoenix encoding. 1011, as in Phoenix. The client
    /// reconnects and joins again.
    Undecodable,
    /// The client broke RFC 6455. 1002, 1007 or 1009, by the violation. The client reconnects.
    Violation(Violation),
    /// A frame or message stayed incomplete longer than its deadline, or the shard keeps more such
    /// bytes than it allows. 1008. The client reconnects.
    PartialTimeout,
    /// The client's ingress stayed over its rate limit, without a moment's rest, for longer than
    /// the server waits. 1008. The client reconnects.
    RateExceeded,
    /// The client reads slower than its topics write, and fell behind the named bound. 1013. The
    /// client reconnects and joins again, because it has a gap.
    SlowConsumer(Overrun),
    /// The client publishes more than the server can pass on, and backpressure lasted too long.
    /// 1013. The client reconnects, with its backoff.
    Overloaded,
    /// The client's token is over. 4401, after HTTP's 401. The client reconnects, and its params
    /// are asked anew.
    TokenExpired,
    /// The client's token, or its subject, was revoked. 4403.
    TokenRevoked,
    /// The connection broke or ended without a Close frame. 1006, which is never sent, because
    /// there is no peer to read it. The client, if alive, reconnects.
    PeerGone,
}

/// The bound that a slow consumer passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumCount, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
#[non_exhaustive]
pub enum Overrun {
    /// The log of one of the client's topics, in bytes or entries.
    TopicLog,
    /// The age of a log's entries. The client's next entry was too old to be kept, within the
    /// bounds of size.
    Age,
    /// All logs of the client's shard together.
    AllLogs,
    /// The client's own outbox of replies and pushes.
    Outbox,
}

impl Overrun {
    /// Returns a stable name of the bound for logs and metric labels.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// The names of the close reasons. Violations have one name for each of their three codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumCount, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub(crate) enum CloseKind {
    ClientClosed,
    Disconnected,
    ServiceRestart,
    IdleTimeout,
    Undecodable,
    ProtocolViolation,
    NotUtf8,
    MessageTooBig,
    PartialTimeout,
    RateExceeded,
    SlowConsumer,
    Overloaded,
    TokenExpired,
    TokenRevoked,
    PeerGone,
}

impl CloseReason {
    /// Returns the close code that is sent (RFC 6455 §7.4, IANA), or 1006 if none is sent.
    pub const fn code(&self) -> u16 {
        match self {
            Self::ClientClosed => 1000,
            Self::Disconnected | Self::IdleTimeout => 1001,
            Self::PeerGone => 1006,
            Self::PartialTimeout | Self::RateExceeded => 1008,
            Self::Undecodable => 1011,
            Self::ServiceRestart => 1012,
            Self::SlowConsumer(_) | Self::Overloaded => 1013,
            Self::TokenExpired => 4401,
            Self::TokenRevoked => 4403,
            Self::Violation(violation) => violation.close_code(),
        }
    }

    /// True if one message of the client was at fault. Stock clients send it again as soon as they
    /// are back, and begin their backoff anew with each open.
    pub fn is_fault_of_a_message(&self) -> bool {
        match self {
            Self::Undecodable => true,
            Self::Violation(violation) => !violation.is_in_a_close(),
            _ => false,
        }
    }

    /// Returns the Close frame that is sent: FIN and opcode 8, two bytes of payload, the code
    /// (RFC 6455 §5.2, §5.5.1). `None` if the peer is gone: 1006 must not be sent (§7.4.1).
    pub fn frame(&self) -> Option<Bytes> {
        let [high, low] = self.code().to_be_bytes();
        let frame = || Bytes::copy_from_slice(&[0x88, 2, high, low]);
        (*self != Self::PeerGone).then(frame)
    }

    /// Returns a stable name of the reason for logs and metric labels. Violations have one name for
    /// each of their three codes.
    pub fn name(&self) -> &'static str {
        self.kind().into()
    }

    /// Returns what would keep such a client connected, for the log. `None` for ends that are
    /// nobody's fault, and for messages that are none, which have a line of their own.
    pub(crate) fn hint(&self) -> Option<&'static str> {
        let hint = match self {
            Self::Violation(Violation::MessageTooBig { .. }) => {
                "have the client send smaller messages, or raise limits.message_bytes"
            }
            Self::Violation(_) => "mend the client: reason names the rule that it breaks",
            Self::PartialTimeout => {
                "look at the client's network, or raise limits.partial_time_ms and limits.partial_bytes"
            }
            Self::RateExceeded => {
                "have the client send less, or raise limits.messages_per_second and limits.bytes_per_second"
            }
            Self::SlowConsumer(Overrun::TopicLog) => {
                "raise limits.retention_bytes and limits.retention_messages (of a room alone: [room.retention]), or publish less"
            }
            Self::SlowConsumer(Overrun::Age) => {
                "have the client read, or raise limits.retention_time_ms"
            }
            Self::SlowConsumer(Overrun::AllLogs) => "raise limits.retention_total_bytes",
            Self::SlowConsumer(Overrun::Outbox) => {
                "have the app answer and push less, or raise limits.outbox_bytes"
            }
            Self::Overloaded => {
                "give the room a rate, have clients publish less, or use more cores"
            }
            _ => return None,
        };
        Some(hint)
    }

    pub(crate) fn kind(&self) -> CloseKind {
        match self {
            Self::ClientClosed => CloseKind::ClientClosed,
            Self::Disconnected => CloseKind::Disconnected,
            Self::ServiceRestart => CloseKind::ServiceRestart,
            Self::IdleTimeout => CloseKind::IdleTimeout,
            Self::Undecodable => CloseKind::Undecodable,
            Self::Violation(violation) => match violation.close_code() {
                1007 => CloseKind::NotUtf8,
                1009 => CloseKind::MessageTooBig,
                _ => CloseKind::ProtocolViolation,
            },
            Self::PartialTimeout => CloseKind::PartialTimeout,
            Self::RateExceeded => CloseKind::RateExceeded,
            Self::SlowConsumer(_) => CloseKind::SlowConsumer,
            Self::Overloaded => CloseKind::Overloaded,
            Self::TokenExpired => CloseKind::TokenExpired,
            Self::TokenRevoked => CloseKind::TokenRevoked,
            Self::PeerGone => CloseKind::PeerGone,
        }
    }
}

impl From<Violation> for CloseReason {
    fn from(violation: Violation) -> Self {
        Self::Violation(violation)
    }
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name(), self.code())?;
        match self {
            Self::Violation(violation) => write!(f, ": {violation}"),
            Self::SlowConsumer(overrun) => write!(f, ": {}", overrun.name()),
            _ => Ok(()),
        }
    }
}

/// Checks the payload of a client's Close (RFC 6455 §5.5.1 and §7.4). It must be empty, or a code
/// that may be sent and a reason in UTF-8.
pub(super) fn check_payload(payload: &[u8]) -> Result<(), Violation> {
    let Some((&code, reason)) = payload.split_first_chunk() else {
        return if payload.is_empty() {
            Ok(())
        } else {
            Err(Violation::HalfCloseCode)
        };
    };
    let code = u16::from_be_bytes(code);
    // IANA registered 1014 (bad gateway) later, so fastwebsockets does not know it.
    if code != 1014 && !CloseCode::from(code).is_allowed() {
        return Err(Violation::CloseCode(code));
    }
    if std::str::from_utf8(reason).is_err() {
        return Err(Violation::CloseReasonNotUtf8);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use fastwebsockets::OpCode;

    use super::*;
    use crate::websocket::seal::seal;

    #[test]
    fn code_1000_is_sent_only_to_a_client_that_closed_first() {
        let others = [
            CloseReason::Disconnected,
            CloseReason::ServiceRestart,
            CloseReason::IdleTimeout,
            CloseReason::Undecodable,
            CloseReason::Violation(Violation::Unmasked),
            CloseReason::PartialTimeout,
            CloseReason::RateExceeded,
            CloseReason::SlowConsumer(Overrun::Age),
            CloseReason::Overloaded,
            CloseReason::PeerGone,
        ];
        assert_eq!(CloseReason::ClientClosed.code(), 1000);
        for reason in others {
            assert_ne!(reason.code(), 1000, "{reason}");
        }
    }

    #[test]
    fn close_names_are_those_that_dashboards_know() {
        let names: Vec<&str> = CloseKind::VARIANTS.iter().map(|kind| kind.into()).collect();
        let expected = [
            "client_closed",
            "disconnected",
            "service_restart",
            "idle_timeout",
            "undecodable",
            "protocol_violation",
            "not_utf8",
            "message_too_big",
            "partial_timeout",
            "rate_exceeded",
            "slow_consumer",
            "overloaded",
            "token_expired",
            "token_revoked",
            "peer_gone",
        ];
        assert_eq!(names, expected);
        assert_eq!(
            CloseReason::Violation(Violation::Unmasked).name(),
            "protocol_violation"
        );
        assert_eq!(
            CloseReason::Violation(Violation::TextNotUtf8).name(),
            "not_utf8"
        );
        let names = Overrun::VARIANTS.iter().map(|overrun| overrun.name());
        assert!(names.eq(["topic_log", "age", "all_logs", "outbox"]));
    }

    #[test]
    fn log_line_names_the_code_and_the_broken_rule() {
        let reason = CloseReason::from(Violation::MessageTooBig { max: 9 });
        assert_eq!(
            reason.to_string(),
            "message_too_big (1009): message is over the limit of 9 bytes (RFC 6455 §7.4.1, code 1009)"
        );
    }

    #[test]
    fn close_frame_has_the_code_and_a_peer_that_is_gone_gets_none() {
        let frame = CloseReason::from(Violation::MessageTooBig { max: 9 }).frame();
        assert_eq!(frame.as_deref(), Some(&b"\x88\x02\x03\xf1"[..]));
        assert_eq!(frame, Some(seal(OpCode::Close, &1009_u16.to_be_bytes())));
        assert_eq!(CloseReason::PeerGone.frame(), None);
    }

    #[test]
    fn close_codes_of_the_rfc_and_iana_are_accepted_and_no_others() {
        for code in 0..=u16::MAX {
            let allowed = matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999);
            let verdict = check_payload(&code.to_be_bytes());
            assert_eq!(verdict.is_ok(), allowed, "{code}: {verdict:?}");
        }
    }

    #[test]
    fn close_payload_is_empty_or_a_code_and_a_utf8_reason() {
        assert_eq!(check_payload(b""), Ok(()));
        assert_eq!(check_payload(b"\x03"), Err(Violation::HalfCloseCode));
        assert_eq!(check_payload(b"\x03\xe8Gr\xc3\xbc\xc3\x9fe"), Ok(()));
        assert_eq!(
            check_payload(b"\x03\xe8\xff"),
            Err(Violation::CloseReasonNotUtf8)
        );
    }
}
