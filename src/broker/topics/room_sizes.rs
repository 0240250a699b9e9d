//! Sizes of rooms, counted on demand: the number of rooms of each size, and the largest rooms.

use std::sync::Arc;

use super::hub::Hub;
use super::topic::Topic;

/// The size classes of rooms: the name of each class, and the largest room in it.
pub const SIZE_CLASSES: [(&str, u32); 6] = [
    ("1", 1),
    ("2-10", 10),
    ("11-100", 100),
    ("101-1000", 1_000),
    ("1001-10000", 10_000),
    ("more", u32::MAX),
];

/// Counts of rooms at one time. A room is a topic with at least one member that gets frames.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoomSizes {
    /// Number of rooms in each of the [`SIZE_CLASSES`].
    pub by_size: [u64; SIZE_CLASSES.len()],
    /// The largest rooms, the largest first.
    pub largest: Vec<LargeRoom>,
}

/// A room by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LargeRoom {
    /// The room's topic.
    pub topic: Arc<str>,
    /// Members on all shards.
    pub members: u32,
    /// Broadcasts since the room's first member joined.
    pub messages: u64,
}

impl Hub {
    /// Counts the rooms, and names the `largest_max` largest rooms. Looks at every topic. Holds no
    /// lock longer than a 64th part of the whole time.
    pub fn room_sizes(&self, largest_max: usize) -> RoomSizes {
        let mut by_size = [0; SIZE_CLASSES.len()];
        let mut largest: Vec<(u32, Arc<Topic>)> = Vec::new();
        self.topics.walk(|topic| {
            let members = topic.members_len();
            if members == 0 {
                return;
            }
            by_size[SIZE_CLASSES.partition_point(|(_, max)| *max < members)] += 1;
            let place = largest.partition_point(|(more, _)| *more >= members);
            if place < largest_max {
                largest.truncate(largest_max - 1);
                largest.insert(place, (members, Arc::clone(topic)));
            }
        });
        let named = largest.into_iter().map(|(members, topic)| LargeRoom {
            topic: Arc::clone(topic.name()),
            members,
            messages: topic.messages(),
        });
        RoomSizes {
            by_size,
            largest: named.collect(),
        }
    }
}
