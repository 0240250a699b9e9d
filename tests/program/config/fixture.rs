//! The real binary, in a folder and an environment of its own.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use lobbyd::config::{Config, Given};
use testkit::{DEADLINE, Process};

/// A folder that may hold a file `lobbyd.toml`. It is removed when this value is dropped.
pub struct Folder(PathBuf);

impl Folder {
    /// Makes the folder of a test, named like the test.
    pub fn of(test: &str) -> Folder {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    /// Writes `lobbyd.toml` with this text, and returns the folder.
    pub fn with(self, file: &str) -> Folder {
        self.write(file);
        self
    }

    /// Returns the configuration in `lobbyd.toml`, as the program reads it.
    pub fn config(&self) -> Config {
        let given = Given {
            file: Some(self.0.join("lobbyd.toml")),
            ..Given::default()
        };
        given.read().unwrap().config
    }

    /// Writes `lobbyd.toml`.
    pub fn write(&self, file: &str) {
        fs::write(self.0.join("lobbyd.toml"), file).unwrap();
    }

    /// Writes another file with these permissions.
    pub fn file(&self, name: &str, text: impl AsRef<[u8]>, mode: u32) {
        let path = self.0.join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    }

    /// Returns the path of a file.
    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Writes a file that only its owner can read.
    pub fn secret(&self, name: &str, text: impl AsRef<[u8]>) {
        self.file(name, text, 0o600);
    }

    /// Returns the command that runs the program with these arguments and an empty environment.
    pub fn lobbyd(&self, arguments: &[&str]) -> Command {
        let mut command = testkit::lobbyd!();
        command.args(arguments).env_clear().current_dir(&self.0);
        command
    }

    /// Runs the program to its end. Returns exit code, stdout and stderr.
    pub fn run(&self, arguments: &[&str]) -> (i32, String, String) {
        ended(&mut self.lobbyd(arguments))
    }

    /// Serves with `lobbyd.toml` on a free port.
    pub fn serve(&self, arguments: &[&str]) -> Process {
        Process::start(self.serving(arguments))
    }

    /// Returns the command that [`serve`](Folder::serve) runs.
    pub fn serving(&self, arguments: &[&str]) -> Command {
        let always = ["--config", "lobbyd.toml", "--listen", "127.0.0.1:0"];
        self.lobbyd(&[&always[..], arguments].concat())
    }

    /// Returns the command of [`serve`](Folder::serve) behind `exec` in a shell's line. The shell's
    /// input becomes descriptor 3.
    pub fn in_a_shell(&self, exec: &str) -> Command {
        let mut command = Command::new("/bin/sh");
        let script =
            format!("{exec} \"$0\" --config lobbyd.toml --listen 127.0.0.1:0 3<&0 </dev/null");
        command.args(["-c", &script, env!("CARGO_BIN_EXE_lobbyd")]);
        command.env_clear().current_dir(&self.0);
        command
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Runs a command that ends by itself, and writes less than a pipe holds. One that still runs at the
/// deadline is killed, so that a wrong file that is taken fails its test and does not hang it.
pub fn ended(command: &mut Command) -> (i32, String, String) {
    let piped = command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = piped.spawn().expect("it runs");
    let until = Instant::now() + DEADLINE;
    while child.try_wait().unwrap().is_none() && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(2));
    }
    let _ = child.kill();
    let output = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let (stdout, stderr) = (text(output.stdout), text(output.stderr));
    let code = output.status.code();
    let code = code.unwrap_or_else(|| panic!("it did not end by itself: {stdout}{stderr}"));
    (code, stdout, stderr)
}
