//! Servers as a shell starts them: their output, their ends, their cores.

use super::*;
use crate::observe::host::wait::within_10_s;

#[test]
fn last_lines_of_both_outputs_are_kept() {
    let mut server = Server::spawn("echo one; echo two >&2; echo three; read x", None).unwrap();
    within_10_s("the end", || !server.is_running());
    assert_eq!(server.output_tail(2), "two\nthree");
    assert_eq!(server.output_tail(10), "one\ntwo\nthree");
    assert!(matches!(server.stop(), Stopped::Ended(_)));
}

#[test]
fn command_that_does_not_exist_ends_and_says_so() {
    let mut server = Server::spawn("no-such-server --port 0", None).unwrap();
    within_10_s("the end", || !server.is_running());
    assert!(server.output_tail(5).contains("no-such-server"));
}

#[test]
fn stop_reaches_what_the_command_started_and_waits_for_it() {
    let script =
        "sh -c 'trap \"echo drained; exit 0\" TERM; echo up; while :; do sleep 0.01; done' & wait";
    let mut server = Server::spawn(script, None).unwrap();
    within_10_s("up", || server.output_tail(1) == "up");
    assert!(server.is_running());
    let group = server.pid();
    assert!(matches!(server.stop(), Stopped::Ended(_)));
    assert!(server.output_tail(5).contains("drained"));
    assert!(!alive_in(group));
    assert!(matches!(server.stop(), Stopped::Ended(_)), "again");
}

#[test]
fn server_that_will_not_end_is_killed() {
    let script = "trap '' TERM; echo up; while :; do sleep 0.01; done";
    let mut server = Server::spawn(script, None).unwrap();
    within_10_s("up", || server.output_tail(1) == "up");
    assert_eq!(
        server.stop_within(Duration::from_millis(100)),
        Stopped::Killed
    );
    assert!(!server.is_running());
    within_10_s("its group", || !alive_in(server.pid()));
}

#[test]
fn server_is_bound_to_its_cores_and_this_thread_stays_as_it_was() {
    let before = Cores::allowed().unwrap();
    let cores: Cores = before
        .to_string()
        .split(['-', ','])
        .next()
        .unwrap()
        .parse()
        .unwrap();
    let mut server =
        Server::spawn("grep Cpus_allowed_list /proc/self/status", Some(&cores)).unwrap();
    within_10_s("the end", || !server.is_running());
    assert_eq!(
        server.output_tail(1),
        format!("Cpus_allowed_list:\t{cores}")
    );
    assert_eq!(Cores::allowed().unwrap(), before);
}

#[test]
fn attached_server_is_not_stopped() {
    let mut spawned = Server::spawn("exec sleep 60", None).unwrap();
    let mut attached = Server::attach(spawned.pid()).unwrap();
    assert!(attached.is_running());
    assert_eq!(attached.stop(), Stopped::LeftRunning);
    drop(attached);
    assert!(spawned.is_running());
    let mut attached = Server::attach(spawned.pid()).unwrap();
    spawned.stop();
    assert!(!attached.is_running());
    let error = Server::attach(u32::MAX).unwrap_err().to_string();
    assert!(error.contains("no process 4294967295"), "{error}");
}
