//! SIGHUP to the real binary: changes are applied or reported, and a wrong file changes nothing.

use std::process::Stdio;

use serde_json::json;
use testkit::{Process, connect_to, terminal};

use crate::config::fixture::Folder;

const TARGET: &str = "/socket/websocket?vsn=2.0.0";

#[test]
fn log_level_changes_at_sighup_and_its_clients_do_not_notice() {
    let folder = Folder::of("reload_level").with("[log]\nlevel = \"info\"\n");
    let mut served = folder.serve(&[]);
    let mut client = connect_to(served.address(), TARGET);
    client.join("room:lobby");
    folder.write("[log]\nlevel = \"debug\"\n");
    served.signal("HUP");
    served.logs(&[
        "INFO",
        "changed",
        "setting=\"log.level\"",
        "old=\"info\"",
        "new=\"debug\"",
    ]);
    served.logs(&["INFO", "the configuration was read again", "changed=1"]);
    assert!(!served.log().contains(" connected "), "{}", served.log());
    let _another = connect_to(served.address(), TARGET);
    served.logs(&["DEBUG", "connected"]);
    client.expect_nothing();
    // The change back is logged, although the new level logs less.
    folder.write("[log]\nlevel = \"error\"\n");
    served.signal("HUP");
    served.logs(&["INFO", "changed", "new=\"error\""]);
    client.expect_nothing();
    assert!(served.runs());
}

#[test]
fn wrong_file_changes_nothing_and_says_why() {
    let folder = Folder::of("reload_wrong").with("[log]\nlevel = \"info\"\n");
    let mut served = folder.serve(&[]);
    folder.write("[log]\nlevel = \"debug\"\n[server]\nshads = 3\n");
    served.signal("HUP");
    served.logs(&[
        "ERROR",
        "lobbyd.toml:4: server.shads: no such setting; did you mean server.shards?",
    ]);
    served.logs(&["ERROR", "nothing was changed", "lobbyd.toml"]);
    let mut client = connect_to(served.address(), TARGET);
    client.join("room:lobby");
    assert!(!served.log().contains("DEBUG"), "{}", served.log());
    // The next right file takes effect.
    folder.write("[log]\nlevel = \"debug\"\n");
    served.signal("HUP");
    served.logs(&["changed", "log.level"]);
    assert!(served.runs());
}

#[test]
fn setting_that_takes_a_restart_is_told_each_time_and_stays() {
    let folder = Folder::of("reload_restart").with("[server]\nshards = 1\n");
    let served = folder.serve(&[]);
    folder.write(
        "[server]\nshards = 2\nadmin_listen = \"127.0.0.1:0\"\n[limits]\nconnections.max = 10\n",
    );
    for time in 1..=2 {
        served.signal("HUP");
        let read_again = || {
            served
                .log()
                .matches("the configuration was read again")
                .count()
        };
        testkit::eventually("it is read again", || read_again() == time);
        let log = served.log();
        assert_eq!(
            log.matches("setting=\"server.shards\" old=1 new=2").count(),
            time,
            "{log}"
        );
        assert_eq!(
            log.matches("takes a restart to change").count(),
            2 * time,
            "{log}"
        );
    }
    // The setting that changed is logged once.
    assert_eq!(served.log().matches("limits.connections.max").count(), 1);
}

#[test]
fn room_keys_that_change_are_told_with_old_and_new_value() {
    let folder = Folder::of("reload_rooms").with(
        "[[room]]\ntopic = \"a\"\n[[room]]\ntopic = \"b\"\nmembers_max = 2\n[[room.event]]\nname = \"say\"\n\
         [[room.event]]\nname = \"type\"\n[[room]]\ntopic = \"d\"\n",
    );
    let served = folder.serve(&[]);
    folder.write(
        "[[room]]\ntopic = \"d\"\n[room.retention]\nmessages_max = 9\n[[room]]\ntopic = \"b\"\nmembers_max = 3\n\
         [[room.event]]\nname = \"say\"\nrelay = [\"text\"]\nburst = 5\nmessages_per_second = 2\n\
         [[room.event]]\nname = \"*\"\n[[room]]\ntopic = \"c\"\n",
    );
    served.signal("HUP");
    let changes = [
        ("room a", "there", "gone"),
        ("room c", "\"not there\"", "added"),
        ("order of rooms", "\"b, d\"", "\"d, b\""),
        ("room b members_max", "2", "3"),
        ("room b event say relay", "\"all\"", "\"[\\\"text\\\"]\""),
        (
            "room b event say messages_per_second",
            "\"any number\"",
            "2",
        ),
        ("room b event say burst", "`messages_per_second`", "5"),
        ("room b event type", "there", "gone"),
        ("room b event *", "\"not there\"", "added"),
        (
            "room d retention messages_max",
            "`limits.retention_messages.max`",
            "9",
        ),
    ];
    served.logs(&["read again", &format!("changed={}", changes.len())]);
    for (what, old, new) in changes {
        let line = format!("changed setting={what:?} old={old} new={new}\n");
        assert!(served.log().contains(&line), "{line} in {}", served.log());
    }
}

