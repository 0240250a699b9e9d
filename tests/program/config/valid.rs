//! Right configurations: which source of a value wins, and what `check`, `show` and `default`
//! print.

use lobbyd::config::{Config, Given, SETTINGS, complete, effective};
use lobbyd::rooms::{JoinRule, PushRule};
use serde_json::json;
use testkit::{connect_to, upgrade};

use crate::config::fixture::{Folder, ended};

/// Returns the source of the line of `config show` with this key and value.
fn source(shown: &str, line: &str) -> String {
    let found = shown
        .lines()
        .find_map(|l| l.strip_prefix(line)?.split_once("# "));
    let (_, source) = found.unwrap_or_else(|| panic!("{line} is not in {shown}"));
    source.to_owned()
}

#[test]
fn flag_stands_over_the_environment_over_the_file_over_the_default() {
    let folder = Folder::of("precedence").with(
        "[server]\nlisten = \"127.0.0.1:1\"\nshards = 3\n[log]\nlevel = \"warn\"\nformat = \"json\"\n\
         [limits]\nidle_time_ms = { max = 7, mode = \"observe\" }\n[socket]\norigins = [\"//a.b\"]\n",
    );
    let arguments = [
        "config",
        "show",
        "--config",
        "lobbyd.toml",
        "--listen",
        "localhost:3",
    ];
    let mut command = folder.lobbyd(&arguments);
    command
        .env("LOBBYD_SERVER_LISTEN", "127.0.0.1:2")
        .env("LOBBYD_SERVER_SHARDS", "4")
        .env("LOBBYD_LIMITS_IDLE_TIME_MS_MODE", "enforce")
        .env("LOBBYD_LIMITS_CONNECTIONS_MAX", "1_000")
        .env("LOBBYD_SERVER_TRUSTED_PROXIES", "10.0.0.0/8, ::1")
        .env("LOBBYD_SERVER_STATIC_FILES", "false");
    let (code, shown, stderr) = ended(&mut command);
    assert_eq!((code, &*stderr), (0, ""));
    let table = [
        ("listen = \"localhost:3\"", "--listen"),
        ("shards = 4", "LOBBYD_SERVER_SHARDS"),
        ("static_files = false", "LOBBYD_SERVER_STATIC_FILES"),
        (
            "trusted_proxies = [\"10.0.0.0/8\", \"::1/128\"]",
            "LOBBYD_SERVER_TRUSTED_PROXIES",
        ),
        ("level = \"warn\"", "lobbyd.toml:5"),
        ("origins = [\"//a.b\"]", "lobbyd.toml:10"),
        ("max = 7 ", "lobbyd.toml:8"),
        ("max = 1_000 ", "LOBBYD_LIMITS_CONNECTIONS_MAX"),
        ("connect_ms = 10_000", "default"),
        ("# admin_listen: none", "default"),
    ];
    for (line, expected) in table {
        assert_eq!(source(&shown, line), expected, "{line}");
    }
    let idle = shown.split("[limits.idle_time_ms]").nth(1).unwrap();
    assert_eq!(
        source(idle, "mode = \"enforce\""),
        "LOBBYD_LIMITS_IDLE_TIME_MS_MODE"
    );
}

#[test]
fn file_may_be_named_by_the_environment_and_a_flag_names_another() {
    let folder = Folder::of("named_file").with("[log]\nlevel = \"warn\"\n");
    let by_variable = ended(
        folder
            .lobbyd(&["config", "show"])
            .env("LOBBYD_CONFIG", "lobbyd.toml"),
    );
    assert_eq!(source(&by_variable.1, "level = \"warn\""), "lobbyd.toml:2");
    let by_flag = ["config", "show", "--config", "lobbyd.toml"];
    let by_flag = ended(folder.lobbyd(&by_flag).env("LOBBYD_CONFIG", "none.toml"));
    assert_eq!(by_flag.1, by_variable.1);
    // An empty variable counts as not set.
    let none = ended(folder.lobbyd(&["config", "show"]).env("LOBBYD_CONFIG", ""));
    assert_eq!((none.0, &*none.2), (0, ""));
    assert_eq!(source(&none.1, "level = \"info\""), "default");
}

