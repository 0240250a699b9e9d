//! A log that nobody reads: the server waits for nobody, drops what does not fit, and counts it.

use std::io::{Read, Write};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use testkit::process::metric;
use testkit::{Client, connect_to, eventually, request};

use crate::fixture::{held_listener, lobbyd_with};

/// A running lobbyd whose stdout and stderr are pipes that nobody reads.
struct Unread {
    child: Child,
    stderr: Option<ChildStderr>,
}

impl Unread {
    fn start(mut command: Command) -> Unread {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("it starts");
        let stderr = child.stderr.take();
        Unread { child, stderr }
    }

    /// Asks the server to end, and waits until it has. Returns its exit code.
    fn stop(&mut self) -> Option<i32> {
        kill_process(Pid::from_child(&self.child), Signal::TERM).expect("it runs");
        let mut code = None;
        eventually("it ends", || {
            code = self.child.try_wait().expect("a child");
            code.is_some()
        });
        code.expect("it has ended").code()
    }
}

impl Drop for Unread {
    fn drop(&mut self) {
        // The process may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends messages of another join, each of which is a line at `debug`, and the answer to none.
fn send_stale(client: &mut Client, messages: usize) {
    for _ in 0..messages {
        client.send(json!(["7", "2", "room:lobby", "new_msg", {}]));
    }
    client.send(json!([null, "9", "phoenix", "heartbeat", {}]));
    client.expect(json!([null, "9", "phoenix", "phx_reply", {"status": "ok", "response": {}}]));
}

#[test]
fn server_whose_log_nobody_reads_serves_on_counts_its_lines_and_ends() {
    let (listener, address) = held_listener();
    let mut command = lobbyd_with(listener);
    command.env("LOBBYD_LOG_LEVEL", "debug");
    command.env("LOBBYD_LIMITS_MESSAGES_PER_SECOND_MODE", "observe");
    let mut lobbyd = Unread::start(command);
    let target = "/socket/websocket?vsn=2.0.0";
    let mut client = connect_to(address, target);
    client.join("room:lobby");
    for _ in 0..170 {
        drop(connect_to(address, target));
    }
    // Over 2 MB of lines, where a pipe takes 64 KiB and the writer 1 MiB.
    send_stale(&mut client, 12_000);
    let head = "GET /healthz HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
    assert!(request(address, head).starts_with("HTTP/1.1 200"));
    assert!(metric(address, "lobbyd_log_lines_dropped_total") > 0);
    assert_eq!(metric(address, "lobbyd_stale_messages_total"), 12_000);
    drop(client);
    assert_eq!(lobbyd.stop(), Some(0));
}

#[test]
fn log_that_is_read_again_says_how_many_lines_are_missing() {
    let (listener, address) = held_listener();
    let mut command = lobbyd_with(listener);
    command.env("LOBBYD_LOG_LEVEL", "debug");
    command.env("LOBBYD_LIMITS_MESSAGES_PER_SECOND_MODE", "observe");
    let mut lobbyd = Unread::start(command);
    let mut client = connect_to(address, "/socket/websocket?vsn=2.0.0");
    client.join("room:lobby");
    send_stale(&mut client, 12_000);
    let dropped = metric(address, "lobbyd_log_lines_dropped_total");
    let mut stderr = lobbyd.stderr.take().expect("a pipe");
    let bytes_read = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&bytes_read);
    let reader = std::thread::spawn(move || {
        let (mut log, mut part) = (Vec::new(), [0; 4096]);
        while let Ok(read @ 1..) = stderr.read(&mut part) {
            log.extend(&part[..read]);
            counted.fetch_add(read, Ordering::SeqCst);
        }
        String::from_utf8(log)
    });
    // More than a pipe holds: the lines that waited are on their way, so there is room for the last.
    eventually("the lines that waited are read", || {
        bytes_read.load(Ordering::SeqCst) > 512 * 1024
    });
    drop(client);
    assert_eq!(lobbyd.stop(), Some(0));
    let log = reader.join().expect("no panic").expect("text");
    let told = log
        .lines()
        .filter(|line| line.contains("lines of the log were dropped here"));
    let told: Vec<u64> = told
        .filter_map(|line| line.split_once("dropped=")?.1.parse().ok())
        .collect();
    assert!(
        !told.is_empty() && told.iter().sum::<u64>() >= dropped,
        "{told:?} {dropped}"
    );
    assert!(log.contains("ended; every client was asked to come back"));
    assert!(
        log.lines().all(|line| line.contains(" lobbyd")),
        "whole lines alone"
    );
}

#[test]
fn server_whose_stdout_is_a_full_pipe_serves_and_ends() {
    let (listener, address) = held_listener();
    let (reader, writer) = std::io::pipe().expect("a pipe");
    let mut other = writer.try_clone().expect("a descriptor");
    // Keeps the pipe full until its reader is dropped.
    let filler = std::thread::spawn(move || while other.write_all(&[b'x'; 4096]).is_ok() {});
    let mut command = lobbyd_with(listener);
    command.stdout(writer).stderr(Stdio::null());
    let child = command.spawn().expect("it starts");
    let mut lobbyd = Unread {
        child,
        stderr: None,
    };
    connect_to(address, "/socket/websocket?vsn=2.0.0").join("room:lobby");
    assert_eq!(lobbyd.stop(), Some(0));
    drop(reader);
    filler.join().expect("no panic");
}
