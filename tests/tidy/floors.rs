//! The order of files within the inner folders of `src`, from top to bottom.
//!
//! A folder with few files has a row too, so that none grows without an order.

use super::tree::{ORDERS, Order};

/// Returns the orders of all folders.
pub fn orders() -> impl Iterator<Item = &'static Order> {
    ORDERS.iter().chain(INNER)
}

/// Returns the place of a room, counted from the top.
pub fn floor(order: &Order, room: &str) -> Option<usize> {
    order.floors.iter().position(|floor| floor.contains(&room))
}

const INNER: &[Order] = &[
    Order {
        folder: "src/config/",
        floors: &[
            &["mod"],       // the face
            &["arguments"], // the command line
            &["token_arguments"],
            &["given"], // the settings of all sources
            &["load"],  // what the file's secrets and keys come to
            &["checks", "changes", "file", "print"],
            &["effective", "names", "tables"], // values with their sources; the name that was meant
            &["settings"],                     // the table of settings
            &["apply", "auth_changes", "auth_settings", "limit_settings"],
            &["tree", "room_changes"], // the configuration as data
            &["auth", "room", "room_forms"],
            &["lists", "setting"],
            &["form", "number"], // how one value is read and written
            // the ground: one value, one place, one problem
            &[
                "raw",
                "unfit",
                "address",
                "log_values",
                "lines",
                "problem",
                "change",
            ],
        ],
    },
    Order {
        folder: "src/config/auth/",
        floors: &[
            &["mod"],         // the face
            &["auth_tables"], // the settings of the lists
            &["auth_values"], // [auth] as data
            &["key_end", "loaded_tokens"],
            &["secret_text"], // what was read, and shown by its length alone
            &["auth_forms", "auth_lines"],
        ],
    },
    Order {
        folder: "src/config/load/",
        floors: &[
            &["mod"], // the face
            &["load_auth", "read_lists"],
            &["load_issuer", "load_phoenix"],
            &["load_keys"],
            &["findings"],
        ],
    },
    Order {
        folder: "src/config/checks/",
        floors: &[
            &["mod"], // the face, and settings that contradict each other
            &["warnings"],
            &["auth_warnings", "room_warnings", "message_limits"],
            &["room_checks", "number_warnings"],
        ],
    },
    Order {
        folder: "src/program/",
        floors: &[
            &["mod"],                                      // the face
            &["sighup", "sign_token"],                     // a reload; a token that is made
            &["explain_token", "signals", "token_claims"], // a token that is looked at; the end
            &["token_error", "token_steps"],
            &[
                "exit",
                "inherited_sockets",
                "issuers",
                "log",
                "service_manager",
                "token_form",
            ],
            &["environment", "log_format"], // one variable, and the form of a line
            &["log_escape"],
        ],
    },
    Order {
        folder: "src/rooms/",
        floors: &[
            &["mod"], // the face, and how rooms become a mount
            &["declared"],
            &["tutorial", "rate", "push_grants"],
            &["admit"],
            &["rules"], // what a file or an app says of a room
        ],
    },
    Order {
        folder: "src/credentials/",
        floors: &[
            &["mod"],                          // the face
            &["token_checks", "removed_keys"], // checks that may take their time
            &["verifier"],                     // all checks of a token, in their order
            &["screened"],
            &["issuer", "phoenix_token"],
            &["jwks"], // keys from a URL
            &[
                "claims_dialect",
                "jwt",
                "keys",
                "occasion",
                "phoenix_settings",
                "sign",
                "term_encode",
                "token_cache",
                "verdict",
            ],
            &["revocations"], // those in force
            &["claims", "key", "revocation", "subject", "terms"],
            &["key_problem"],
            &[
                "algorithm",
                "grants",
                "integer",
                "refusal",
                "secret",
                "token_policy",
                "wall_clock",
            ], // the ground
        ],
    },
    Order {
        folder: "src/credentials/jwks/",
        floors: &[
            &["mod"],
            &["key_refresh"],                  // which set is in force
            &["jwks_result", "jwks_schedule"], // which set is taken; when one is fetched
            &["jwks_source"],
        ],
    },
    Order {
        folder: "src/server/accept/",
        floors: &[
            &["mod"],
            &["acceptor"],
            &["arrivals"], // what was accepted and waits
            &["accept_error", "open_files"],
        ],
    },
    Order {
        folder: "src/server/http/",
        floors: &[
            &["mod"], // the face
            &["admin_listener"],
            &["serve"], // one connection, request by request
            &["respond", "http_stream", "request_fault"], // which answer a request gets; the bytes under hyper
            &["connection"],                              // between two requests
            &["app", "handshake"], // what is served; the checks of an upgrade
            &["identify"],         // whom a connect is from
            &["operator_pages", "static_files", "upgrade"],
            &[
                "pending",
                "identity",
                "request_host",
                "response",
                "subprotocol",
                "keep_alive",
            ],
        ],
    },
    Order {
        folder: "src/server/metrics/",
        floors: &[&["mod"], &["process", "token_metrics", "work"], &["page"]],
    },
    Order {
        folder: "src/server/node/",
        floors: &[
            &["mod"],
            &["shard_stats", "status", "closes", "skipped"],
            &["turn_time"],
            &["histogram"],
        ],
    },
    Order {
        folder: "src/server/background/",
        floors: &[
            &["mod"], // what a server has beside its shards
            &["fetch_keys", "token_host", "background_settings"],
            &["pool", "token_stats", "key_wait", "fetcher", "http_client"],
            &["job_queue", "issuer_counts"],
            &["job_stats"],
            &["shared_histogram"],
        ],
    },
    Order {
        folder: "src/server/admission/",
        floors: &[
            &["join_rate"], // a step: `impl Admission`
            &["mod"],       // the waist: what one address and all of them may
            &[
                "addresses",
                "first_bytes",
                "forwarded_for",
                "proxy_protocol",
            ],
            &["refusal"],
        ],
    },
    Order {
        folder: "src/server/limits/",
        floors: &[
            &["mod"], // the face
            &["observe"],
            &["meters", "values"], // how near limits were; the limits of one server
            &["limit"],            // the table of limits
            &[
                "row",
                "counters",
                "peak",
                "step_timer",
                "wait_clock",
                "token_bucket",
                "fair_queue",
            ],
        ],
    },
    Order {
        folder: "src/server/log/",
        floors: &[
            &["mod"], // the face
            &["sums", "log_writer"],
            &["notice"], // the kinds of lines, and the macro
        ],
    },
    Order {
        folder: "src/session/",
        floors: &[
            // steps: `impl Session`
            &[
                "join",
                "callbacks",
                "mail",
                "terminate",
                "wait",
                "token",
                "refresh",
                "expire",
            ],
            &["mod"],                   // the waist
            &["joined", "sent_tokens"], // the topics of a session, and what it knows of tokens
            &["busy", "seal_broadcast", "expiry"],
        ],
    },
    Order {
        folder: "src/channel/",
        floors: &[
            &["mod"],    // the face
            &["router"], // all mounts
            &["user_socket"],
            &["session_settings"],
            &["routes"],   // which channel serves a topic
            &["handlers"], // a channel made of functions
            &["channel"],  // the trait
            // what a callback has and returns: the known circle
            &["socket", "outcome", "host"],
            &["frames", "handle", "connect"],
            &["standing"],
            &["mail"],
            &["origin"], // which pages may connect
            // the ground: values without a client
            &[
                "assigns",
                "authority",
                "misfit",
                "params",
                "published",
                "refusal",
                "reply",
                "topic_rate",
            ],
            &["app_values"],
        ],
    },
    Order {
        folder: "src/broker/topics/",
        floors: &[
            &["mod"], // the face
            &["room_sizes"],
            &["hub"], // what all shards share
            &["members_max", "registry", "topic_backpressure"],
            &["topic"],
            &["shards"],
            &["parcel"],
            &["entry", "mailbox", "room_lag", "topic_bucket"],
            &["counts", "kind", "position", "sync"],
        ],
    },
    Order {
        folder: "src/protocol/",
        floors: &[
            &["mod"], // the face
            &["encode_broadcast", "encode_reply", "fault"],
            &["version"],            // which of the forms below a socket speaks
            &["v1", "v2", "binary"], // the forms of a message
            &["message"],
            &["payload"],
            &["object"],
            &["json_buf", "reference"],
            &["json"],
            &["escape", "scratch"],
            &["scan", "parse", "error", "frame_kind"],
        ],
    },
    Order {
        folder: "src/websocket/",
        floors: &[
            &["mod"], // the face
            &["reader"],
            &["buffer", "partial"],
            &["assembly"], // frames become messages
            &["header"],   // one frame
            &["close", "inbound", "mask"],
            &["limits", "seal", "tally", "violation"],
        ],
    },
];