/// A compose file sets variables to nothing (`${X:-}`), and a file from Windows ends its lines with
/// `\r`. All variables are read alike.
#[test]
fn variable_without_a_value_is_as_if_not_set_and_drops_its_line_end() {
    let folder = Folder::of("empty_variables").with("[log]\nlevel = \"warn\"\n");
    for setting in SETTINGS.iter() {
        for nothing in ["", "\r"] {
            let given = Given {
                environment: vec![(setting.variable(), nothing.to_owned())],
                ..Given::default()
            };
            let read = given.read().unwrap_or_else(|wrong| panic!("{wrong}"));
            assert_eq!(read.sources, Given::default().read().unwrap().sources);
        }
    }
    let mut command = folder.lobbyd(&["config", "show"]);
    command
        .env("LOBBYD_CONFIG", "lobbyd.toml\r")
        .env("LOBBYD_LOG_LEVEL", "\r")
        .env("LOBBYD_SERVER_ADMIN_LISTEN", "")
        .env("LOBBYD_SERVER_LISTEN", "127.0.0.1:2\r")
        .env("LOBBYD_SOCKET_ORIGINS", "any\r")
        .env("LOBBYD_SERVER_SHARDS", "4\r");
    let (code, shown, stderr) = ended(&mut command);
    assert_eq!((code, &*stderr), (0, ""));
    for (line, expected) in [
        ("level = \"warn\"", "lobbyd.toml:2"),
        ("listen = \"127.0.0.1:2\"", "LOBBYD_SERVER_LISTEN"),
        ("origins = \"any\"", "LOBBYD_SOCKET_ORIGINS"),
        ("shards = 4", "LOBBYD_SERVER_SHARDS"),
        ("# admin_listen: none", "default"),
    ] {
        assert_eq!(source(&shown, line), expected, "{line}");
    }
}

/// A time that hurts is used, and told with its reason: by `config check`, and by the log.
#[test]
fn small_time_is_taken_with_a_warning() {
    let folder = Folder::of("small_times").with(
        "[timeouts]\nkeep_alive_ms = 5_000\nclosing_ms = 5_000\n[limits]\nidle_time_ms.max = 20_000\n",
    );
    let (code, stdout, stderr) = folder.run(&["config", "check", "lobbyd.toml"]);
    assert!(
        stdout.starts_with("lobbyd.toml: ok: 3 settings"),
        "{stdout}"
    );
    assert_eq!((code, stderr.lines().count()), (0, 2), "{stderr}");
    let idle = "lobbyd.toml:5: limits.idle_time_ms.max: warning: 20000 ms: phoenix.js sends a heartbeat every 30000 ms";
    let kept = "lobbyd.toml:2: timeouts.keep_alive_ms: warning: 5000 ms: load balancers keep";
    let (first, last) = stderr.split_once('\n').unwrap();
    let is_in_order = first.starts_with(kept) && last.starts_with(idle);
    assert!(is_in_order, "not in the order of their lines: {stderr}");
    let served = folder.serve(&[]);
    let text = "WARN lobbyd::config: the configuration is used, but may hurt";
    served.logs(&[text, idle]);
}

/// An observed limit cuts nobody, so a low value may be tried. What it would do is told.
#[test]
fn room_that_asks_for_tokens_that_nobody_checks_is_taken_with_a_warning() {
    let folder = Folder::of("rooms_without_tokens").with(
        r#"[[room]]
topic = "user:*"
join = "own"
[[room]]
topic = "game:*"
join = "granted"
[[room.event]]
name = "move"
push = "granted"
[[room.event]]
name = "score"
push = "nobody"
[[room]]
topic = "known"
join = "known"
"#,
    );
    let (code, _, stderr) = folder.run(&["config", "check", "lobbyd.toml"]);
    let why = "because no client has credentials without [[auth.issuer]] or [auth.phoenix]";
    let expected = [
        format!("3: room.join: warning: \"own\": nobody can join, {why}"),
        format!("6: room.join: warning: \"granted\": nobody can join, {why}"),
        format!("9: room.event.push: warning: \"granted\": nobody can push it, {why}"),
        format!("15: room.join: warning: \"known\": nobody can join, {why}"),
    ];
    let expected: String = expected
        .iter()
        .map(|line| format!("lobbyd.toml:{line}\n"))
        .collect();
    assert_eq!((code, &*stderr), (0, &*expected));
    let rules = folder.config().room_rules();
    let joins: Vec<&JoinRule> = rules.iter().map(|room| &room.join).collect();
    assert_eq!(
        joins,
        [&JoinRule::Own, &JoinRule::Granted, &JoinRule::Known]
    );
    let pushes: Vec<PushRule> = rules[1].events.iter().map(|event| event.push).collect();
    assert_eq!(pushes, [PushRule::Granted, PushRule::Nobody]);
}

