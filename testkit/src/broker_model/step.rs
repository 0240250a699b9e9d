//! One thing that happens in the model's world.

/// One thing that happens. Connections and topics are numbers; `at` is a shard and a connection.
#[derive(Clone, Debug)]
pub enum Step {
    Publish(Publish),
    Join {
        at: At,
        topic: usize,
        intercept: bool,
    },
    /// A channel subscribes by hand, under the id of its own subscription if it has one and
    /// `own_id`.
    Listen {
        at: At,
        topic: usize,
        own_id: bool,
    },
    Leave {
        at: At,
        topic: usize,
    },
    /// A reply or push, behind a topic or not.
    Own {
        at: At,
        topic: Option<usize>,
        size: usize,
    },
    Flush {
        shard: usize,
        writes: usize,
        bytes: usize,
    },
    /// Time passes, and the shard looks at what has grown old.
    Sweep {
        shard: usize,
        ms: u32,
    },
    /// The socket takes this many more bytes, then blocks.
    Block {
        at: At,
        room: usize,
    },
    Resume {
        at: At,
        room: usize,
    },
    /// The owner ends the connection with a Close frame, after all it was to get or at once.
    End {
        at: At,
        silently: bool,
    },
    /// The connection is gone, and a new one has its number.
    Reopen {
        at: At,
    },
}

pub type At = (usize, usize);

#[derive(Clone, Debug)]
pub struct Publish {
    pub shard: usize,
    pub topic: usize,
    pub size: usize,
    pub times: usize,
    /// Whether the payload has a form in both classes.
    pub text: bool,
    pub hidden: bool,
    /// A connection of the shard that does not get it.
    pub from: Option<usize>,
}
