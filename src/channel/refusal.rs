//! The reasons why joins and pushes are refused, with few names: for counters and the log.

use strum::{EnumCount, IntoStaticStr, VariantArray};

/// The reason why a join was answered with an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumCount, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
#[non_exhaustive]
pub enum JoinRefusal {
    /// No route serves the topic.
    Unmatched,
    /// The channel said no.
    Denied,
    /// The topic has as many members as it may.
    Full,
    /// The connection has joined as many topics as it may.
    TooManyChannels,
    /// The join would have waited too long for its moment.
    TooManyJoins,
    /// Too many messages or bytes wait in line behind waiting channels of this connection.
    TooManyWaiting,
    /// The topic or the ref is too long to be kept.
    NameTooLong,
    /// The future that the channel waited for took too long.
    TimedOut,
    /// The client has no credentials, or its token is not taken.
    Token,
    /// The client's credentials do not let it join the topic.
    Forbidden,
    /// The app's code panicked, or its answer has no form in the client's version.
    Crashed,
}

/// The reason why a channel did not take a push.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumCount, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
#[non_exhaustive]
pub enum PushRefusal {
    /// The channel has no such event.
    UnknownEvent,
    /// The payload is too long.
    TooLarge,
    /// The client pushes the event too often.
    TooMany,
    /// All members of the topic together push too many messages.
    RoomMessages,
    /// All members of the topic together push too many bytes.
    RoomBytes,
    /// The payload is not what the event needs.
    BadPayload,
    /// The client may not push to this topic.
    Denied,
    /// The client's credentials do not let it push the event to this topic.
    Forbidden,
    /// Too many messages or bytes wait in line behind waiting channels of this connection.
    TooManyWaiting,
    /// The message could not be read, apart from its refs and its topic. A join may be among these.
    Unreadable,
    /// The connection has not joined the topic, or has left it.
    Unmatched,
    /// The event is no string.
    NoEventName,
    /// The ref is too long to be kept.
    NameTooLong,
}

impl JoinRefusal {
    /// True if the join was let in by its rate, and was then refused by the channel or its room.
    pub(crate) fn took_a_place(self) -> bool {
        use JoinRefusal::{Crashed, Denied, Forbidden, Full, TimedOut, Token};
        matches!(self, Denied | Full | TimedOut | Crashed | Token | Forbidden)
    }

    /// Returns a stable word for metric labels and the log.
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// Returns what would let such a join in, for the log.
    pub(crate) fn hint(self) -> &'static str {
        match self {
            JoinRefusal::Unmatched => "add a [[room]] for the topic, or mend the client",
            JoinRefusal::Full => "raise the room's members_max",
            JoinRefusal::TooManyChannels => "raise limits.channels_per_connection",
            JoinRefusal::TooManyJoins => "raise limits.joins_per_second",
            JoinRefusal::TimedOut => "raise limits.callback_time_ms",
            JoinRefusal::TooManyWaiting => {
                "have the client join one topic after the other, or raise limits.waiting_bytes"
            }
            JoinRefusal::NameTooLong => "mend the client: a topic or ref has at most 1,024 bytes",
            JoinRefusal::Token => "have the client send a token that is good and not over",
            JoinRefusal::Forbidden => "have the token grant the topic, or change the room's join",
            JoinRefusal::Denied => "change the room's join, or have the app allow it",
            JoinRefusal::Crashed => "mend the app: its crash is a line of its own",
        }
    }
}

impl PushRefusal {
    /// Returns a stable word for metric labels and the log.
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// Returns what would let such a push in, for the log.
    pub(crate) fn hint(self) -> &'static str {
        match self {
            PushRefusal::UnknownEvent => "add a [[room.event]], or mend the client",
            PushRefusal::TooLarge => "raise the event's bytes_max",
            PushRefusal::TooMany => "raise the event's messages_per_second and burst",
            PushRefusal::RoomMessages => "raise the room's messages_per_second and messages_burst",
            PushRefusal::RoomBytes => "raise the room's bytes_per_second and bytes_burst",
            PushRefusal::BadPayload => "mend the client, or the event's fields",
            PushRefusal::Unreadable => "mend the client: its message is no valid JSON",
            PushRefusal::Unmatched => "have the client join the topic first",
            PushRefusal::NoEventName => "mend the client: an event is a JSON string",
            PushRefusal::NameTooLong => "mend the client: a ref has at most 1,024 bytes",
            PushRefusal::TooManyWaiting => "have the client wait for its join's answer",
            PushRefusal::Forbidden => "have the token grant the push, or change the event's push",
            PushRefusal::Denied => "let the room be joined again, or have the app allow it",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusal_names_are_those_that_dashboards_know() {
        let joins: Vec<&str> = JoinRefusal::VARIANTS.iter().map(|one| one.name()).collect();
        let expected = [
            "unmatched",
            "denied",
            "full",
            "too_many_channels",
            "too_many_joins",
            "too_many_waiting",
            "name_too_long",
            "timed_out",
            "token",
            "forbidden",
            "crashed",
        ];
        assert_eq!(joins, expected);
        let pushes: Vec<&str> = PushRefusal::VARIANTS.iter().map(|one| one.name()).collect();
        let expected = [
            "unknown_event",
            "too_large",
            "too_many",
            "room_messages",
            "room_bytes",
            "bad_payload",
            "denied",
            "forbidden",
            "too_many_waiting",
            "unreadable",
            "unmatched",
            "no_event_name",
            "name_too_long",
        ];
        assert_eq!(pushes, expected);
    }
}
