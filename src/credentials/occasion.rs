//! What a token was given for, and when: a connect, or the join of a topic.

/// What a token was given for, and when.
#[derive(Clone, Copy, Debug)]
pub struct Occasion<'a> {
    now_ms: u64,
    pub(super) topic: Option<&'a str>,
    pub(super) tells: bool,
}

impl<'a> Occasion<'a> {
    /// A connect, or a refresh, at this time in milliseconds since 1970.
    pub fn connect(now_ms: u64) -> Occasion<'a> {
        Occasion {
            now_ms,
            topic: None,
            tells: false,
        }
    }

    /// The join of a topic.
    pub fn join(topic: &'a str, now_ms: u64) -> Occasion<'a> {
        Occasion {
            topic: Some(topic),
            ..Occasion::connect(now_ms)
        }
    }

    /// Asks for [`Verdict::Expired`](super::verdict::Verdict::Expired) where a token is genuine
    /// and its time is over. Without it such a token is refused before any arithmetic, and a storm
    /// of old tabs costs base64.
    #[must_use]
    pub fn tell(self) -> Occasion<'a> {
        Occasion {
            tells: true,
            ..self
        }
    }

    /// Returns the time.
    pub fn now_ms(&self) -> u64 {
        self.now_ms
    }

    pub(super) fn now_s(&self) -> i64 {
        i64::try_from(self.now_ms / 1_000).unwrap_or(i64::MAX)
    }
}

/// An occasion that outlives the frame that it came in.
#[derive(Clone, Debug)]
pub(super) struct KeptOccasion {
    now_ms: u64,
    topic: Option<Box<str>>,
    tells: bool,
}

impl KeptOccasion {
    pub fn new(occasion: &Occasion<'_>) -> KeptOccasion {
        KeptOccasion {
            now_ms: occasion.now_ms,
            topic: occasion.topic.map(Box::from),
            tells: occasion.tells,
        }
    }

    pub fn get(&self) -> Occasion<'_> {
        Occasion {
            now_ms: self.now_ms,
            topic: self.topic.as_deref(),
            tells: self.tells,
        }
    }
}
