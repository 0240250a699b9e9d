//! The plan of the house: folders, their order, what each may import, and every exception by name.
//!
//! Edit this file when the house changes: each line says why it is so. All else in `tests/tidy` is
//! the engine that reads it. A line that nothing needs any more fails the test as well.

/// What a folder or file of `src` may import; the face of a folder is its `mod.rs`.
pub struct Import {
    pub from: &'static str,
    /// Folders of `src`. `session/broadcast` is that file alone, named by the folder's face.
    pub to: &'static [&'static str],
    /// It may name what `lib.rs` hands on, whichever folder that is of.
    pub lib: bool,
}

const fn import(from: &'static str, to: &'static [&'static str]) -> Import {
    let lib = false;
    Import { from, to, lib }
}

const fn over_lib(from: &'static str, to: &'static [&'static str]) -> Import {
    let lib = true;
    Import { from, to, lib }
}

/// Who may import whom in `src`. A folder that has no line here may not be in `src`.
pub const IMPORTS: &[Import] = &[
    // The steps of the program are the binary's, over what the library publishes.
    over_lib("main", &["program", "config", "server", "channel"]),
    over_lib("program", &["config", "server", "channel"]),
    // The face hands names on and uses none.
    import("lib", &[]),
    // Settings become rooms and a server, as an app would build them.
    over_lib(
        "config",
        &["rooms", "server", "channel", "hooks", "credentials"],
    ),
    // Rooms by rules show that the public API is enough.
    over_lib("rooms", &["server", "channel", "hooks", "credentials"]),
    // The server has everything below it, and no room, setting or process.
    import(
        "server",
        &[
            "cluster",
            "session",
            "channel",
            "broker",
            "websocket",
            "protocol",
            "credentials",
            "hooks",
        ],
    ),
    // A cluster publishes what others sealed: of a session it needs the sealing alone.
    import(
        "cluster",
        &["session/broadcast", "presence", "broker", "protocol"],
    ),
    // The protocol's state of one connection calls the app's channels.
    import(
        "session",
        &[
            "channel",
            "presence",
            "broker",
            "protocol",
            "websocket",
            "credentials",
        ],
    ),
    // What an app writes knows neither sockets nor sessions.
    import(
        "channel",
        &["presence", "broker", "protocol", "credentials"],
    ),
    // Presence is data and rules; of the broker it knows a newcomer's snapshot alone.
    import("presence", &["broker/topics/snapshot", "protocol"]),
    // The ground: these import nothing of ours, so each can be read and tested alone.
    import("broker", &[]),
    import("protocol", &[]),
    import("websocket", &[]),
    import("credentials", &[]),
    import("hooks", &[]),
];

/// The rooms of a folder from top to bottom. A room imports its own floor and those below it.
pub struct Order {
    pub folder: &'static str,
    pub floors: &'static [&'static [&'static str]],
}

pub const ORDERS: &[Order] = &[
    Order {
        folder: "src/server/",
        floors: &[
            &["mod"],                            // the face, nothing else
            &["builder"],                        // what an app sets, what is bound
            &["run"],                            // starts the threads and ends them
            &["endpoint"],                       // the app's handle
            &["reload", "accept"],               // both post to shards
            &["shard"],                          // one thread's connections
            &["http"],                           // before and beside WebSocket
            &["metrics"],                        // a page of http
            &["node"],                           // what all threads share
            &["admission"],                      // who may connect; node holds its counts
            &["stream", "limits", "background"], // the ground: bytes, numbers, threads
        ],
    },
    Order {
        folder: "src/server/shard/",
        floors: &[
            // steps: `impl Shard`
            &[
                "open",
                "read",
                "receive",
                "rate_limit",
                "backpressure",
                "host",
                "deliver",
                "admit_joins",
                "deadlines",
                "limit_watch",
                "reload",
                "drain",
                "close",
                "poll_session",
            ],
            // the waist: the struct and its turn
            &["mod"],
            // states, which do not know who turns them
            &[
                "link",
                "events",
                "connection",
                "connections",
                "clock",
                "pace",
                "join_queue",
                "drain_plan",
                "sink",
                "services",
                "lifecycle",
                "scratch",
                "timers",
                "windows",
                "parked_joins",
            ],
        ],
    },
    Order {
        folder: "src/broker/",
        floors: &[
            &["mod"],    // the face
            &["fanout"], // one shard's: what members are sent
            &["topics"], // shared by shards: one order per topic
            &["shrink"], // when a buffer gives memory back, for both
        ],
    },
    Order {
        folder: "src/broker/fanout/",
        floors: &[
            // steps: `impl Fanout`
            &[
                "subscribe",
                "membership",
                "ingest",
                "flush",
                "write",
                "retention",
                "last_subscriber",
                "slow_policy",
            ],
            // the waist
            &["mod"],
            // states
            &[
                "settings",
                "room",
                "log",
                "round_robin",
                "outlet",
                "listener",
                "age",
                "sink",
                "scratch",
                "high_water",
            ],
        ],
    },
    Order {
        folder: "loadtest/src/",
        floors: &[
            &["main"],                // the subcommand that was typed, and the exit code
            &["lib"],                 // the face
            &["scenario"],            // what each subcommand does
            &["run"],                 // what every scenario needs
            &["arguments", "report"], // what is typed; what is shown of a result
            &["load"],                // who connects, what is said, what came back
            &["observe", "floor"],    // what the machine uses; the cheapest server
            &["result"],              // what was found: the JSON is the product
            &["clock"],               // the time that all of them stamp
        ],
    },
];

/// A struct with one turn: its steps are files with `impl`, its states are files without.
pub struct Waist {
    pub folder: &'static str,
    pub name: &'static str,
}

pub const WAISTS: &[Waist] = &[
    Waist {
        folder: "src/server/shard/",
        name: "Shard",
    },
    Waist {
        folder: "src/broker/fanout/",
        name: "Fanout",
    },
];

/// Rooms of features that are planned: they have their place before their first line.
pub const COMING: &[&str] = &[
    "src/credentials",               // tokens, keys, claims; no I/O
    "src/hooks",                     // questions to a backend
    "src/presence",                  // who is there, as data and rules
    "src/cluster",                   // several nodes, one order where it is asked for
    "src/server/stream",             // TLS or plain
    "src/server/background",         // two threads beside the shards: signatures, outgoing HTTP
    "src/server/shard/poll_session", // long-poll
    "src/server/shard/windows",      // presence and delivery policies by time
    "src/server/shard/parked_joins", // joins that wait for a seat
    "src/server/shard/connections",  // which list a connection is on
    "src/server/shard/services",     // what a host needs of a shard
    "src/server/shard/lifecycle",    // whether the shard drains or stops
    "src/server/shard/scratch",      // buffers of a turn
    "src/server/shard/timers",       // what happens at which time
    "src/broker/fanout/slow_policy", // what a member that falls behind gets
];

/// The one circle of files: a continuation of an app takes what it makes, `later(future, |out,
/// socket| -> Handled)`, so these three small files are one idea.
pub const CIRCLE: &[&str] = &[
    "src/channel/host.rs",
    "src/channel/outcome.rs",
    "src/channel/socket.rs",
];

/// Files directly in `src/server`, beside its face.
pub const SERVER_FILES_MAX: usize = 8;
/// Files directly in any folder of `src`.
pub const FOLDER_FILES_MAX: usize = 30;
/// More than this cannot be read in one go.
pub const FILE_LINES_MAX: usize = 400;
pub const FUNCTION_LINES_MAX: usize = 60;
pub const COLUMNS_MAX: usize = 100;

/// Lines of `loadtest/src`. The goal is 16,000: a new report needs an old one to go. This number
/// falls with each hundred lines that do, and rises only in a commit that says why.
pub const LOADTEST_LINES_MAX: usize = 18_400;

/// Files over `FILE_LINES_MAX`.
pub const LONG_FILES: &[(&str, &str)] = &[(
    "tests/program/config/invalid.rs",
    "one table of wrong files and their messages",
)];

/// Functions over `FUNCTION_LINES_MAX`, as `file::name`.
pub const LONG_FUNCTIONS: &[(&str, &str)] = &[(
    "src/config/limit_settings.rs::limit_settings",
    "a table: a row per limit",
)];

/// Comment lines over `COLUMNS_MAX`, by folder. A number only falls: lower it when you mend some.
pub const WIDE_COMMENTS: &[(&str, usize)] = &[
    ("src/", 17),
    ("src/broker/", 128),
    ("src/channel/", 140),
    ("src/config/", 28),
    ("src/program/", 14),
    ("src/protocol/", 53),
    ("src/rooms/", 21),
    ("src/server/", 239),
    ("src/session/", 41),
    ("src/websocket/", 63),
    ("loadtest/src/", 18),
];

/// Files of one name in `src`: real words for two things, each clear from its folder.
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
        &["src/channel/mail.rs", "src/session/mail.rs"],
        "what an app sends; how a session takes it",
    ),
    (
        &["src/channel/refusal.rs", "src/server/admission/refusal.rs"],
        "of a join or push; of a connection",
    ),
    (
        &[
            "src/program/reload.rs",
            "src/server/reload.rs",
            "src/server/shard/reload.rs",
        ],
        "one way, three stations: SIGHUP, what is served, what a shard does",
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
    (
        &["src/broker/fanout/sink.rs", "src/server/shard/sink.rs"],
        "the trait; what implements it",
    ),
];

/// Words in `…ing` that are nouns or states.
pub const NOUNS: &[(&str, &str)] = &[
    ("finding", "what a report found"),
    ("happening", "an event of a client: a noun"),
    ("missing", "messages that did not come"),
    (
        "pending",
        "HTTP connections that wait for a place: the field's word",
    ),
    ("routing", "how a topic finds its channel"),
    ("setting", "one of a table: a noun"),
    ("standing", "where a channel stands in its life"),
];

/// Names that say where something was put and not what it is: as a word of a file's name.
pub const EMPTY_WORDS: &[&str] = &[
    "common", "helper", "helpers", "manager", "misc", "util", "utils",
];

/// File names with such a word for which it is the field's own.
pub const EMPTY_WORDS_KEPT: &[(&str, &str)] =
    &[("service_manager", "systemd and its like are called so")];

/// Pictures that nobody searched for, and the word that took the place.
pub const RETIRED_FILES: &[(&str, &str)] = &[
    ("alike", "dedupe"),
    ("arena", "fixture"),
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
    ("told", "service_manager"),
    ("visit", "connection"),
];

/// Types of `src` and `loadtest/src` that had such names, and what they are called now.
pub const RETIRED_TYPES: &[(&str, &str)] = &[
    ("Bucket", "TokenBucket"),
    ("Census", "RoomSizes"),
    ("Circle", "RoundRobin"),
    ("Door", "Admission"),
    ("Hall", "Broker"),
    ("Heights", "HighWater"),
    ("Laps", "what is measured: the time to the last subscriber"),
    (
        "Seat",
        "Slot for a pending HTTP connection: seats are those of a room",
    ),
    ("ShardFigures", "ShardStats"),
    ("Visit", "HttpConnection"),
    ("Whence", "RequestOrigin"),
];
