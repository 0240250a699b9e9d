//! The admin listener of the real binary: it alone serves the metrics, wherever its address is set.

use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::process::Stdio;

use testkit::process::metric;
use testkit::{Process, eventually, open, request, upgrade_request};

use crate::config::fixture::{Folder, ended};

fn status(address: SocketAddr, path: &str) -> String {
    let head = format!("GET {path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    let answer = request(address, &head);
    answer.split(' ').nth(1).unwrap_or_default().to_owned()
}

/// Returns the address of the admin listener in the log.
pub fn admin_of(served: &Process) -> SocketAddr {
    served.logs(&["served to operators"]);
    let log = served.log();
    let (_, rest) = log.split_once("admin=").expect("an address");
    rest.split_whitespace().next().unwrap().parse().unwrap()
}

fn serves_metrics_there_alone(served: &Process, admin: SocketAddr) {
    assert_eq!(metric(admin, "lobbyd_admitting"), 1);
    assert_eq!(status(admin, "/readyz"), "200");
    assert_eq!(status(admin, "/"), "404");
    assert_eq!(status(served.address(), "/metrics"), "404");
    assert_eq!(status(served.address(), "/readyz"), "200");
}

#[test]
fn address_of_file_environment_or_flag_is_where_the_metrics_are() {
    let file = "[server]\nadmin_listen = \"127.0.0.1:0\"\n";
    let in_file = Folder::of("admin_file").with(file);
    let served = in_file.serve(&[]);
    serves_metrics_there_alone(&served, admin_of(&served));
    let nothing = Folder::of("admin_elsewhere").with("");
    let mut command = nothing.serving(&[]);
    command.env("LOBBYD_SERVER_ADMIN_LISTEN", "127.0.0.1:0");
    let served = Process::start(command);
    serves_metrics_there_alone(&served, admin_of(&served));
    let served = nothing.serve(&["--admin-listen", "localhost:0"]);
    serves_metrics_there_alone(&served, admin_of(&served));
}

#[test]
fn port_in_use_is_told_of_the_admin_address_with_exit_code_3() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let folder = Folder::of("admin_taken").with("");
    let (code, stdout, stderr) = ended(&mut folder.serving(&["--admin-listen", &address]));
    assert_eq!((code, &*stdout), (3, ""), "{stderr}");
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    let line = format!(
        "lobbyd: cannot listen on {address}: the port is already in use \
         (another lobbyd? try --admin-listen 127.0.0.1:0 for any free port)\n"
    );
    assert_eq!(stderr, line);
}

#[test]
fn socket_named_admin_that_is_handed_over_replaces_the_address() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let admin = listener.local_addr().unwrap();
    let file = "[server]\nadmin_listen = \"127.0.0.1:1\"\n";
    let folder = Folder::of("admin_inherited").with(file);
    let mut command = folder.in_a_shell("LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=admin exec");
    command.stdin(Stdio::from(std::os::fd::OwnedFd::from(listener)));
    let served = Process::start(command);
    assert_ne!(served.address(), admin);
    serves_metrics_there_alone(&served, admin);
    assert_eq!(admin_of(&served), admin);
    served.logs(&["not_bound=127.0.0.1:1"]);
}

#[test]
fn socket_named_admin_that_does_not_listen_ends_it_with_3() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let folder = Folder::of("admin_deaf").with("");
    let mut command = folder.in_a_shell("LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=admin exec");
    command.stdin(Stdio::from(std::os::fd::OwnedFd::from(client)));
    let (code, stdout, stderr) = ended(&mut command);
    assert_eq!((code, &*stdout), (3, ""), "{stderr}");
    assert!(
        stderr.starts_with("lobbyd: cannot use what was handed over: the socket does not listen"),
        "{stderr}"
    );
}

#[test]
fn operators_get_in_while_clients_take_all_other_open_files() {
    let folder = Folder::of("admin_files").with("[server]\nshards = 1\n");
    let mut command = folder.in_a_shell("ulimit -n 100; exec");
    command.env("LOBBYD_SERVER_ADMIN_LISTEN", "127.0.0.1:0");
    let served = Process::start(command);
    let admin = admin_of(&served);
    let target = "/socket/websocket?vsn=2.0.0";
    let asked = upgrade_request(served.address(), target, "");
    let client = |_| {
        let mut stream = open(served.address());
        stream.write_all(asked.as_bytes()).unwrap();
        stream
    };
    let clients: Vec<_> = (0..100).map(client).collect();
    served.logs(&["as many connections as open files allow"]);
    assert_eq!(status(admin, "/healthz"), "200");
    assert_eq!(status(admin, "/readyz"), "503");
    assert_eq!(metric(admin, "lobbyd_admitting"), 0);
    assert!(metric(admin, "process_resident_memory_bytes") > 0);
    let silent: Vec<_> = (0..80).map(|_| open(admin)).collect();
    folder.write("[server]\nshards = 1\n[limits]\nidle_time_ms.max = 50_000\n");
    served.reload(&["the configuration was read again"]);
    assert_eq!(status(admin, "/healthz"), "200");
    drop((clients, silent));
    eventually("it is ready again", || status(admin, "/readyz") == "200");
}

#[test]
fn connections_with_an_open_file_are_served_where_no_other_is_left() {
    let folder = Folder::of("arrivals").with(
        "[server]\nshards = 1\n[limits]\naccepts_per_second.max = 100\naccepts_per_second.burst = 2\n",
    );
    let mut command = folder.in_a_shell("ulimit -n 160; exec");
    command.env("LOBBYD_SERVER_ADMIN_LISTEN", "127.0.0.1:0");
    let served = Process::start(command);
    let admin = admin_of(&served);
    let asked = upgrade_request(served.address(), "/socket/websocket?vsn=2.0.0", "");
    let client = |_| {
        let mut stream = open(served.address());
        stream.write_all(asked.as_bytes()).unwrap();
        stream
    };
    // Over the rate they wait with their open files, until none is left but those of operators.
    let clients: Vec<_> = (0..160).map(client).collect();
    served.logs(&["as many connections as open files allow"]);
    eventually("all that are accepted are served", || {
        metric(admin, "lobbyd_connections{state=\"websocket\"}") > 90
    });
    drop(clients);
}
