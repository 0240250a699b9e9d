//! Wrong configurations of every kind: exit code 2, empty stdout, and exactly the listed lines.

use crate::config::fixture::{Folder, ended};
use crate::config::invalid_files::FILES;
use crate::config::invalid_rates::RATES;

/// Sockets that no browser could ever open.
const UNMET: &[(&str, &[&str])] = &[
    (
        "[socket]\npath = \"/a b\"",
        &[
            "2: socket.path: \"/a b\" has ' '; expected letters, digits, \"-\", \"_\", \".\" and \"~\" alone between its \"/\"",
        ],
    ),
    (
        "[socket]\npath = \"/..\"",
        &[
            "2: socket.path: \"/..\" has a \".\" or \"..\" between its \"/\", which browsers take out before they ask",
        ],
    ),
    (
        "[socket]\norigins = [\"null\", \"file://\", \"//h:0\"]",
        &[
            "2: socket.origins: origin \"null\" has no host, and a list lets in pages by their hosts alone: no entry lets in those of files and sandboxes",
            "2: socket.origins: origin \"file://\" has no host, and a list lets in pages by their hosts alone: no entry lets in those of files and sandboxes",
            "2: socket.origins: origin \"//h:0\" has a port that is no number from 1 to 65535",
        ],
    ),
];

/// Rules about tokens that mean nothing.
const TOKENS: &[(&str, &[&str])] = &[
    (
        "[[room]]\ntopic = \"user\"\njoin = \"own\"\nreason = \"no\"",
        &[
            "3: room.join: \"own\" needs a topic with a star, whose place the subject takes; expected topic = \"user:*\" or the like",
            "4: room.reason: only a deny has one; expected join = \"deny\"",
        ],
    ),
    (
        "[[room]]\ntopic = \"a\"\njoin = \"asked\"\n[[room.event]]\nname = \"lobbyd:gap\"\npush = \"none\"",
        &[
            "3: room.join: expected \"allow\", \"deny\", \"known\", \"own\" or \"granted\", found \"asked\"",
            "5: room.event.name: \"lobbyd:gap\" is an event of the protocol's own, which the server alone sends; expected another name",
            "6: room.event.push: expected \"members\", \"granted\" or \"nobody\", found \"none\"",
        ],
    ),
];

#[test]
fn wrong_file_is_refused_with_every_wrong_line_and_what_was_expected() {
    let folder = Folder::of("wrong_files");
    for (file, lines) in FILES.iter().chain(RATES).chain(UNMET).chain(TOKENS) {
        folder.write(file);
        let expected: String = lines
            .iter()
            .map(|line| format!("lobbyd.toml:{line}\n"))
            .collect();
        // `config check` checks the same file that a start would read.
        for arguments in [
            &["config", "check", "lobbyd.toml"][..],
            &["--config", "lobbyd.toml"],
        ] {
            let (code, stdout, stderr) = folder.run(arguments);
            assert_eq!(stderr, expected, "of {file}");
            assert_eq!((code, &*stdout), (2, ""), "of {file}");
        }
    }
}

#[test]
fn topic_longer_than_one_that_can_be_joined_is_refused() {
    let folder = Folder::of("long_topic");
    for (bytes, code) in [(1_024, 0), (1_025, 2)] {
        folder.write(&format!("[[room]]\ntopic = \"{}*\"", "x".repeat(bytes)));
        let (exit, _, stderr) = folder.run(&["config", "check", "lobbyd.toml"]);
        assert_eq!(exit, code, "{stderr}");
        let told = "lobbyd.toml:2: room.topic: has 1025 bytes; expected at most 1024, as no longer topic can be joined\n";
        assert_eq!(stderr, if code == 0 { "" } else { told });
    }
}

#[test]
fn file_that_cannot_be_read_is_refused() {
    let folder = Folder::of("unreadable");
    let (code, _, stderr) = folder.run(&["--config", "none.toml"]);
    assert_eq!(
        stderr,
        "none.toml: cannot be read: No such file or directory (os error 2)\n"
    );
    assert_eq!(code, 2);
    let (code, _, stderr) = folder.run(&["config", "check", "."]);
    assert_eq!(stderr, ".: cannot be read: Is a directory (os error 21)\n");
    assert_eq!(code, 2);
}

