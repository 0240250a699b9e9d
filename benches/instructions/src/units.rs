//! The counted works: each bench's function, the name of one unit, and how many units it counts.

use crate::{MEMBERS, PAGES, TIMES};

/// A work whose instructions are counted.
#[derive(Clone, Copy, Debug)]
pub struct Unit {
    /// The function in `benches/per_message`, and its id behind a dot if it has one.
    pub bench: &'static str,
    /// The name of one unit, in words.
    pub name: &'static str,
    /// The number of units that the function does.
    pub of: u64,
}

/// A work whose blocks of heap are counted.
#[derive(Clone, Copy, Debug)]
pub struct Blocks {
    /// The function in `benches/allocations`, and its id behind a dot if it has one.
    pub bench: &'static str,
    /// The function that does less of the same work. Its blocks are subtracted, and the rest has to
    /// be none.
    pub without: Option<&'static str>,
    /// The name of the work, in words.
    pub name: &'static str,
}

const fn unit(bench: &'static str, name: &'static str, of: u64) -> Unit {
    Unit { bench, name, of }
}

/// All works whose instructions are counted.
pub const INSTRUCTIONS: [Unit; 22] = [
    unit("decode.v2", "decode of a V2 push of 64 B", TIMES),
    unit("decode.v1", "decode of a V1 push of 64 B", TIMES),
    unit("decode.binary", "decode of a binary push of 64 B", TIMES),
    unit("decode.v2_long", "decode of a V2 push of 16 KiB", TIMES),
    unit("read.whole", "read of a frame of 64 B", TIMES),
    unit(
        "read.crumbs",
        "read of a frame of 64 B, in crumbs of 7 B",
        TIMES,
    ),
    unit(
        "read.fragments",
        "read of a message of 64 B in 4 fragments",
        TIMES,
    ),
    unit(
        "fields.short",
        "3 fields out of a payload of 200 B, in one pass",
        TIMES,
    ),
    unit(
        "fields.long",
        "3 fields out of a payload of 4 KiB, in one pass",
        TIMES,
    ),
    unit(
        "seal.v2",
        "encode and seal of a V2 broadcast of 64 B",
        TIMES,
    ),
    unit(
        "seal.v1",
        "encode and seal of a V1 broadcast of 64 B",
        TIMES,
    ),
    unit(
        "seal.binary",
        "encode and seal of a binary broadcast of 64 B",
        TIMES,
    ),
    unit("append", "publish and append of a sealed broadcast", TIMES),
    unit(
        "flush.one",
        "flush of 1 frame, per member of 1,000",
        MEMBERS as u64,
    ),
    unit(
        "flush.sixteen",
        "flush of 16 frames, per member of 1,000",
        MEMBERS as u64,
    ),
    unit(
        "catch_up",
        "catch-up by 64 frames, per member of 1,000 that were blocked",
        MEMBERS as u64,
    ),
    unit("join", "join of a room by rules, and its reply", TIMES),
    unit("reply", "heartbeat, its reply, and the write", TIMES),
    unit("relay.whole", "push of 64 B into a room by rules", TIMES),
    unit(
        "relay.fields",
        "push of 4 KiB into a room by rules that relays 3 fields",
        TIMES,
    ),
    unit("metrics_page", "page of metrics of an idle server", PAGES),
    unit(
        "room_sizes",
        "count of rooms by size, per room of 1,000",
        MEMBERS as u64,
    ),
];

/// All works whose blocks of heap are counted.
pub const ALLOCATIONS: [Blocks; 7] = [
    Blocks {
        bench: "flush.twice_the_members",
        without: Some("flush.once"),
        name: "blocks of a flush of 1 frame to 1,000 more members",
    },
    Blocks {
        bench: "flush.twice_the_frames",
        without: Some("flush.sixteen"),
        name: "blocks of a flush of 16 more frames to 1,000 members",
    },
    Blocks {
        bench: "catch_up.twice_the_copied",
        without: Some("catch_up.copied"),
        name: "blocks of a catch-up by 9 KiB of 1,000 more members",
    },
    Blocks {
        bench: "catch_up.twice_the_vectored",
        without: Some("catch_up.vectored"),
        name: "blocks of a catch-up by 64 KiB of 1,000 more members",
    },
    Blocks {
        bench: "answered.twice_the_members",
        without: Some("answered.once"),
        name: "blocks of a catch-up by 64 KiB and an answer, of 1,000 more",
    },
    Blocks {
        bench: "publish",
        without: None,
        name: "blocks of a push of 64 B into a room by rules",
    },
    Blocks {
        bench: "join",
        without: None,
        name: "blocks of a join of a room by rules, and its reply",
    },
];

/// True if `name` is that of a work whose blocks of heap are counted.
pub fn is_blocks(name: &str) -> bool {
    ALLOCATIONS.iter().any(|blocks| blocks.name == name)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn counted_works_differ_in_their_names_and_benches() {
        let units = INSTRUCTIONS.iter().map(|unit| unit.name);
        let names: BTreeSet<&str> = units.chain(ALLOCATIONS.iter().map(|it| it.name)).collect();
        assert_eq!(names.len(), INSTRUCTIONS.len() + ALLOCATIONS.len());
        let benches: BTreeSet<&str> = INSTRUCTIONS.iter().map(|unit| unit.bench).collect();
        assert_eq!(benches.len(), INSTRUCTIONS.len());
    }
}
