//! The longest files, functions and comments that are allowed, and the exceptions by name.

/// Most lines of a file: a longer one cannot be read in one go.
pub const FILE_LINES_MAX: usize = 400;
pub const FUNCTION_LINES_MAX: usize = 60;
pub const COLUMNS_MAX: usize = 100;

/// Letters of a test's name. With more, a list of failures breaks its lines.
pub const TEST_NAME_MAX: usize = 70;

/// Lines of `loadtest/src`. The goal is 16,000: a new report must replace an old one. This number
/// falls with each hundred lines less, and rises only in a commit that gives the reason.
pub const LOADTEST_LINES_MAX: usize = 20_000;

/// Files over `FILE_LINES_MAX`, each with the reason why it is one thing.
pub const LONG_FILES: &[(&str, &str)] = &[];

/// Functions over `FUNCTION_LINES_MAX`, as `file::name`, each with the reason why it is whole.
pub const LONG_FUNCTIONS: &[(&str, &str)] = &[
    (
        "src/config/settings.rs::served",
        "a table: a row for each setting",
    ),
    (
        "src/protocol/tests/strictness.rs::text_that_is_not_json_is_refused_wherever_it_stands",
        "a table of texts",
    ),
    (
        "src/server/http/handshake/tests.rs::handshake_checks_come_in_phoenix_order",
        "a table of requests",
    ),
    (
        "src/server/http/subprotocol.rs::token_is_decoded_and_taken_out",
        "a table of headers",
    ),
    (
        "src/session/tests/app.rs::handle_in",
        "a table: what the app of the tests does with each event",
    ),
    (
        "loadtest/src/run/assess.rs::faults",
        "a table: a sentence for each fault",
    ),
    (
        "loadtest/tests/lobbyd.rs::open_loop_over_many_lobbies_is_checked_whole_and_fits_the_schema",
        "one run of one scenario, and all that its result must hold",
    ),
    (
        "tests/wire/phoenix/room.rs::handle_in",
        "a table: what the room of the tests does with each event",
    ),
];

/// Comment lines over `COLUMNS_MAX`, by folder. A number only falls: lower it after you mend
/// comments.
pub const WIDE_COMMENTS: &[(&str, usize)] = &[];
