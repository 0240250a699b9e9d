//! A misbehaving server as a process of its own, which can be ended by SIGTERM and started again: the test binary itself, told
//! by its environment to be that.

use std::net::{SocketAddr, TcpListener};
use std::os::fd::AsFd;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use signal_hook::consts::SIGTERM;
use signal_hook::iterator::Signals;

use super::room::Room;
use super::{Fault, attend};

/// What goes wrong in a restart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passing {
    /// Nothing.
    Well,
    /// Everybody is closed with 1000.
    SaysNormal,
    /// Everybody is cut off.
    SaysNothing,
    /// The order to end is ignored.
    Stays,
    /// The next life refuses all joins.
    RefusesJoins,
    /// In the next life, one subscriber does not get one message.
    Drops,
    /// The next life ends at once.
    Dies,
    /// The next life refuses its first join alone.
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
/// A file that is there from the second life on.
const LIVES: &str = "MISBEHAVING_LIVES";

/// The command line that starts it. `test` is the test of this binary that calls [`serve_if_told`].
pub fn command(passing: Passing, address: SocketAddr, lives: &Path, test: &str) -> String {
    let own = std::env::current_exe().unwrap();
    format!(
        "exec env {PASSING}={passing:?} {ADDRESS}={address} {LIVES}={} {} --exact {test} --nocapture",
        lives.display(),
        own.display(),
    )
}

/// Serves until SIGTERM, if this process was started for that.
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

/// The inherited one, which the command line has made the input, or one of its own.
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
        std::thread::sleep(Duration::from_millis(300)); // the clients take it, and try in vain
        std::process::exit(0);
    }
}

/// What waits in an inherited socket when this stops is left to the next life.
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
