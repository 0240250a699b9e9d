//! The frames that a connection must have received, and their comparison with the received ones.

use std::collections::HashMap;
use std::rc::Rc;

use lobbyd::broker::SubscriptionId;

use super::names::{CLOSE, TOPICS};

/// The end of a connection, which decides how many of its frames must have arrived.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum End {
    /// The connection is open: all frames.
    #[default]
    Open,
    /// The owner closed the connection: all frames, then a Close.
    Retired,
    /// The owner silenced the connection: the first part of its frames, then a Close. The last of
    /// these frames is whole.
    Silenced,
    /// The connection was given up because it read too slowly: the frames as for `Silenced`.
    GivenUp,
    /// The connection was lost: the first part of its frames, perhaps cut within a frame. A Close
    /// may have come before.
    Lost,
}

#[derive(Clone, Copy)]
pub struct Joined {
    pub id: SubscriptionId,
    pub intercept: bool,
}

/// A subscription, and whether it listens by hand. If not, it intercepts.
type Ear = (SubscriptionId, bool);

/// A topic, and the number of its frames that must come before a frame of the connection's own.
type Fence = (usize, usize);

/// The frames that a connection must receive, as far as they are fixed, and the broadcasts that its
/// channels heard.
#[derive(Default)]
pub struct Expected {
    /// Frames of each topic, in order.
    pub topics: HashMap<usize, Vec<Rc<str>>>,
    /// Frames of the connection's own outbox, each with its fence.
    pub own: Vec<(Rc<str>, Option<Fence>)>,
    pub joined: HashMap<usize, Joined>,
    pub hands: Vec<(usize, SubscriptionId)>,
    pub to_hear: HashMap<Ear, Vec<Rc<str>>>,
    pub heard: HashMap<Ear, Vec<Rc<str>>>,
    pub end: End,
}

impl Expected {
    /// Returns the number of the topic's frames that the connection was to get until now.
    pub fn count(&self, topic: usize) -> usize {
        self.topics.get(&topic).map_or(0, Vec::len)
    }

    pub fn publish(
        &mut self,
        topic: usize,
        hidden: bool,
        origin: Option<SubscriptionId>,
        line: Option<&Rc<str>>,
        text: &Rc<str>,
    ) {
        let joined = self.joined.get(&topic).filter(|j| Some(j.id) != origin);
        if let Some(joined) = joined {
            if joined.intercept && hidden {
                let ear = self.to_hear.entry((joined.id, false)).or_default();
                ear.push(Rc::clone(text));
            } else if let Some(line) = line {
                self.topics.entry(topic).or_default().push(Rc::clone(line));
            }
        }
        for (at, id) in &self.hands {
            if *at == topic && Some(*id) != origin {
                let ear = self.to_hear.entry((*id, true)).or_default();
                ear.push(Rc::clone(text));
            }
        }
    }
}

pub fn check(received: &[u8], expected: &Expected) {
    let received = std::str::from_utf8(received).expect("text");
    let mut lines: Vec<&str> = received.split('\n').collect();
    let cut = lines.pop().unwrap_or_default();
    assert!(
        cut.is_empty() || expected.end == End::Lost,
        "{cut} is cut off"
    );
    match expected.end {
        End::Open | End::Lost => {
            if lines.last() == Some(&CLOSE) {
                assert_eq!(expected.end, End::Lost);
                lines.pop();
            }
        }
        End::Retired | End::Silenced | End::GivenUp => {
            assert_eq!(lines.pop(), Some(CLOSE), "the Close is the end, and whole");
        }
    }
    check_topics(&lines, expected);
    check_own(&lines, expected);
    check_heard(expected);
}

fn is_of(line: &str, topic: usize) -> bool {
    line.get(2..)
        .is_some_and(|text| text.starts_with(&format!("t{topic}#")))
}

/// Asserts that `got` is all of `wanted`, or a first part of it unless `whole`.
fn compare(got: &[&str], wanted: &[Rc<str>], whole: bool) {
    assert!(got.len() <= wanted.len(), "{got:?} is more than {wanted:?}");
    let end = if whole { wanted.len() } else { got.len() };
    let wanted: Vec<&str> = wanted[..end].iter().map(|line| &**line).collect();
    assert_eq!(got, wanted, "one order, without a gap, and once");
}

fn is_whole(end: End) -> bool {
    matches!(end, End::Open | End::Retired)
}

fn check_topics(lines: &[&str], expected: &Expected) {
    for topic in 0..TOPICS.len() {
        let of_topic = lines.iter().filter(|line| is_of(line, topic)).copied();
        let wanted = expected.topics.get(&topic).map_or(&[][..], Vec::as_slice);
        compare(
            &of_topic.collect::<Vec<_>>(),
            wanted,
            is_whole(expected.end),
        );
    }
}

fn check_own(lines: &[&str], expected: &Expected) {
    let is_own = |line: &str| (0..TOPICS.len()).all(|topic| !is_of(line, topic));
    let got = lines.iter().copied().filter(|line| is_own(line));
    let wanted: Vec<Rc<str>> = expected.own.iter().map(|(text, _)| text.clone()).collect();
    compare(&got.collect::<Vec<_>>(), &wanted, is_whole(expected.end));
    let mut own = expected.own.iter();
    let mut counts = HashMap::new();
    for line in lines {
        if let Some(topic) = (0..TOPICS.len()).find(|topic| is_of(line, *topic)) {
            *counts.entry(topic).or_insert(0) += 1;
        } else if let Some((_, Some((topic, count)))) = own.next() {
            let before = counts.get(topic).copied().unwrap_or(0);
            assert_eq!(
                before, *count,
                "{line} stands behind all that was published before it, and nothing later"
            );
        }
    }
}

fn check_heard(expected: &Expected) {
    let ears = expected.to_hear.keys().chain(expected.heard.keys());
    for ear in ears {
        let texts = |map: &HashMap<Ear, Vec<Rc<str>>>| map.get(ear).cloned().unwrap_or_default();
        let (got, wanted) = (texts(&expected.heard), texts(&expected.to_hear));
        let got: Vec<&str> = got.iter().map(|text| &**text).collect();
        compare(&got, &wanted, is_whole(expected.end));
    }
}
