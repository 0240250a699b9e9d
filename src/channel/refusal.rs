//! What clients were refused, by few names: for counters and the log.

/// Names in the order of their variants, which count as places.
macro_rules! named {
    ($(#[$doc:meta])* $Type:ident { $($(#[$variant_doc:meta])* $variant:ident = $name:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $Type { $($(#[$variant_doc])* $variant,)* }

        impl $Type {
            /// All that [`name`](Self::name) can be, in the order of the variants.
            pub const NAMES: &[&str] = &[$($name),*];

            /// A stable word for metric labels and the log.
            pub fn name(self) -> &'static str {
                Self::NAMES[self as usize]
            }
        }
    };
}

named! {
    /// Why a join was answered with an error.
    JoinRefusal {
        /// No route serves the topic.
        Unmatched = "unmatched",
        /// The channel said no.
        Denied = "denied",
        /// The topic has as many members as it may.
        Full = "full",
        /// The connection has joined as many topics as it may.
        TooManyChannels = "too_many_channels",
        /// It would have waited too long for its turn.
        TooManyJoins = "too_many_joins",
        /// Too much waits already for channels of this connection that wait.
        TooManyWaiting = "too_many_waiting",
        /// The topic or the ref is too long to be kept.
        NameTooLong = "name_too_long",
        /// What the channel waited for took too long.
        TimedOut = "timed_out",
        /// The app's code panicked, or answered what has no form in the client's version.
        Crashed = "crashed",
    }
}

named! {
    /// Why a channel did not take a push.
    PushRefusal {
        /// The channel has no such event.
        UnknownEvent = "unknown_event",
        /// The payload is too long.
        TooLarge = "too_large",
        /// The client pushes it too often.
        TooMany = "too_many",
        /// The payload is not what the event needs.
        BadPayload = "bad_payload",
        /// The client may not push here.
        Denied = "denied",
    }
}
