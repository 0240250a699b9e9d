//! Secrets and tokens appear nowhere: a marker is in each, and all output is searched for it.

use lobbyd::config::Given;
use testkit::{Process, upgrade};

use crate::config::fixture::{Folder, ended};

/// Part of every secret and every token of these tests.
const MARKER: &str = "MARKER4711";

const FILE: &str = r#"
[log]
level = "trace"
[auth]
refusal_delay_ms = 0
[auth.phoenix]
secret_key_base_env = "LOBBYD_OWN_SECRET"
previous_file = "previous"
[[auth.issuer]]
name = "accounts"
[[auth.issuer.key]]
id = "a"
secret_file = "secret"
[[auth.issuer.key]]
id = "b"
secret = "inline MARKER4711 of 32 bytes or more"
"#;

fn folder(test: &str) -> Folder {
    let folder = Folder::of(test).with(FILE);
    folder.secret("secret", format!("file {MARKER} of 32 bytes or more\n"));
    folder.secret("previous", format!("previous {MARKER} of 32 bytes\n"));
    folder
}

const VARIABLE: (&str, &str) = ("LOBBYD_OWN_SECRET", "variable MARKER4711 of 32 bytes");

fn hidden(what: &str, text: &str) {
    assert!(!text.contains(MARKER), "{what}: {text}");
}

#[test]
fn secrets_are_shown_by_their_length_and_source_alone() {
    let folder = folder("shown_secrets");
    for arguments in [
        &["config", "check", "lobbyd.toml"][..],
        &["config", "show", "--config", "lobbyd.toml"],
    ] {
        let mut command = folder.lobbyd(arguments);
        let (code, stdout, stderr) = ended(command.env(VARIABLE.0, VARIABLE.1));
        assert_eq!(code, 0, "{stderr}");
        hidden("stdout", &stdout);
        hidden("stderr", &stderr);
        if arguments[1] == "show" {
            for shown in [
                "# secret: \"…(31 bytes, from environment)\"\n",
                "# secret: \"…(35 bytes, from file)\"\n",
                "secret = \"…(37 bytes, inline)\"\n",
            ] {
                assert!(stdout.contains(shown), "{shown} in {stdout}");
            }
        }
    }
}

#[test]
fn secrets_are_not_in_the_debug_of_a_configuration() {
    let folder = folder("debug_of_secrets");
    let given = Given {
        file: None,
        environment: vec![(VARIABLE.0.to_owned(), VARIABLE.1.to_owned())],
        flags: Vec::new(),
    };
    hidden("Given", &format!("{given:?}"));
    // The paths of files count from the directory of the process, which is another one here.
    let file = FILE.replace(
        "secret_key_base_env = \"LOBBYD_OWN_SECRET\"",
        "secret_key_base_file = \"previous\"",
    );
    let file = ["previous", "secret"].iter().fold(file, |file, name| {
        let (from, to) = (format!("= \"{name}\""), folder.path(name));
        file.replace(&from, &format!("= {to:?}"))
    });
    folder.write(&file);
    let config = folder.config();
    assert!(config.tokens.is_some());
    hidden("Config", &format!("{config:?}"));
    hidden("Config", &format!("{config:#?}"));
}

/// A wrong value in place of each secret, and one that stands in a wrong place.
#[test]
fn secrets_are_not_in_messages_about_a_wrong_file() {
    let folder = folder("wrong_secrets");
    for (from, to) in [
        (
            "secret = \"inline MARKER4711 of 32 bytes or more\"",
            "secret = \"MARKER4711\"",
        ),
        ("secret = \"inline", "secrt = \"inline"),
        (
            "secret = \"inline MARKER4711 of 32 bytes or more\"",
            "secret = [\"MARKER4711\"]",
        ),
        ("secret_file = \"secret\"", "secret_file = \"MARKER4711\""),
        ("\"LOBBYD_OWN_SECRET\"", "\"MARKER4711\""),
        (
            "previous_file = \"previous\"",
            "previous_file = \"MARKER4711\"",
        ),
        (
            "[[auth.issuer.key]]\nid = \"a\"\nsecret_file = \"secret\"\n[[auth.issuer.key]]\nid = \"b\"\nsecret",
            "key",
        ),
    ] {
        folder.write(&FILE.replacen(from, to, 1));
        let mut command = folder.lobbyd(&["config", "check", "lobbyd.toml"]);
        let (code, stdout, stderr) = ended(command.env(VARIABLE.0, VARIABLE.1));
        assert_eq!(code, 2, "{to}: {stderr}");
        hidden(to, &stdout);
        hidden(to, &stderr);
    }
}

#[test]
fn secrets_and_tokens_are_not_in_a_log_at_trace_nor_in_metrics() {
    let folder = folder("logged_secrets");
    let mut command = folder.serving(&["--shards", "1"]);
    command.env(VARIABLE.0, VARIABLE.1);
    let served = Process::start(command);
    served.logs(&["INFO", "takes tokens", "accounts: any iss that no other issuer has, key \\\"a\\\" of secret_file (HS256, HS384, HS512)"]);
    served.logs(&[
        "takes tokens",
        "phoenix: Phoenix.Token",
        "key of secret_key_base_env, and of previous_file",
    ]);
    let token = format!("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ{MARKER}In0.{MARKER}");
    let target = format!("/socket/websocket?vsn=2.0.0&token={token}");
    for (target, header) in [
        (&*target, String::new()),
        (
            "/socket/websocket?vsn=2.0.0",
            format!("Authorization: Bearer {token}\r\n"),
        ),
    ] {
        let refused = upgrade(served.address(), target, &header).err().unwrap();
        assert!(refused.starts_with("HTTP/1.1 401 "), "{refused}");
        hidden("the answer", &refused);
    }
    // Both secrets change, and a wrong file follows.
    let changed =
        |name: &str| folder.secret(name, format!("another {MARKER} of 32 bytes or more\n"));
    changed("secret");
    changed("previous");
    folder.write(&FILE.replace("inline MARKER", "outline MARKER"));
    served.signal("HUP");
    for what in [
        "auth.issuer accounts key a secret_file",
        "auth.issuer accounts key b secret",
        "auth.phoenix.previous_file",
    ] {
        served.logs(&[
            "changed",
            &format!("setting=\"{what}\""),
            "…(",
            "new=changed",
        ]);
    }
    folder.write(&FILE.replace("\"a\"", "\"b\""));
    served.signal("HUP");
    served.logs(&["ERROR", "nothing was changed"]);
    let metrics = upgrade(served.address(), "/metrics", "").err().unwrap();
    hidden("/metrics", &metrics);
    served.signal("TERM");
    let ended = served.ended();
    // Refused connects are at a level below the default one.
    assert!(ended.log.contains("DEBUG"), "{}", ended.log);
    hidden("the log", &ended.log);
    hidden("stdout", &ended.stdout);
}
