//! The plan of the sources: folders, their order, and what each may import.
//!
//! Edit this file when the structure changes: each line gives its reason. Sizes are in `limits.rs`,
//! names in `words.rs`, the order of inner folders in `floors.rs`. An exception that nothing needs
//! fails the test.

/// The imports that a folder or file of `src` may have. The face of a folder is its `mod.rs`.
pub struct Import {
    pub from: &'static str,
    /// Folders of `src`. `session/seal_broadcast` is that file alone, named by the folder's face.
    pub to: &'static [&'static str],
    /// True if the folder may use names of `lib.rs`, from whichever folder they come.
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

/// The imports that are allowed in `src`. A folder without a line here may not be in `src`.
pub const IMPORTS: &[Import] = &[
    // The steps of the program are the binary's, over what the library publishes.
    over_lib(
        "main",
        &["program", "config", "server", "channel", "credentials"],
    ),
    over_lib("program", &["config", "server", "channel", "credentials"]),
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
    // A cluster publishes sealed entries of others: of a session it needs the sealing alone.
    import(
        "cluster",
        &["session/seal_broadcast", "presence", "broker", "protocol"],
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
    // An app's code knows no session and no server. Its pushes are sealed as frames at once.
    import(
        "channel",
        &["presence", "broker", "protocol", "websocket", "credentials"],
    ),
    // Presence is data and rules; of the broker it knows a newcomer's snapshot alone.
    import("presence", &["broker/topics/snapshot", "protocol"]),
    // The ground: these folders import nothing of lobbyd, so each can be read and tested alone.
    import("broker", &[]),
    import("protocol", &[]),
    import("websocket", &[]),
    import("credentials", &[]),
    import("hooks", &[]),
];

/// Files that outsiders name as modules, because a function reads best after that name.
pub const OPEN_MODULES: &[(&str, &str)] = &[(
    "src/channel/frames.rs",
    "`frames::reply`, `frames::close`: messages of the protocol",
)];

/// The rooms of a folder from top to bottom. A room imports its own floor and those below it.
pub struct Order {
    pub folder: &'static str,
    pub floors: &'static [&'static [&'static str]],
}

/// The order of the large folders, and of those with a waist. `floors.rs` has the others.
pub const ORDERS: &[Order] = &[
    Order {
        folder: "src/server/",
        floors: &[
            &["mod"],                                   // the face, nothing else
            &["builder"],                               // what an app sets, what is bound
            &["run"],                                   // starts the threads and ends them
            &["endpoint"],                              // the app's handle
            &["reload", "accept"],                      // both post to shards
            &["shard"],                                 // one thread's connections
            &["http"],                                  // before and beside WebSocket
            &["metrics"],                               // a page of http
            &["node"],                                  // what all threads share
            &["admission"],                             // who may connect; node holds its counts
            &["stream", "limits", "log", "background"], // the ground: bytes, numbers, lines, threads
        ],
    },
    Order {
        folder: "src/server/shard/",
        floors: &[
            // steps: `impl Shard`
            &[
                "open",
                "read",
                "rate_limit",
                "backpressure",
                "room_rate",
                "host",
                "deliver",
                "deadlines",
                "limit_watch",
                "reload",
                "drain",
                "close",
                "idle_shard",
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
                "ended",
                "held_bytes",
                "drain_plan",
                "socket_write",
                "services",
                "lifecycle",
                "timers",
                "deadlines_round",
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
                "flush",
                "catch_up",
                "write",
                "retention",
                "last_subscriber",
                "give_back",
                "fence",
                "slow_consumer",
                "notify",
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
                "outlets",
                "passes",
                "retained",
                "room_slots",
                "balance",
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
    Waist {
        folder: "src/session/",
        name: "Session",
    },
    Waist {
        folder: "src/server/admission/",
        name: "Admission",
    },
];

/// Rooms of planned features: a feature has its place before its first line.
pub const COMING: &[&str] = &[
    "src/hooks",                     // questions to a backend
    "src/presence",                  // who is there, as data and rules
    "src/cluster",                   // several nodes, one order where it is asked for
    "src/server/stream",             // TLS or plain
    "src/server/shard/poll_session", // long-poll
    "src/server/shard/windows",      // presence and delivery policies by time
    "src/server/shard/parked_joins", // joins that wait for a seat
    "src/broker/fanout/slow_policy", // what a member that falls behind gets
];

/// The one known circle of files. An outcome may hold a continuation that returns an outcome,
/// `later(future, |out, socket| -> Handled)`, so these three small files are one idea.
pub const CIRCLE: &[&str] = &[
    "src/channel/host.rs",
    "src/channel/outcome.rs",
    "src/channel/socket.rs",
];

/// Most files directly in `src/server`, in addition to its face.
pub const SERVER_FILES_MAX: usize = 8;
/// Most files directly in any folder of `src`.
pub const FOLDER_FILES_MAX: usize = 30;