#[test]
fn new_value_that_a_flag_overrules_is_told_and_changes_nothing() {
    let folder = Folder::of("reload_overruled").with("[log]\nlevel = \"info\"\n");
    let served = folder.serve(&["--log-level", "warn"]);
    folder.write("[log]\nlevel = \"debug\"\n");
    served.signal("HUP");
    served.logs(&[
        "WARN",
        "the file's value has no effect",
        "setting=\"log.level\" old=\"info\" new=\"debug\" by=\"--log-level\"",
    ]);
    assert!(!served.log().contains("setting=\"server.listen\""));
    // The old change is not logged again. The listener was never in the file, so it counts as not
    // set.
    folder.write("[log]\nlevel = \"debug\"\n[server]\nlisten = \"127.0.0.1:1\"\n");
    served.signal("HUP");
    served.logs(&["no effect", "setting=\"server.listen\" old=\"not set\""]);
    assert_eq!(served.log().matches("setting=\"log.level\"").count(), 1);
}

#[test]
fn sighup_while_it_ends_is_refused_in_a_line() {
    let folder = Folder::of("reload_late").with("[drain]\nready_delay_ms = 20_000\n");
    let mut served = folder.serve(&[]);
    let mut client = connect_to(served.address(), TARGET);
    client.join("room:lobby");
    served.signal("TERM");
    served.logs(&["asked to end"]);
    served.signal("HUP");
    served.logs(&["WARN", "lobbyd ends; the configuration is not read again"]);
    assert!(served.runs());
}

#[test]
fn room_taken_out_lives_on_for_its_members_and_nobody_else_can_join() {
    let room = "[[room]]\ntopic = \"a\"\n[[room.event]]\nname = \"say\"\n";
    let folder = Folder::of("reload_taken_out").with(room);
    let served = folder.serve(&[]);
    let mut inside = connect_to(served.address(), TARGET);
    inside.join("a");
    folder.write("[[room]]\ntopic = \"b\"\n");
    served.signal("HUP");
    served.logs(&["read again"]);
    let mut late = connect_to(served.address(), TARGET);
    late.send(json!(["1", "1", "a", "phx_join", {}]));
    assert!(late.recv().text().contains("unmatched topic"));
    inside.send(json!(["11", "2", "a", "say", {"text": "still here"}]));
    assert!(inside.recv().text().contains("still here"));
}

#[test]
fn sighup_without_a_file_is_told_and_ends_nobody() {
    let folder = Folder::of("no_reload");
    let mut command = folder.lobbyd(&["--listen", "127.0.0.1:0"]);
    command.stdin(Stdio::null());
    let served = Process::start(command);
    let mut client = connect_to(served.address(), TARGET);
    client.join("room:lobby");
    served.signal("HUP");
    served.logs(&["WARN", "no configuration file to read again", "--config"]);
    client.send(json!([null, "2", "phoenix", "heartbeat", {}]));
    assert!(client.recv().text().contains("ok"));
    served.signal("TERM");
    assert_eq!(client.close_code(), 1012);
    drop(client);
    assert_eq!(served.ended().code, Some(0));
}

/// A terminal that closes sends SIGHUP to what runs in it.
#[test]
fn sighup_without_a_file_in_a_terminal_ends_it_as_ctrl_c_does() {
    let folder = Folder::of("terminal");
    let (_terminal, stdin) = terminal();
    let mut command = folder.lobbyd(&["--listen", "127.0.0.1:0"]);
    command.stdin(stdin);
    let served = Process::start(command);
    let mut client = connect_to(served.address(), TARGET);
    client.join("room:lobby");
    served.signal("HUP");
    // The shell and the kernel send one each.
    served.signal("HUP");
    assert_eq!(client.close_code(), 1012);
    drop(client);
    let ended = served.ended();
    assert_eq!(ended.code, Some(0));
    assert!(
        ended.log.contains("the terminal has closed"),
        "{}",
        ended.log
    );
}

#[test]
fn new_log_level_that_rust_log_overrides_has_no_effect_and_that_is_told() {
    let folder = Folder::of("reload_rust_log").with("[log]\nlevel = \"error\"\n");
    let mut command = folder.serving(&[]);
    command.env("RUST_LOG", "info");
    let mut served = Process::start(command);
    folder.write("[log]\nlevel = \"debug\"\n");
    served.signal("HUP");
    served.logs(&["WARN", "log.level", "RUST_LOG overrides it"]);
    served.logs(&["INFO", "the configuration was read again"]);
    let mut client = connect_to(served.address(), TARGET);
    client.join("room:lobby");
    assert!(!served.log().contains("DEBUG"), "{}", served.log());
    assert!(served.runs());
}
