//! Words of names for files and types: forbidden words, retired words with their successors.

/// Words in `…ing` that are nouns or states, and so allowed.
pub const NOUNS: &[(&str, &str)] = &[
    ("finding", "what a report found"),
    (
        "misbehaving",
        "which server the tests of the load test run against",
    ),
    ("missing", "messages that did not come"),
    (
        "pending",
        "HTTP connections that wait for a place: the field's word",
    ),
    ("routing", "how a topic finds its channel"),
    ("setting", "one of a table: a noun"),
    ("standing", "where a channel stands in its life"),
];

/// Words that say where a file is put, and not what it is.
pub const EMPTY_WORDS: &[&str] = &[
    "common", "helper", "helpers", "manager", "misc", "util", "utils",
];

/// File names with such a word, where it is the field's own.
pub const EMPTY_WORDS_KEPT: &[(&str, &str)] =
    &[("service_manager", "systemd and its like are called so")];

/// Retired names of files, which nobody searched for, and the words that replaced them.
pub const RETIRED_FILES: &[(&str, &str)] = &[
    ("alike", "dedupe"),
    ("asked", "setup"),
    ("better", "direction"),
    ("census", "room_sizes"),
    ("circle", "round_robin"),
    ("descriptors", "open_files"),
    ("door", "admission"),
    ("figures", "stats"),
    ("hall", "broker"),
    ("heights", "high_water"),
    ("in_flight", "pending"),
    ("inbox", "link or events"),
    ("intake", "ingest"),
    ("laps", "last_subscriber"),
    ("live", "reload"),
    ("orders", "signals"),
    ("passage", "phases"),
    ("sessions", "deliver"),
    ("sockets", "sink"),
    ("spare", "shrink"),
    ("stand", "subject"),
    ("story", "findings"),
    ("sweep", "deadlines"),
    ("talk", "traffic"),
    ("visit", "connection"),
];

/// Words that say nothing in the name of a type, besides `EMPTY_WORDS`.
pub const EMPTY_TYPE_WORDS: &[&str] = &["data", "handler", "handlers", "info", "processor"];

/// Types with an empty word or a gerund, by the crate's folder, each with the reason.
pub const TYPES_KEPT: &[KeptType] = &[
    (
        "src/",
        &[
            "EventHandler",
            "Handlers",
            "InfoHandler",
            "JoinHandler",
            "TerminateHandler",
        ],
        "functions for Phoenix's `handle_in`, `handle_info` and the like",
    ),
    ("src/", &["ConnectInfo"], "Phoenix's `connect_info`"),
    ("src/", &["Info"], "what Phoenix's `handle_info` gets"),
    ("src/", &["Nesting"], "the depth of brackets: a noun"),
    ("src/", &["NothingInCommon"], "a phrase"),
    ("src/", &["Running"], "a server that runs: public API"),
    (
        "src/",
        &["ServiceManager"],
        "systemd and its like are called so",
    ),
    (
        "loadtest/src/",
        &["Incoming"],
        "a frame that came in: no gerund",
    ),
    (
        "loadtest/src/",
        &["IntervalReading", "Reading"],
        "a value that was read off: a noun",
    ),
    (
        "loadtest/src/",
        &["Common"],
        "arguments of several subcommands",
    ),
    (
        "loadtest/src/",
        &["Waiting"],
        "whether connections wait at the listener",
    ),
];

/// A crate's folder, names of types, and why they keep a word that others may not have.
pub type KeptType = (&'static str, &'static [&'static str], &'static str);

/// Retired names of types in `src` and `loadtest/src`, and their present names. No type has such a
/// word as a part of its name either.
pub const RETIRED_TYPES: &[(&str, &str)] = &[
    ("Bucket", "TokenBucket"),
    ("Census", "RoomSizes"),
    ("Circle", "RoundRobin"),
    ("Door", "Admission"),
    ("Hall", "Broker"),
    ("Heights", "HighWater"),
    ("Inbox", "link or events"),
    ("Intake", "ingest"),
    ("Laps", "what is measured: the time to the last subscriber"),
    ("Passage", "Phases"),
    (
        "Seat",
        "Slot for a pending HTTP connection: seats are those of a room",
    ),
    ("ShardFigures", "ShardStats"),
    ("Story", "Findings"),
    ("Sweep", "Deadlines"),
    ("Visit", "HttpConnection"),
    ("Whence", "RequestOrigin"),
];

/// Files of a crate that share a name: the word is right for both, and the folder shows which is
/// meant.
pub const SAME_NAMES: &[(&[&str], &str)] = &[
    (
        &["src/server/shard/close.rs", "src/websocket/close.rs"],
        "a step of the shard; the close codes of RFC 6455",
    ),
    (
        &[
            "src/server/http/connection.rs",
            "src/server/shard/connection.rs",
        ],
        "one before its upgrade, one after it",
    ),
    (
        &["src/broker/fanout/log.rs", "src/program/log.rs"],
        "of a room; of the program",
    ),
    (
        &["src/channel/host.rs", "src/server/shard/host.rs"],
        "the trait; what implements it",
    ),
    (
        &["src/channel/mail.rs", "src/session/mail.rs"],
        "what an app sends; how a session takes it",
    ),
    (
        &[
            "src/channel/refusal.rs",
            "src/credentials/refusal.rs",
            "src/server/admission/refusal.rs",
        ],
        "of a join or push; of a token; of a connection",
    ),
    (
        &["src/server/reload.rs", "src/server/shard/reload.rs"],
        "the server makes what is served anew; each shard takes it over",
    ),
    (
        &["src/broker/fanout/room.rs", "src/config/room.rs"],
        "a topic on a shard; its settings",
    ),
    (
        &["src/broker/fanout/scratch.rs", "src/protocol/scratch.rs"],
        "buffers of a pass; of a decode",
    ),
    (
        &["src/broker/fanout/settings.rs", "src/config/settings.rs"],
        "of the engine; of the file",
    ),
];

/// Types of one name in a crate, by name and files: real words for two things. The public API and
/// the JSON of a result keep their words, so the other one gets a new name before it stands here.
pub const SAME_TYPES: &[SameType] = &[(
    "Verdict",
    &[
        "src/credentials/verdict.rs",
        "src/server/shard/rate_limit.rs",
    ],
    "over a token; over a frame by its rate",
)];

/// The name, the files that define it, and why both are called so.
pub type SameType = (&'static str, &'static [&'static str], &'static str);
