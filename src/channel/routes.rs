//! Which channel serves which topic.

use std::sync::Arc;

use super::Channel;

/// Topic patterns with their channels, tried in the order in which they were declared.
#[derive(Default)]
pub struct Routes(Vec<Route>);

struct Route {
    pattern: Pattern,
    channel: Arc<dyn Channel>,
}

enum Pattern {
    Exact(Box<str>),
    Prefix(Box<str>),
}

impl Routes {
    /// Adds `pattern` behind those already there: a topic's whole name, or `prefix*` for every topic that begins with
    /// `prefix`, the bare prefix included.
    ///
    /// # Panics
    ///
    /// If a star stands anywhere but at the end. Routes are made when a program starts, so it stops there.
    pub fn push(&mut self, pattern: &str, channel: Arc<dyn Channel>) {
        let pattern = Pattern::parse(pattern);
        self.0.push(Route { pattern, channel });
    }

    /// The channel of the first pattern that matches `topic`.
    pub fn find(&self, topic: &str) -> Option<&Arc<dyn Channel>> {
        self.index_of(topic).map(|index| &self.0[index].channel)
    }

    /// Where `topic`'s route stands: the small name by which a joined channel remembers it.
    pub(super) fn index_of(&self, topic: &str) -> Option<usize> {
        self.0.iter().position(|route| route.pattern.matches(topic))
    }

    /// The channel of the route at `index`, which `index_of` gave.
    pub(super) fn channel(&self, index: usize) -> &dyn Channel {
        &*self.0[index].channel
    }
}

impl Pattern {
    fn parse(pattern: &str) -> Self {
        match pattern.split_once('*') {
            None => Self::Exact(pattern.into()),
            Some((prefix, "")) => Self::Prefix(prefix.into()),
            Some(_) => panic!("topic pattern {pattern:?}: a star may only stand at its end"),
        }
    }

    fn matches(&self, topic: &str) -> bool {
        match self {
            Self::Exact(name) => topic == &**name,
            Self::Prefix(prefix) => topic.starts_with(&**prefix),
        }
    }
}