/// Variables with their values, and the lines about them.
const WRONG_VARIABLES: &[(&str, &str, &str)] = &[
    (
        "LOBBYD_LISTEN",
        "x",
        "LOBBYD_LISTEN: no such setting; did you mean LOBBYD_SERVER_LISTEN?",
    ),
    (
        "LOBBYD_LIMITS_CONECTIONS_MAX",
        "1",
        "LOBBYD_LIMITS_CONECTIONS_MAX: no such setting; did you mean LOBBYD_LIMITS_CONNECTIONS_MAX?",
    ),
    (
        "LOBBYD_FOO",
        "1",
        "LOBBYD_FOO: no such setting; lobbyd config default prints all of them",
    ),
    (
        "LOBBYD_PORT",
        "5000",
        "LOBBYD_PORT: no such setting; lobbyd config default prints all of them",
    ),
    (
        "LOBBYD_",
        "1",
        "LOBBYD_: no such setting; a name is missing, as in LOBBYD_LOG_LEVEL",
    ),
    (
        "LOBBYD_ROOM",
        "a",
        "LOBBYD_ROOM: no such setting; rooms stand in the file alone, as [[room]]",
    ),
    (
        "LOBBYD_ROOMS_TOP",
        "1",
        "LOBBYD_ROOMS_TOP: no such setting; did you mean LOBBYD_METRICS_ROOMS_TOP?",
    ),
    (
        "LOBBYD_CONFG",
        "a.toml",
        "LOBBYD_CONFG: no such setting; did you mean LOBBYD_CONFIG?",
    ),
    (
        "LOBBYD_LIMITS_PARTIAL_BYTES_MAX",
        "4_000",
        "LOBBYD_LIMITS_PARTIAL_BYTES_MAX: a client is closed with 1008 in the middle of a message of limits.message_bytes.max, 65536; expected at least 65536",
    ),
    (
        "LOBBYD_SERVER_SHARDS",
        "many",
        "LOBBYD_SERVER_SHARDS: expected a whole number from 1 to 1024, found \"many\"",
    ),
    (
        "LOBBYD_SERVER_PROXY_PROTOCOL",
        "true",
        "LOBBYD_SERVER_PROXY_PROTOCOL: needs server.trusted_proxies: whose headers are to be believed?",
    ),
    (
        "LOBBYD_DRAIN_WINDOW_MS",
        "60000",
        "LOBBYD_DRAIN_WINDOW_MS: a deadline of 30000 ms comes before the end of a ready delay of 0 ms and a window of 60000 ms; expected a deadline of at least 60000",
    ),
    (
        "LOBBYD_SERVER_TRUSTED_PROXIES",
        "x,10.0.0.0/8,y",
        "LOBBYD_SERVER_TRUSTED_PROXIES: \"x\" is no network; expected one as in \"10.0.0.0/8\" or \"::1\"\nLOBBYD_SERVER_TRUSTED_PROXIES: \"y\" is no network; expected one as in \"10.0.0.0/8\" or \"::1\"",
    ),
    (
        "LOBBYD_CONFIG",
        "none.toml",
        "none.toml: cannot be read: No such file or directory (os error 2)",
    ),
];

#[test]
fn wrong_variable_is_refused_with_the_nearest_name() {
    let folder = Folder::of("wrong_variables");
    for (name, value, expected) in WRONG_VARIABLES {
        let (code, stdout, stderr) = ended(folder.lobbyd(&[]).env(name, value));
        assert_eq!(stderr, format!("{expected}\n"));
        assert_eq!((code, &*stdout), (2, ""));
    }
}

/// Kubernetes sets variables in every container for each service, and names of services may begin
/// like lobbyd's variables.
#[test]
fn variables_of_services_by_our_name_are_none_of_ours() {
    let folder = Folder::of("service_links");
    for service in ["LOBBYD", "LOBBYD_ADMIN", "LOBBYD_SERVER", "LOBBYD_LOG_2"] {
        let links = |command: &mut std::process::Command| {
            command
                .env(format!("{service}_SERVICE_HOST"), "10.0.0.2")
                .env(format!("{service}_SERVICE_PORT"), "4001")
                .env(format!("{service}_SERVICE_PORT_HTTP"), "4001")
                .env(format!("{service}_PORT"), "tcp://10.0.0.2:4001")
                .env(format!("{service}_PORT_4001_TCP_ADDR"), "10.0.0.2");
        };
        let mut command = folder.lobbyd(&["config", "show"]);
        links(&mut command);
        let (code, _, stderr) = ended(&mut command);
        assert_eq!((code, &*stderr), (0, ""), "{service}");
        let mut command = folder.lobbyd(&["config", "show"]);
        links(&mut command);
        let (code, _, stderr) = ended(command.env("LOBBYD_LOG_LEVL", "info"));
        assert_eq!(code, 2);
        assert!(stderr.contains("LOBBYD_LOG_LEVEL?"), "{stderr}");
    }
}

#[test]
fn name_of_a_file_with_a_control_character_is_shown_escaped() {
    let folder = Folder::of("escaped_name");
    let (code, _, stderr) = folder.run(&["--config", "none.toml\r"]);
    assert!(
        stderr.starts_with("none.toml\\r: cannot be read: "),
        "{stderr}"
    );
    assert_eq!(code, 2);
}