#[test]
fn observed_rate_that_no_payload_would_pass_is_taken_with_a_warning() {
    let folder = Folder::of("observed_rates").with(
        "[limits]\nroom_bytes_per_second = { max = 1_000, mode = \"observe\" }\n\
         bytes_per_second = { max = 1_000, burst = 9, mode = \"observe\" }\n\
         partial_bytes = { max = 4_096, mode = \"observe\" }\n\
         [[room]]\ntopic = \"a\"\n[[room.event]]\nname = \"x\"\n\
         [[room]]\ntopic = \"b\"\nbytes_per_second = 100\n[[room.event]]\nname = \"x\"\nbytes_max = 101\n",
    );
    let (code, _, stderr) = folder.run(&["config", "check", "lobbyd.toml"]);
    let told = [
        "2: limits.room_bytes_per_second.max: warning: with mode = \"enforce\" a payload of 65536 bytes is never relayed in the room \"a\", which takes 1000 bytes at once; that mode takes at least 65536, or a smaller bytes_max of the room's events",
        "3: limits.bytes_per_second.burst: warning: with mode = \"enforce\" a client is closed with 1008 for one message of limits.message_bytes.max, 65536: what is over the burst, 9, takes longer than limits.messages_per_second.over_ms, 10000 ms, at 1000 bytes a second; that mode takes a burst of at least 55536",
        "4: limits.partial_bytes.max: warning: with mode = \"enforce\" a client is closed with 1008 in the middle of a message of limits.message_bytes.max, 65536; that mode takes at least 65536",
        "11: room.bytes_burst: warning: with limits.room_bytes_per_second.mode = \"enforce\" a payload of 101 bytes is never relayed",
    ];
    let expected: String = told.iter().map(|l| format!("lobbyd.toml:{l}\n")).collect();
    assert_eq!((code, &*stderr), (0, &*expected));
}

/// A rate bounds only rooms that set none, and a message larger than its client's burst passes in
/// time.
#[test]
fn rates_under_a_message_are_taken_where_each_payload_passes() {
    let folder = Folder::of("small_rates").with(
        "[limits]\nroom_bytes_per_second.max = 1_000\nbytes_per_second.burst = 9\n\
         [[room]]\ntopic = \"a\"\n[[room.event]]\nname = \"x\"\nbytes_max = 1_000\n\
         [[room]]\ntopic = \"b\"\nbytes_per_second = 70_000\n[[room.event]]\nname = \"x\"\n\
         [[room]]\ntopic = \"c\"\n",
    );
    let (code, _, stderr) = folder.run(&["config", "check", "lobbyd.toml"]);
    assert_eq!((code, &*stderr), (0, ""));
}

#[test]
fn retention_of_a_room_that_closes_its_members_is_taken_with_a_warning() {
    let room = |retention: &str| {
        format!(
            "[[room]]\ntopic = \"a\"\n[[room.event]]\nname = \"x\"\nbytes_max = 2_000\n[room.retention]\n{retention}"
        )
    };
    let folder = Folder::of("small_retention").with(&room(
        "bytes_max = 1_999\nmessages_max = 15\ntime_ms_max = 999\n",
    ));
    let check = ["config", "check", "lobbyd.toml"];
    let (code, _, stderr) = folder.run(&check);
    let told = [
        "7: room.retention.bytes_max: warning: 1999 bytes: one payload of 2000 bytes closes members whose network is busy",
        "8: room.retention.messages_max: warning: 15: a few messages close members whose network is busy",
        "9: room.retention.time_ms_max: warning: 999 ms: clients are closed for a moment in which their network stands still",
    ];
    let expected: String = told.iter().map(|l| format!("lobbyd.toml:{l}\n")).collect();
    assert_eq!((code, &*stderr), (0, &*expected));
    folder.write(&room(
        "bytes_max = 2_000\nmessages_max = 16\ntime_ms_max = 1_000\n",
    ));
    assert_eq!(folder.run(&check).2, "");
}

#[test]
fn file_without_rooms_has_none_and_its_effective_values_neither() {
    let folder = Folder::of("no_rooms").with("room = []\n");
    let (code, stdout, stderr) = folder.run(&["config", "check", "lobbyd.toml"]);
    assert_eq!((code, &*stderr), (0, ""));
    assert_eq!(stdout, "lobbyd.toml: ok: 0 settings and no room\n");
    let (_, shown, _) = folder.run(&["config", "show", "--config", "lobbyd.toml"]);
    folder.write(&shown);
    assert!(folder.config().rooms.is_empty(), "{shown}");
}

