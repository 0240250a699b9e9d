//! The server under test: the real binary, on a listening socket that outlives its processes.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::character::Character;

/// Descriptors of the server where `Character::Descriptors` is on. Honest clients need 200.
pub const DESCRIPTORS: u32 = 1500;

/// Longest time for a process to drain, more than `drain.deadline_ms`.
const DRAIN: Duration = Duration::from_secs(60);

/// The running server. Processes take over from one another by [`Subject::drain`].
pub struct Subject {
    listener: TcpListener,
    file: PathBuf,
    level: &'static str,
    descriptors: Option<u32>,
    child: Child,
    /// True while nobody reads the log.
    log_is_blocked: Arc<AtomicBool>,
    reloads: u32,
}

impl Subject {
    pub fn start(characters: &[Character]) -> Subject {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let name = format!("lobbyd-soak-{}.toml", std::process::id());
        let file = std::env::temp_dir().join(name);
        fs::write(&file, configuration(0)).expect("a file");
        let debug = characters.contains(&Character::BlockedLog);
        let level = if debug { "debug" } else { "info" };
        let few = characters.contains(&Character::Descriptors);
        let descriptors = few.then_some(DESCRIPTORS);
        let log_is_blocked = Arc::default();
        let child = spawn(&listener, &file, level, descriptors, &log_is_blocked);
        Subject {
            listener,
            file,
            level,
            descriptors,
            child,
            log_is_blocked,
            reloads: 0,
        }
    }

    pub fn address(&self) -> SocketAddr {
        self.listener.local_addr().expect("its address")
    }

    /// Returns the memory that the process has in RAM for its heap and stacks. The allocator is told
    /// to give back at once what it has free.
    pub fn heap_bytes(&self) -> usize {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()));
        let status = status.expect("the server runs");
        let line = status.lines().find(|line| line.starts_with("RssAnon:"));
        let kib = line.and_then(|line| line.split_whitespace().nth(1));
        kib.expect("RssAnon").parse::<usize>().expect("a number") << 10
    }

    /// Stops the process for `time`, as a paused machine does.
    pub fn stop_for(&self, time: Duration) {
        self.signal(Signal::STOP);
        thread::sleep(time);
        self.signal(Signal::CONT);
    }

    /// Leaves the log unread from now on, or reads it again.
    pub fn block_log(&self, blocks: bool) {
        self.log_is_blocked.store(blocks, Ordering::SeqCst);
    }

    /// Has another configuration read.
    pub fn reload(&mut self) {
        self.reloads += 1;
        fs::write(&self.file, configuration(self.reloads)).expect("a file");
        self.signal(Signal::HUP);
    }

    /// Starts a new process on the same socket, and lets the old one drain. Returns its exit code,
    /// or `None` if a signal had to end it.
    pub fn drain(&mut self) -> Option<i32> {
        let (file, blocked) = (self.file.clone(), &self.log_is_blocked);
        let new = spawn(&self.listener, &file, self.level, self.descriptors, blocked);
        let mut old = std::mem::replace(&mut self.child, new);
        end(&mut old)
    }

    /// Ends the server, and returns its exit code.
    pub fn end(mut self) -> Option<i32> {
        self.block_log(false);
        end(&mut self.child)
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("it runs");
    }
}

impl Drop for Subject {
    fn drop(&mut self) {
        // The process may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_file(&self.file);
    }
}

fn end(child: &mut Child) -> Option<i32> {
    kill_process(Pid::from_child(child), Signal::TERM).expect("it runs");
    let begun = Instant::now();
    while begun.elapsed() < DRAIN {
        if let Some(status) = child.try_wait().expect("a child") {
            return status.code();
        }
        thread::sleep(Duration::from_millis(20));
    }
    let _ = child.kill();
    child.wait().expect("a child").code()
}

/// Starts the binary on the listener, which the shell hands over as a service manager does.
fn spawn(
    listener: &TcpListener,
    file: &PathBuf,
    level: &str,
    descriptors: Option<u32>,
    log_is_blocked: &Arc<AtomicBool>,
) -> Child {
    let limit = descriptors.map_or(String::new(), |most| format!("ulimit -n {most} && "));
    let script = format!("{limit}LISTEN_PID=$$ exec \"$0\" --config \"$1\" 3<&0 </dev/null");
    let mut command = Command::new("sh");
    command
        .args(["-c", &script, env!("CARGO_BIN_EXE_lobbyd")])
        .arg(file)
        .env("LISTEN_FDS", "1")
        .env("RUST_LOG", level)
        .env("MIMALLOC_PURGE_DELAY", "0")
        .stdin(Stdio::from(std::os::fd::OwnedFd::from(
            listener.try_clone().expect("a descriptor"),
        )))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().expect("it starts");
    let (stderr, blocked) = (child.stderr.take(), Arc::clone(log_is_blocked));
    thread::spawn(move || read_log(stderr.expect("a pipe"), &blocked));
    // Before its first line a process would die of SIGHUP.
    let mut line = String::new();
    let stdout = child.stdout.as_mut().expect("a pipe");
    BufReader::new(stdout).read_line(&mut line).expect("text");
    assert!(line.contains("://"), "it starts: {line:?}");
    child
}

/// Reads the log, but not while it is blocked. Shows why a process has ended.
fn read_log(mut stderr: ChildStderr, blocked: &AtomicBool) {
    let mut bytes = [0; 16 << 10];
    loop {
        while blocked.load(Ordering::SeqCst) {
            thread::sleep(Duration::from_millis(50));
        }
        match stderr.read(&mut bytes) {
            Ok(0) | Err(_) => return,
            Ok(read) if tells_of_an_end(&bytes[..read]) => {
                let _ = std::io::stderr().write_all(&bytes[..read]);
            }
            Ok(_) => {}
        }
    }
}

/// True for the log of a panic, or of a process that does not start.
fn tells_of_an_end(log: &[u8]) -> bool {
    log.starts_with(b"lobbyd: ") || log.windows(8).any(|part| part == b"panicked")
}

/// Returns the configuration: rooms of honest clients, a room for floods, rooms that let nobody in.
/// Each `number` makes another one.
fn configuration(number: u32) -> String {
    let wait_ms = 5000 + number % 7;
    format!(
        r#"
[server]
shards = 2
[drain]
window_ms = 1000
[limits.joins_per_second]
wait_ms = {wait_ms}
[[room]]
topic = "honest:*"
[[room.event]]
name = "say"
relay = ["body"]
[[room]]
topic = "flood:*"
[[room.event]]
name = "say"
relay = ["body"]
[[room]]
topic = "vain:*"
join = "deny"
reason = "unauthorized"
"#
    )
}
