//! What each limit does when it is reached: what a client sees, and whether it is there for the memory's sake.

use super::limit::Limit;

impl Limit {
    /// Whether it bounds memory that clients could fill. Such a limit bites at 16 times its value where it is observed
    /// only, so that trying it costs no outage.
    pub fn protects_memory(self) -> bool {
        match self {
            Limit::UpgradesInFlight
            | Limit::HeadBytes
            | Limit::HeadLines
            | Limit::ChannelsPerConnection
            | Limit::MessageBytes
            | Limit::PartialBytes
            | Limit::LagBytes
            | Limit::OutboxBytes
            | Limit::RetentionBytes
            | Limit::RetentionMessages
            | Limit::RetentionTime
            | Limit::RetentionTotalBytes => true,
            Limit::Connections
            | Limit::ConnectionsPerAddress
            | Limit::AcceptsPerSecond
            | Limit::HeadTime
            | Limit::JoinsPerSecond
            | Limit::MessagesPerSecond
            | Limit::BytesPerSecond
            | Limit::PartialTime
            | Limit::IdleTime
            | Limit::CallbackTime => false,
        }
    }

    /// What a client sees when it is reached, in a sentence without a full stop.
    pub fn outcome(self) -> &'static str {
        match self {
            Limit::Connections => {
                "for further connections those are cut that have waited longest for their request; where none does, they wait in the kernel's backlog until others have gone"
            }
            Limit::ConnectionsPerAddress => {
                "the next connection of that address gets 429 with `retry-after` a second after it came, or is closed then if it has not asked"
            }
            Limit::UpgradesInFlight => {
                "for each further connection, the one that has waited longest without having sent a whole request head is cut"
            }
            Limit::AcceptsPerSecond => {
                "further connections are accepted later; they wait in the kernel's backlog"
            }
            Limit::HeadTime => "the connection is closed without an answer",
            Limit::HeadBytes => "431, or 414 if the URL alone is longer",
            Limit::HeadLines => "431",
            Limit::JoinsPerSecond => {
                "the join is answered later, in order; one that would wait too long is refused with `too many joins`"
            }
            Limit::ChannelsPerConnection => "the join is refused with `too many channels joined`",
            Limit::MessageBytes => "Close 1009 (`message_too_big`)",
            Limit::MessagesPerSecond | Limit::BytesPerSecond => {
                "what it sends is read later; Close 1008 (`rate_exceeded`) if it is over for too long without a rest"
            }
            Limit::PartialTime => "Close 1008 (`partial_timeout`)",
            Limit::PartialBytes => {
                "Close 1008 (`partial_timeout`) to the connection that exceeds it"
            }
            Limit::IdleTime => "Close 1001 (`idle_timeout`)",
            Limit::LagBytes => {
                "clients that publish are read later; Close 1013 (`overloaded`) to one that has to wait too long"
            }
            Limit::OutboxBytes => "Close 1013 (`slow_consumer`, `outbox`)",
            Limit::RetentionBytes | Limit::RetentionMessages => {
                "Close 1013 (`slow_consumer`, `topic_log`) to who does not read and falls off the log's end"
            }
            Limit::RetentionTime => {
                "Close 1013 (`slow_consumer`, `age`) to who does not read and falls off the log's end"
            }
            Limit::RetentionTotalBytes => {
                "Close 1013 (`slow_consumer`, `all_logs`) to those who do not read and for whom most is kept"
            }
            Limit::CallbackTime => {
                "a join is refused with `join timed out`; a channel that waits for another event ends with `phx_error`"
            }
        }
    }
}
