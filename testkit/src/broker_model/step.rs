//! The steps that the model's world takes.

/// One step of the model. Connections and topics are numbers; `at` is a shard and a connection.
#[derive(Clone, Debug)]
pub enum Step {
    Publish(Publish),
    Join {
        at: At,
        topic: usize,
        intercept: bool,
    },
    /// A channel subscribes by hand. With `own_id` it uses the id of its own subscription, if it
    /// has one.
    Listen {
        at: At,
        topic: usize,
        own_id: bool,
    },
    Leave {
        at: At,
        topic: usize,
    },
    /// A reply or push, with a fence behind a topic or without.
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
    /// Time passes, and the shard sweeps entries that are too old.
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
    /// The owner ends the connection with a Close frame, after all its frames, or at once if
    /// `silently`.
    End {
        at: At,
        silently: bool,
    },
    /// The connection is gone, and a new connection gets its number.
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
    /// True if the payload has a form in both classes.
    pub text: bool,
    pub hidden: bool,
    /// A connection of the shard that does not get the broadcast.
    pub from: Option<usize>,
}
