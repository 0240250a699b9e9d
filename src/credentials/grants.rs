//! What a client may do where: patterns of topics, each with operations. The union of all counts.

use std::sync::Arc;

use compact_str::CompactString;

/// Most patterns of one client. Further ones are left out.
pub const PATTERNS_MAX: usize = 256;

/// An operation that a grant may name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Operation<'a> {
    /// `join`: to join the topic.
    Join,
    /// `push`, or `push:EVENT` for this event alone: to push it to the topic.
    Push(&'a str),
    /// `presence`: to see who is there.
    Presence,
    /// `history`: to read what was said.
    History,
}

/// Grants by pattern. A pattern is a topic, or a prefix with a star behind it. There is no order
/// and no denial: what any pattern grants is granted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grants {
    /// Shared, because each connection of a cached token has them.
    each: Arc<[Grant]>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Grant {
    /// The topic, or the part before the star.
    topic: CompactString,
    is_prefix: bool,
    all: bool,
    join: bool,
    presence: bool,
    history: bool,
    push_all: bool,
    push: Box<[CompactString]>,
}

impl Grants {
    /// Returns the grants of these patterns, each with its operations. Operations that are unknown
    /// are left out, because a newer backend may name more. Patterns beyond
    /// 256 are left out.
    pub fn new<'a, O>(patterns: impl IntoIterator<Item = (&'a str, O)>) -> Grants
    where
        O: IntoIterator<Item = &'a str>,
    {
        let patterns = patterns.into_iter().take(PATTERNS_MAX);
        let each = patterns.map(|(pattern, operations)| Grant::new(pattern, operations));
        Grants {
            each: each.collect(),
        }
    }

    /// True if some pattern that fits the topic grants the operation.
    pub fn allow(&self, topic: &str, operation: Operation<'_>) -> bool {
        let mut fitting = self.each.iter().filter(|grant| grant.fits(topic));
        fitting.any(|grant| grant.allows(operation))
    }

    /// True if nothing is granted.
    pub fn is_empty(&self) -> bool {
        self.each.is_empty()
    }

    /// Returns each pattern with its operations, as a token has them.
    pub fn patterns(&self) -> impl Iterator<Item = (String, Vec<String>)> {
        self.each.iter().map(Grant::pattern)
    }

    /// Returns these grants and those of `more`, up to 256 patterns.
    #[must_use]
    pub fn and(&self, more: &Grants) -> Grants {
        let both = self.each.iter().chain(more.each.iter()).take(PATTERNS_MAX);
        Grants {
            each: both.cloned().collect(),
        }
    }
}

impl Grant {
    fn new<'a>(pattern: &str, operations: impl IntoIterator<Item = &'a str>) -> Grant {
        let prefix = pattern.strip_suffix('*');
        let mut grant = Grant {
            topic: prefix.unwrap_or(pattern).into(),
            is_prefix: prefix.is_some(),
            all: false,
            join: false,
            presence: false,
            history: false,
            push_all: false,
            push: Box::default(),
        };
        let mut events = Vec::new();
        for operation in operations {
            match operation {
                "*" => grant.all = true,
                "join" => grant.join = true,
                "presence" => grant.presence = true,
                "history" => grant.history = true,
                "push" => grant.push_all = true,
                other => events.extend(other.strip_prefix("push:").map(CompactString::from)),
            }
        }
        grant.push = events.into();
        grant
    }

    fn pattern(&self) -> (String, Vec<String>) {
        let star = if self.is_prefix { "*" } else { "" };
        let named = [
            ("*", self.all),
            ("join", self.join),
            ("push", self.push_all),
            ("presence", self.presence),
            ("history", self.history),
        ];
        let named = named.into_iter().filter(|(_, is_granted)| *is_granted);
        let named = named.map(|(name, _)| name.to_owned());
        let events = self.push.iter().map(|event| format!("push:{event}"));
        (
            format!("{}{star}", self.topic),
            named.chain(events).collect(),
        )
    }

    fn fits(&self, topic: &str) -> bool {
        match self.is_prefix {
            true => topic.starts_with(&*self.topic),
            false => topic == self.topic,
        }
    }

    fn allows(&self, operation: Operation<'_>) -> bool {
        self.all
            || match operation {
                Operation::Join => self.join,
                Operation::Presence => self.presence,
                Operation::History => self.history,
                Operation::Push(event) => {
                    self.push_all || self.push.iter().any(|allowed| allowed == event)
                }
            }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn union_of_all_patterns_that_fit_is_granted() {
        let grants = Grants::new([
            ("room:lobby", vec!["join", "push"]),
            ("game:42:*", vec!["join", "push:move", "later"]),
            ("game:*", vec!["push:chat"]),
        ]);
        let table = [
            ("room:lobby", Operation::Join, true),
            ("room:lobby", Operation::Push("anything"), true),
            ("room:lobby", Operation::Presence, false),
            ("room:lobby2", Operation::Join, false),
            ("game:42:a", Operation::Join, true),
            ("game:42:a", Operation::Push("move"), true),
            ("game:42:a", Operation::Push("chat"), true),
            ("game:42:a", Operation::Push("cheat"), false),
            ("game:43", Operation::Join, false),
        ];
        for (topic, operation, allowed) in table {
            assert_eq!(
                grants.allow(topic, operation),
                allowed,
                "{topic} {operation:?}"
            );
        }
        assert!(Grants::default().is_empty());
    }

    #[test]
    fn patterns_are_shown_as_a_token_has_them() {
        let grants = Grants::new([
            ("room:*", vec!["push:say", "join", "later"]),
            ("a", vec!["*"]),
        ]);
        let shown: Vec<_> = grants.patterns().collect();
        let of = |names: &[&str]| {
            names
                .iter()
                .map(|name| name.to_string())
                .collect::<Vec<_>>()
        };
        assert_eq!(shown[0], ("room:*".to_owned(), of(&["join", "push:say"])));
        assert_eq!(shown[1], ("a".to_owned(), of(&["*"])));
    }

    #[test]
    fn star_grants_all_as_operation_and_is_a_character_inside_a_pattern() {
        let grants = Grants::new([("*", vec!["*"])]);
        assert!(grants.allow("any", Operation::History));
        let grants = Grants::new([("room:*:x", vec!["join"])]);
        assert!(!grants.allow("room:a:x", Operation::Join));
        assert!(grants.allow("room:*:x", Operation::Join));
    }

    #[test]
    fn patterns_beyond_the_most_are_left_out() {
        let names: Vec<String> = (0..=PATTERNS_MAX).map(|n| format!("room:{n}")).collect();
        let grants = Grants::new(names.iter().map(|name| (&**name, ["join"])));
        assert!(grants.allow("room:255", Operation::Join));
        assert!(!grants.allow("room:256", Operation::Join));
    }

    proptest! {
        #[test]
        fn grants_agree_with_a_naive_matcher(
            patterns in proptest::collection::vec("[ab:]{0,3}[*]?", 0..6),
            topic in "[ab:*]{0,4}",
        ) {
            let grants = Grants::new(patterns.iter().map(|pattern| (&**pattern, ["join"])));
            let naive = patterns.iter().any(|pattern| match pattern.strip_suffix('*') {
                Some(prefix) => topic.starts_with(prefix),
                None => *pattern == topic,
            });
            prop_assert_eq!(grants.allow(&topic, Operation::Join), naive);
        }
    }
}
