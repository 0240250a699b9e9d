//! SIGHUP, through the real binary: what can change does, what cannot is told, and a wrong file changes nothing.

use crate::program::Folder;
use crate::support::connect_to;

const TARGET: &str = "/socket/websocket?vsn=2.0.0";

#[test]
fn the_log_level_changes_at_sighup_and_its_clients_do_not_notice() {
    let folder = Folder::of("reload_level").with("[log]\nlevel = \"info\"\n");
    let mut served = folder.serve(&[]);
    let mut client = connect_to(served.address, TARGET);
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
    let _another = connect_to(served.address, TARGET);
    served.logs(&["DEBUG", "connected"]);
    client.expect_nothing();
    // Back, and it is told although it is less that is logged then.
    folder.write("[log]\nlevel = \"error\"\n");
    served.signal("HUP");
    served.logs(&["INFO", "changed", "new=\"error\""]);
    client.expect_nothing();
    assert!(served.runs());
}

#[test]
fn a_wrong_file_changes_nothing_and_says_why() {
    let folder = Folder::of("reload_wrong").with("[log]\nlevel = \"info\"\n");
    let mut served = folder.serve(&[]);
    folder.write("[log]\nlevel = \"debug\"\n[server]\nshads = 3\n");
    served.signal("HUP");
    served.logs(&[
        "ERROR",
        "lobbyd.toml:4: server.shads: no such setting; did you mean server.shards?",
    ]);
    served.logs(&["ERROR", "nothing was changed", "lobbyd.toml"]);
    let mut client = connect_to(served.address, TARGET);
    client.join("room:lobby");
    assert!(!served.log().contains("DEBUG"), "{}", served.log());
    // And the next right one is taken.
    folder.write("[log]\nlevel = \"debug\"\n");
    served.signal("HUP");
    served.logs(&["changed", "log.level"]);
    assert!(served.runs());
}

#[test]
fn what_takes_a_restart_is_told_each_time_and_stays() {
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
        crate::support::eventually("it is read again", || read_again() == time);
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
    // That which changed is told once.
    assert_eq!(served.log().matches("limits.connections.max").count(), 1);
}

#[test]
fn rooms_that_come_go_and_change_are_told_by_their_topics() {
    let folder =
        Folder::of("reload_rooms").with("[[room]]\ntopic = \"a\"\n[[room]]\ntopic = \"b\"\n");
    let served = folder.serve(&[]);
    folder.write("[[room]]\ntopic = \"b\"\nmembers_max = 3\n[[room]]\ntopic = \"c\"\n");
    served.signal("HUP");
    for (topic, new) in [("a", "gone"), ("b", "other rules"), ("c", "added")] {
        served.logs(&[
            "INFO",
            &format!("setting=\"room {topic}\""),
            &format!("new={new}"),
        ]);
    }
}

#[test]
fn without_a_file_sighup_ends_it_as_ever() {
    let folder = Folder::of("no_reload");
    let mut child = folder.lobbyd(&["--listen", "127.0.0.1:0"]);
    child.stdout(std::process::Stdio::piped());
    let mut child = child.spawn().unwrap();
    let mut line = String::new();
    let stdout = child.stdout.take().unwrap();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(stdout), &mut line).unwrap();
    let pid = child.id().to_string();
    std::process::Command::new("kill")
        .args(["-s", "HUP", &pid])
        .status()
        .unwrap();
    assert_eq!(
        std::os::unix::process::ExitStatusExt::signal(&child.wait().unwrap()),
        Some(1)
    );
}
