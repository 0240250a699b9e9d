//! Files with wrong rates of rooms, and the lines that lobbyd prints about them.

/// A file, and the lines about it, each without its prefix `lobbyd.toml:`.
pub const RATES: &[(&str, &[&str])] = &[
    (
        "[[room]]\ntopic = \"a\"\nmessages_per_second = 0",
        &["3: room.messages_per_second: expected a whole number from 1, found 0"],
    ),
    (
        "[[room]]\ntopic = \"a\"\nbytes_burst = 9\nmessages_burst = 3",
        &[
            "3: room.bytes_burst: means nothing without bytes_per_second",
            "4: room.messages_burst: means nothing without messages_per_second",
        ],
    ),
    (
        "[[room]]\ntopic = \"a\"\nbytes_per_second = 10_000\n[[room.event]]\nname = \"x\"\nbytes_max = 10_000\n[[room.event]]\nname = \"y\"\nbytes_max = 10_001",
        &[
            "3: room.bytes_burst: a payload of 10001 bytes would never be relayed; expected a bytes_burst of at least that, a smaller bytes_max of its events, or limits.room_bytes_per_second.mode = \"observe\"",
        ],
    ),
    (
        "[[room]]\ntopic = \"a\"\nbytes_per_second = 90_000\nbytes_burst = 10\n[[room.event]]\nname = \"x\"",
        &[
            "4: room.bytes_burst: a payload of 65536 bytes would never be relayed; expected a bytes_burst of at least that, a smaller bytes_max of its events, or limits.room_bytes_per_second.mode = \"observe\"",
        ],
    ),
    (
        "[limits]\nroom_bytes_per_second.max = 100",
        &[
            "2: limits.room_bytes_per_second.max: a payload of 65536 bytes is never relayed in the room \"room:lobby\", which takes 100 bytes at once; expected at least 65536, or a smaller bytes_max of the room's events, or limits.room_bytes_per_second.mode = \"observe\"",
        ],
    ),
    (
        "[limits]\nroom_bytes_per_second.max = 1_999\n[[room]]\ntopic = \"a\"\n[[room.event]]\nname = \"x\"\nbytes_max = 2_000",
        &[
            "2: limits.room_bytes_per_second.max: a payload of 2000 bytes is never relayed in the room \"a\", which takes 1999 bytes at once; expected at least 2000, or a smaller bytes_max of the room's events, or limits.room_bytes_per_second.mode = \"observe\"",
        ],
    ),
    (
        "[limits]\nbytes_per_second = { max = 1_000, burst = 55_535 }\npartial_bytes.max = 9",
        &[
            "2: limits.bytes_per_second.burst: a client is closed with 1008 for one message of limits.message_bytes.max, 65536: what is over the burst, 55535, takes longer than limits.messages_per_second.over_ms, 10000 ms, at 1000 bytes a second; expected a burst of at least 55536, or limits.bytes_per_second.mode = \"observe\"",
            "3: limits.partial_bytes.max: a client is closed with 1008 in the middle of a message of limits.message_bytes.max, 65536; expected at least 65536",
        ],
    ),
    (
        "[limits]\npartial_bytes = { max = 4_095, mode = \"observe\" }",
        &[
            "2: limits.partial_bytes.max: a client is closed with 1008 in the middle of a message of limits.message_bytes.max, 65536, because an observed limit that protects memory bites at 16 times its value; expected at least 4096",
        ],
    ),
];
