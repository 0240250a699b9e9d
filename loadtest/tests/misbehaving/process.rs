//! A misbehaving server as a process, which SIGTERM ends and which can be started again.
//!
//! The process is the test binary itself, and an environment variable makes it serve.

use std::net::{SocketAddr, TcpListener};
use std::os::fd::AsFd;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use signal_hook::consts::SIGTERM;
use signal_hook::iterator::Signals;

use super::attend;
use super::fault::Fault;
use super::room::Room;

/// The fault of a server during a restart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passing {
    /// No fault.
    Well,
    /// All connections are closed with code 1000.
    SaysNormal,
    /// All connections end without a Close frame.
    SaysNothing,
    /// SIGTERM is ignored.
    Stays,
    /// The second process refuses all joins.
    RefusesJoins,
    /// In the second process, one subscriber does not get one message.
    Drops,
    /// The second process ends at once.
    Dies,
    /// The second process refuses only its first join.
    RefusesOnce,
}

const ALL: [Passing; 8] = [
    Passing::Well,
    Passing::SaysNormal,
    Passing::SaysNothing,
    Passing::Stays,
    Passing::RefusesJoins,
    Passing::Drops,
    Passing::Dies,
    Passing::RefusesOnce,
];

const PASSING: &str = "MISBEHAVING_PASSING";
const ADDRESS: &str = "MISBEHAVING_ADDRESS";
/// The variable with the path of a file that exists from the second process on.
const LIVES: &str = "MISBEHAVING_LIVES";

/// Returns the command line that starts the server. `test` is the test of this binary that calls
/// [`serve_if_told`].
pub fn command(passing: Passing, address: SocketAddr, lives: &Path, test: &str) -> String {
    let own = std::env::current_exe().unwrap();
    format!(
        "exec env {PASSING}={passing:?} {ADDRESS}={address} {LIVES}={} {} --exact {test} --nocapture",
        lives.display(),
        own.display(),
    )
}

/// Serves until SIGTERM, if the environment of this process asks for that.
pub fn serve_if_told() {
    let Ok(passing) = std::env::var(PASSING) else {
        return;
    };
    let passing = ALL
        .into_iter()
        .find(|of| format!("{of:?}") == passing)
        .unwrap();
    let lives = std::env::var(LIVES).unwrap();
    let again = Path::new(&lives).exists();
    std::fs::write(&lives, "").unwrap();
    if again && passing == Passing::Dies {
        eprintln!("no second life");
        std::process::exit(7);
    }
    serve(listener(), passing, again);
}

/// Returns the inherited socket, which the command line has made the input, or else a new one.
fn listener() -> TcpListener {
    if let Ok(descriptors) = std::env::var("LISTEN_FDS") {
        assert_eq!(descriptors, "1");
        let pid = std::env::var("LISTEN_PID").unwrap();
        assert_eq!(pid, std::process::id().to_string());
        return std::io::stdin()
            .as_fd()
            .try_clone_to_owned()
            .unwrap()
            .into();
    }
    TcpListener::bind(std::env::var(ADDRESS).unwrap()).unwrap()
}

fn serve(listener: TcpListener, passing: Passing, again: bool) {
    let mut signals = Signals::new([SIGTERM]).unwrap();
    let fault = match passing {
        Passing::RefusesJoins if again => Fault::RefusesJoins {
            but: 0,
            reason: "too many joins",
        },
        Passing::RefusesOnce if again => Fault::RefusesOneJoin,
        Passing::Drops if again => Fault::Drops,
        _ => Fault::Behaves,
    };
    let room = Arc::new(Mutex::new(Room::new(fault)));
    let stop = Arc::new(AtomicBool::new(false));
    let mut accepting = Some(std::thread::spawn({
        let (room, stop) = (room.clone(), stop.clone());
        move || accept_until(listener, fault, &room, &stop)
    }));
    for _ in signals.forever() {
        if passing == Passing::Stays && !again {
            continue;
        }
        stop.store(true, Ordering::Relaxed);
        accepting.take().map(JoinHandle::join);
        let mut room = room.lock().unwrap();
        match passing {
            Passing::SaysNormal => room.end(1000),
            Passing::SaysNothing => {}
            _ => room.end(1012),
        }
        std::thread::sleep(Duration::from_millis(300)); // the clients' tries must fail for a while
        std::process::exit(0);
    }
}

/// Accepts connections until the stop. Connections that still wait in an inherited socket are left
/// to the next process.
fn accept_until(
    listener: TcpListener,
    fault: Fault,
    room: &Arc<Mutex<Room>>,
    stop: &Arc<AtomicBool>,
) {
    listener.set_nonblocking(true).unwrap();
    let stays = Arc::new(AtomicBool::new(false)); // connections end with the process
    while !stop.load(Ordering::Relaxed) {
        match listener.accept() {
            Ok((stream, _)) => attend(Ok(stream), fault, room, &stays),
            Err(_) => std::thread::sleep(Duration::from_millis(2)),
        }
    }
}
