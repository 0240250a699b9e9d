//! Which lobby a client is in: one after the other, or as its own values name the topic.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

/// The lobbies of a run, and the lobby of each client.
#[derive(Clone, Debug)]
pub enum LobbyPlan {
    /// This number of lobbies, over which clients are spread one after the other.
    Even(u32),
    /// A lobby for each topic that values of clients make.
    ByTopic {
        /// The topic of each lobby.
        topics: Arc<[String]>,
        /// The lobby of each client.
        of: Arc<[u32]>,
    },
}

impl LobbyPlan {
    /// Returns the lobbies of clients with these topics.
    pub fn by_topic(topics: impl Iterator<Item = String>) -> LobbyPlan {
        let mut numbers: HashMap<String, u32> = HashMap::new();
        let mut names = Vec::new();
        let of = topics.map(|topic| {
            let next = names.len() as u32;
            *numbers.entry(topic).or_insert_with_key(|topic| {
                names.push(topic.clone());
                next
            })
        });
        let of = of.collect();
        LobbyPlan::ByTopic {
            topics: names.into(),
            of,
        }
    }

    /// Returns the number of lobbies.
    pub fn count(&self) -> u32 {
        match self {
            LobbyPlan::Even(count) => *count,
            LobbyPlan::ByTopic { topics, .. } => topics.len() as u32,
        }
    }

    /// Returns the lobby of a client.
    pub fn of(&self, client: u32) -> u32 {
        match self {
            LobbyPlan::Even(count) => client % count,
            LobbyPlan::ByTopic { of, .. } => of[client as usize],
        }
    }

    /// Returns the topic of a lobby, if values of clients have made it.
    pub fn topic(&self, lobby: u32) -> Option<&str> {
        match self {
            LobbyPlan::Even(_) => None,
            LobbyPlan::ByTopic { topics, .. } => topics.get(lobby as usize).map(String::as_str),
        }
    }

    /// Returns how many of `clients` each lobby has.
    pub fn sizes(&self, clients: Range<u32>) -> Vec<u32> {
        let mut sizes = vec![0; self.count() as usize];
        for client in clients {
            sizes[self.of(client) as usize] += 1;
        }
        sizes
    }

    /// Returns how many of the first `clients` the smallest lobby has.
    pub fn smallest(&self, clients: u32) -> u32 {
        self.sizes(0..clients).into_iter().min().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lobby_is_that_of_the_topic() {
        let topics = ["a", "b", "a", "c", "b", "a"].map(str::to_owned);
        let lobbies = LobbyPlan::by_topic(topics.into_iter());
        let of: Vec<u32> = (0..6).map(|client| lobbies.of(client)).collect();
        assert_eq!(of, [0, 1, 0, 2, 1, 0]);
        assert_eq!((lobbies.count(), lobbies.topic(2)), (3, Some("c")));
        assert_eq!(lobbies.sizes(1..6), [2, 2, 1]);
        assert_eq!(lobbies.smallest(3), 0);
    }

    #[test]
    fn clients_are_spread_evenly_where_the_topic_is_not_theirs() {
        let lobbies = LobbyPlan::Even(3);
        assert_eq!(lobbies.sizes(0..8), [3, 3, 2]);
        assert_eq!((lobbies.smallest(8), lobbies.of(4)), (2, 1));
    }
}
