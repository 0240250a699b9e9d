//! Lines of lobbyd about an inherited listener, and about descriptors that are no listener.

use std::fs::File;
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::process::Command;

use testkit::{Process, connect_to};

use crate::fixture::{held_listener, lobbyd_with, lobbyd_with_two};

#[test]
fn listener_that_was_handed_over_replaces_the_address_and_that_is_said() {
    let (listener, address) = held_listener();
    let lobbyd = Process::start(lobbyd_with(listener));
    assert_eq!(lobbyd.address(), address);
    let end = "with 2 shards, on a socket that was handed over\n";
    assert!(lobbyd.line.ends_with(end), "{:?}", lobbyd.line);
    connect_to(address, "/socket/websocket?vsn=2.0.0").join("room:lobby");
    lobbyd.signal("TERM");
    let ended = lobbyd.ended();
    assert_eq!(ended.code, Some(0));
    assert!(ended.log.contains("not_bound=127.0.0.1:0"), "{}", ended.log);
}

/// Runs a command to its end, which must be exit code 3 with one line that has `part` in it.
fn refuses(mut command: Command, part: &str) {
    let output = command.output().expect("it runs");
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(3), "{stderr}");
    assert_eq!(output.stdout, b"");
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    assert!(
        stderr.starts_with("lobbyd: cannot use what was handed over: "),
        "{stderr}"
    );
    assert!(stderr.contains(part), "{part} in {stderr}");
}

#[test]
fn descriptor_that_is_no_listener_is_one_clear_line_and_exit_code_3() {
    let (listener, address) = held_listener();
    let connected = TcpStream::connect(address).unwrap();
    let tcp = "a TCP socket that listens was expected";
    refuses(lobbyd_with(File::open("/dev/null").unwrap()), tcp);
    refuses(lobbyd_with(UdpSocket::bind("127.0.0.1:0").unwrap()), tcp);
    refuses(lobbyd_with(connected), "the socket does not listen");
    let handed_over = || lobbyd_with(TcpListener::try_clone(&listener).unwrap());
    for (value, shown) in [
        ("many", "many"),
        ("1\r", "1\\r"),
        ("1 ", "1 "),
        ("-1", "-1"),
    ] {
        let mut none = handed_over();
        none.env("LISTEN_FDS", value);
        refuses(none, &format!("LISTEN_FDS=\"{shown}\" is no number"));
    }
    for (value, shown) in [("7\r", "7\\r"), ("\r", "\\r"), ("me", "me")] {
        let mut nobody = testkit::lobbyd!();
        // No machine has this address, so a server that binds one in place of the socket ends too.
        nobody.args(["--listen", "203.0.113.1:4000"]);
        nobody.env("LISTEN_FDS", "1").env("LISTEN_PID", value);
        refuses(nobody, &format!("LISTEN_PID=\"{shown}\" is no number"));
    }
    let mut missing = handed_over();
    missing.env("LISTEN_FDS", "2");
    refuses(missing, "fd 4 is not a");
    let two = lobbyd_with_two(TcpListener::try_clone(&listener).unwrap());
    refuses(two, "expected one for clients");
}

#[test]
fn socket_that_was_handed_to_another_process_is_left_alone() {
    let mut command = crate::fixture::lobbyd();
    command.env("LISTEN_FDS", "1").env("LISTEN_PID", "1");
    let lobbyd = Process::start(command);
    assert!(
        lobbyd.line.ends_with("with 2 shards\n"),
        "{:?}",
        lobbyd.line
    );
}

#[test]
fn variables_of_a_starter_that_are_empty_count_as_not_set() {
    for empty in ["", "\r"] {
        let mut command = crate::fixture::lobbyd();
        for variable in ["LISTEN_FDS", "LISTEN_PID", "NOTIFY_SOCKET", "WATCHDOG_USEC"] {
            command.env(variable, empty);
        }
        let lobbyd = Process::start(command);
        let end = "with 2 shards\n";
        assert!(lobbyd.line.ends_with(end), "{:?}", lobbyd.line);
        lobbyd.signal("TERM");
        let ended = lobbyd.ended();
        assert_eq!(ended.code, Some(0));
        let log = ended.log;
        assert!(!log.contains("service manager"), "{log}");
    }
}

#[test]
fn admin_listener_keeps_its_name_where_a_line_of_windows_ends_it() {
    let (listener, address) = held_listener();
    let mut command = lobbyd_with(listener);
    command.env("LISTEN_FDNAMES", "admin\r");
    let lobbyd = Process::start(command);
    assert_ne!(lobbyd.address(), address);
    lobbyd.logs(&["served to operators", &format!("admin={address}")]);
}
