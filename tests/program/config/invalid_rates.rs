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
            "3: room.bytes_burst: a payload of 10001 bytes would never be relayed; expected a bytes_burst of at least that, or a smaller bytes_max of its events",
        ],
    ),
    (
        "[[room]]\ntopic = \"a\"\nbytes_per_second = 90_000\nbytes_burst = 10\n[[room.event]]\nname = \"x\"",
        &[
            "4: room.bytes_burst: a payload of 65536 bytes would never be relayed; expected a bytes_burst of at least that, or a smaller bytes_max of its events",
        ],
    ),
    (
        "[[room]]\ntopic = \"a\"\njoin = \"deny\"\nreason = \"no\"\nmessages_per_second = 1",
        &["5: room.messages_per_second: means nothing where nobody may join"],
    ),
    (
        "[limits]\nroom_bytes_per_second.max = 100",
        &[
            "2: limits.room_bytes_per_second.max: a message of limits.message_bytes.max, 65536, would never fit into the 100 of limits.room_bytes_per_second.max",
        ],
    ),
];
