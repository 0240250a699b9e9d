//! Rates: how often something may be done, and how much the members of a topic may push together.

/// How often something may be done: a number of times a second in the long run, and a number of
/// times at once after a pause.
///
/// ```
/// use lobbyd::rooms::{EventName, EventRule, Rate};
/// let mut rule = EventRule::relaying(EventName::Named("new_msg".into()));
/// rule.rate = Some(Rate::per_second(10).with_burst(20));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    pub(crate) per_second: u32,
    /// `None` means as many as in a second.
    pub(crate) burst: Option<u32>,
}

/// How much all members of one topic may push together, on all shards.
///
/// What one client sends goes to all members, so these rates bound what a member has to take.
///
/// ```
/// use lobbyd::rooms::{Rate, RoomRules, TopicRates};
/// let mut rules = RoomRules::open("chat:*");
/// rules.rates = TopicRates::default()
///     .with_messages(Rate::per_second(100))
///     .with_bytes(Rate::per_second(50_000).with_burst(200_000));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TopicRates {
    /// Messages. Default: any number.
    pub messages: Option<Rate>,
    /// Bytes of payloads. Default: any number. A payload that is larger than the burst never
    /// passes.
    pub bytes: Option<Rate>,
}

impl Rate {
    /// Returns the rate of `count` times a second in the long run, and as many at once after a
    /// pause.
    ///
    /// # Panics
    /// If `count` is 0.
    pub fn per_second(count: u32) -> Rate {
        assert!(count > 0, "a rate is at least 1 a second, not 0");
        Rate {
            per_second: count,
            burst: None,
        }
    }

    /// Sets the times at once after a pause. Default: as many as in a second.
    ///
    /// # Panics
    /// If `count` is 0.
    #[must_use]
    pub fn with_burst(self, count: u32) -> Rate {
        assert!(count > 0, "a burst is at least 1, not 0");
        Rate {
            burst: Some(count),
            ..self
        }
    }

    /// Returns the times at once after a pause.
    pub(crate) fn burst(self) -> u32 {
        self.burst.unwrap_or(self.per_second)
    }
}

impl TopicRates {
    /// Sets the rate of messages.
    #[must_use]
    pub fn with_messages(self, rate: Rate) -> TopicRates {
        TopicRates {
            messages: Some(rate),
            ..self
        }
    }

    /// Sets the rate of bytes of payloads.
    #[must_use]
    pub fn with_bytes(self, rate: Rate) -> TopicRates {
        TopicRates {
            bytes: Some(rate),
            ..self
        }
    }

    /// True if nothing is bounded.
    pub fn are_open(&self) -> bool {
        self.messages.is_none() && self.bytes.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rate_of_nothing_is_refused_when_it_is_set() {
        assert!(std::panic::catch_unwind(|| Rate::per_second(0)).is_err());
        assert!(std::panic::catch_unwind(|| Rate::per_second(1).with_burst(0)).is_err());
    }
}
