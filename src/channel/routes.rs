//! The table of a mount: topic patterns, and the channel that serves each.

use std::sync::Arc;

use super::app_values::AppValue;
use super::channel::Channel;

/// Topic patterns with their channels, tried in the order in which they were declared.
#[derive(Default)]
pub struct Routes(Vec<Arc<Route>>);

/// A pattern and its channel. A joined topic keeps its route until a reload brings another route.
pub(crate) struct Route {
    pattern: TopicPattern,
    channel: AppValue<Arc<dyn Channel>>,
}

enum TopicPattern {
    Exact(Box<str>),
    Prefix(Box<str>),
}

impl Routes {
    /// Adds `pattern` behind the patterns that are there. A pattern is a topic's whole name, or
    /// `prefix*` for every topic that begins with `prefix`, the bare prefix included.
    ///
    /// # Panics
    ///
    /// If a star stands anywhere but at the end. Routes are made when a program starts, so the
    /// program stops at its start.
    pub fn push(&mut self, pattern: &str, channel: Arc<dyn Channel>) {
        let pattern = TopicPattern::parse(pattern);
        let channel = AppValue::new(channel);
        self.0.push(Arc::new(Route { pattern, channel }));
    }

    /// Returns the channel of the first pattern that matches `topic`.
    #[cfg(feature = "engine")]
    pub fn find(&self, topic: &str) -> Option<&Arc<dyn Channel>> {
        self.route_of(topic).map(|route| route.channel.get())
    }

    /// Returns the first route whose pattern matches `topic`.
    pub(crate) fn route_of(&self, topic: &str) -> Option<&Arc<Route>> {
        self.0.iter().find(|route| route.pattern.matches(topic))
    }
}

impl Route {
    pub(crate) fn channel(&self) -> &dyn Channel {
        &**self.channel.get()
    }
}

impl TopicPattern {
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