#[test]
fn check_says_what_a_right_file_defines() {
    let folder = Folder::of("check").with("[server]\nshards = 3\n");
    let built_in = "lobbyd.toml: ok: 1 setting and the built-in 2 rooms (room:lobby, room:*)\n";
    let (code, stdout, stderr) = folder.run(&["config", "check", "lobbyd.toml"]);
    assert_eq!((code, &*stdout, &*stderr), (0, built_in, ""));
    folder.write("[[room]]\ntopic = \"game:*\"\n");
    let own = "lobbyd.toml: ok: 0 settings and 1 room (game:*)\n";
    assert_eq!(folder.run(&["config", "check", "lobbyd.toml"]).1, own);
}

fn assert_same(one: &Config, other: &Config) {
    for setting in SETTINGS.iter() {
        assert_eq!(setting.show(one), setting.show(other), "{}", setting.path);
    }
    assert_eq!(one.rooms, other.rooms);
}

const EVERYTHING: &str = r#"
[server]
listen = "[::1]:0"
admin_listen = "localhost:0"
shards = 0x2
trusted_proxies = ["10.0.0.0/8", "fe80::1"]
proxy_protocol = true
[socket]
path = "/live/sockets"
origins = ["//*.example.com", "https://x"]
[log]
format = "json"
[limits]
connections = { max = 10, mode = "observe" }
[[room]]
topic = "say \"hé\"\u007f\\"
members_max = 3
[[room.event]]
name = "*"
relay = ["a", "b"]
echo = false
acknowledge = true
bytes_max = 10
messages_per_second = 3
burst = 4
[room.retention]
bytes_max = 1
messages_max = 2
time_ms_max = 3
[[room]]
topic = "game:*"
[[room]]
topic = "*"
join = "deny"
reason = "no \n"
"#;

#[test]
fn variables_each_name_one_setting() {
    let mut names: Vec<String> = SETTINGS.iter().map(|setting| setting.variable()).collect();
    let count = names.len();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), count);
}

/// Settings from the file take effect at the socket: path, origin, limits of the mount, and the
/// page.
#[test]
fn settings_are_what_is_served() {
    let folder = Folder::of("served").with(
        "[server]\nstatic_files = false\n[socket]\npath = \"/live\"\norigins = [\"https://Good.Example\"]\n\
         [limits]\nmessage_bytes.max = 100\nchannels_per_connection.max = 1\n",
    );
    let served = folder.serve(&["--shards", "1"]);
    let target = "/live/websocket?vsn=2.0.0";
    let good = upgrade(served.address(), target, "Origin: https://good.example\r\n");
    let mut client = good.unwrap_or_else(|answer| panic!("{answer}"));
    let refused = upgrade(served.address(), target, "Origin: https://bad.example\r\n")
        .err()
        .unwrap();
    assert!(refused.starts_with("HTTP/1.1 403 "), "{refused}");
    for path in ["/socket/websocket?vsn=2.0.0", "/"] {
        let answer = upgrade(served.address(), path, "").err().unwrap();
        assert!(answer.starts_with("HTTP/1.1 404 "), "{answer}");
    }
    client.join("room:lobby");
    client.send(json!(["12", "2", "room:lobbyist", "phx_join", {}]));
    assert!(client.recv().text().contains("too many channels joined"));
    client.send_text(&"x".repeat(101));
    assert_eq!(client.close_code(), 1009);
    let mut another = connect_to(served.address(), target);
    another.join("room:lobby");
}

/// `config default` prints all the defaults, and `config show` prints the given values.
#[test]
fn complete_file_is_the_defaults_and_what_is_shown_can_be_read_again() {
    let folder = Folder::of("complete");
    let (code, text, _) = folder.run(&["config", "default"]);
    assert_eq!((code, &*text), (0, &*complete()));
    folder.write(&text);
    let path = format!("{}/complete/lobbyd.toml", env!("CARGO_TARGET_TMPDIR"));
    let given = Given {
        file: Some(path.into()),
        ..Given::default()
    };
    let read = given.read().unwrap().config;
    assert_same(&read, &Config::default());
    for setting in SETTINGS.iter() {
        let named = text.lines().any(|line| {
            line.trim_start_matches('#')
                .starts_with(&format!("{} =", setting.key()))
        });
        assert!(named, "{}", setting.path);
    }
    folder.write(EVERYTHING);
    let all = given.read().unwrap();
    folder.write(&effective(&all));
    assert_same(&given.read().unwrap().config, &all.config);
    assert_eq!(all.config.rooms.len(), 3);
}
