//! The binary in a shell or a script: its first line, its lines about errors, its exit codes.

use std::net::TcpListener;
use std::process::{Command, Output};

use testkit::{Process, connect_to};

fn lobbyd(arguments: &[&str]) -> Command {
    let mut command = testkit::lobbyd!();
    command.args(arguments);
    command
}

fn run(arguments: &[&str]) -> Output {
    lobbyd(arguments).output().expect("it runs")
}

#[test]
fn program_prints_its_url_and_a_signal_ends_it_with_0_after_its_clients() {
    for signal in ["TERM", "INT"] {
        let server = Process::start(lobbyd(&["--listen", "127.0.0.1:0", "--shards", "1"]));
        let version = env!("CARGO_PKG_VERSION");
        let address = server
            .line
            .trim_end()
            .strip_prefix(&format!("lobbyd {version} listens on http://"))
            .and_then(|rest| rest.strip_suffix("/ with 1 shard"))
            .unwrap_or_else(|| panic!("{:?}", server.line));
        let mut client = connect_to(address.parse().unwrap(), "/socket/websocket?vsn=2.0.0");
        client.join("room:lobby");
        server.signal(signal);
        assert_eq!(client.close_code(), 1012);
        drop(client);
        let ended = server.ended();
        assert_eq!(ended.code, Some(0));
        assert_eq!(ended.stdout, "");
    }
}

/// A script that only checks whether the binary starts sends the signal this early.
#[test]
fn signal_that_comes_with_the_first_line_ends_it_as_any_other() {
    for _ in 0..20 {
        let server = Process::start(lobbyd(&["--listen", "127.0.0.1:0", "--shards", "1"]));
        server.signal("TERM");
        assert_eq!(server.ended().code, Some(0));
    }
}

#[test]
fn wrong_use_is_one_clear_line_and_exit_code_2() {
    let table: [(&[&str], &[&str]); 12] = [
        (&["--listen", "4000"], &["--listen", "127.0.0.1:4000"]),
        (
            &["--listen", "http://localhost:4000"],
            &["no scheme", "localhost:4000"],
        ),
        (&["--shards", "0"], &["--shards", "1 to 1024"]),
        (&["--log-level", "loud"], &["--log-level", "error, warn"]),
        (&["--listn", "x"], &["--listn", "'--listen'"]),
        (&["serve"], &["'serve'"]),
        (
            &["config"],
            &["requires a subcommand", "check, show, default"],
        ),
        (&["config", "check"], &["required", "<FILE>"]),
        (
            &["--config", "a.toml", "config", "show"],
            &[
                "'--config <FILE>'",
                "flags stand behind the subcommand",
                "config show --config FILE",
            ],
        ),
        (
            &["config", "check", "--listen", "127.0.0.1:0", "a.toml"],
            &[
                "'--listen' found; tip: flags of a server are for 'lobbyd' alone and for 'config show' (--help",
            ],
        ),
        (
            &["config", "check", "--foo", "a.toml"],
            &["'--foo' found (--help"],
        ),
        (
            &["--shards", "1", "--shards", "2"],
            &["multiple times (--help"],
        ),
    ];
    for (arguments, parts) in table {
        let output = run(arguments);
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert_eq!(output.stdout, b"", "{arguments:?}");
        assert!(stderr.starts_with("lobbyd: "), "{stderr}");
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
        for part in parts {
            assert!(stderr.contains(part), "{part} in {stderr}");
        }
    }
}

#[test]
fn port_in_use_or_foreign_address_is_one_clear_line_and_exit_code_3() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().map(|a| (taken, a.to_string())).unwrap();
    // 203.0.113.0/24 is reserved for documentation, so no machine has such an address.
    let table = [
        (&*taken.1, "in use"),
        ("203.0.113.1:4000", "no such address"),
    ];
    for (address, part) in table {
        let output = run(&["--listen", address]);
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(3), "{stderr}");
        assert_eq!(output.stdout, b"", "nothing half-started");
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
        assert!(
            stderr.contains(address) && stderr.contains(part),
            "{stderr}"
        );
    }
}

/// Returns the log from the start to a SIGTERM after the first line, with these arguments and this
/// `RUST_LOG`.
fn log_of(arguments: &[&str], rust_log: &str) -> String {
    let mut command = lobbyd(&["--listen", "127.0.0.1:0", "--shards", "1"]);
    command.args(arguments).env("RUST_LOG", rust_log);
    let server = Process::start(command);
    server.signal("TERM");
    let ended = server.ended();
    assert_eq!(ended.code, Some(0), "{}", ended.log);
    ended.log
}

#[test]
fn rust_log_overrides_the_level_as_a_whole_and_for_modules() {
    let (debug, info) = ("one for each connection", "every client was asked");
    for (level, rust_log, is_debug, is_info) in [
        ("error", "debug", true, true),
        ("error", "lobbyd=debug", true, true),
        ("error", "off,lobbyd=info", false, true),
        ("debug", "lobbyd::server=debug,warn", false, false),
        ("debug", "off", false, false),
        ("info", "", false, true),
    ] {
        let log = log_of(&["--log-level", level], rust_log);
        let told = (log.contains(debug), log.contains(info));
        assert_eq!(told, (is_debug, is_info), "RUST_LOG={rust_log:?}: {log}");
    }
}

#[test]
fn rust_log_that_cannot_be_read_is_refused_in_one_line_with_exit_code_2() {
    for (rust_log, part) in [
        ("debgu", "\"debug\" may be meant"),
        ("Warning", "\"warn\" may be meant"),
        ("lobbyd=info,inof", "\"info\" may be meant"),
        ("warn lobbyd=debug", "commas stand between levels"),
        ("warn;lobbyd=debug", "commas stand between levels"),
        ("lobbyd=loud", "RUST_LOG=warn,"),
        ("lobbyd[x=", "RUST_LOG=warn,"),
    ] {
        let mut command = lobbyd(&["--listen", "127.0.0.1:0"]);
        let output = command.env("RUST_LOG", rust_log).output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{rust_log}: {stderr}");
        assert_eq!(output.stdout, b"", "{rust_log}");
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
        let begins = format!("lobbyd: RUST_LOG is {rust_log:?}: ");
        assert!(
            stderr.starts_with(&begins) && stderr.contains(part),
            "{stderr}"
        );
    }
}

#[test]
fn help_and_version_go_to_stdout_with_exit_code_0() {
    for (argument, part) in [
        ("--help", "Exit codes:"),
        ("--help", "RUST_LOG overrides it"),
        ("-h", "--listen"),
        ("--version", "lobbyd 0"),
        ("help", "Exit codes:"),
    ] {
        let output = run(&[argument]);
        let stdout = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(0), "{argument}");
        assert!(stdout.contains(part), "{stdout}");
        assert_eq!(output.stderr, b"", "{argument}");
    }
}
