//! The test's own process: the system's figures of it, and a process for one test alone.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// Runs the ignored test `name` in a process of its own, with as many descriptors as the system
/// allows. It is for tests that measure the whole process.
pub fn alone(name: &str) {
    let output = this_binary(name).output().expect("a shell");
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}");
    assert!(text.contains("1 passed"), "no test of that name: {text}");
    println!("{text}");
}

/// Returns the command that runs the ignored test `name` of this binary.
pub fn this_binary(name: &str) -> Command {
    let mut command = Command::new("sh");
    let raise = "ulimit -n \"$(ulimit -Hn)\" || true; exec \"$0\" \"$@\"";
    let binary = std::env::current_exe().expect("our own path");
    command.args(["-c", raise]).arg(binary);
    command.args([
        "--exact",
        name,
        "--ignored",
        "--nocapture",
        "--test-threads=1",
    ]);
    command.stdin(Stdio::null());
    command
}

/// Returns the bytes of memory that this process has in RAM.
pub fn resident_bytes() -> usize {
    let status = fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kib = line
        .and_then(|line| line.split_whitespace().nth(1))
        .expect("VmRSS");
    kib.parse::<usize>().expect("a number") << 10
}

/// Returns the number of descriptors that this process has open.
pub fn descriptors() -> usize {
    fs::read_dir("/proc/self/fd").expect("Linux").count()
}

/// Returns the nanoseconds of CPU that the shards of this process have used.
pub fn shard_cpu_ns() -> u64 {
    let tasks = fs::read_dir("/proc/self/task").expect("Linux");
    let of_shards = tasks.flatten().map(|task| task.path()).filter(|task| {
        let name = fs::read_to_string(task.join("comm")).unwrap_or_default();
        name.starts_with("shard-")
    });
    let used = |task: PathBuf| {
        let stat = fs::read_to_string(task.join("schedstat")).ok()?;
        stat.split_whitespace().next()?.parse::<u64>().ok()
    };
    of_shards.filter_map(used).sum()
}
