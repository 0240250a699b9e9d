//! What is done to the server while it runs: stops, reloads, drains, and a log that nobody reads.

use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use crate::character::Character;
use crate::scene::Scene;

/// How long the process is stopped at a time: less than honest clients wait for an answer.
const STOP: Duration = Duration::from_secs(3);
/// How long the log is left unread at a time: longer than honest clients wait for an answer.
const UNREAD: Duration = Duration::from_secs(45);
/// The times from one act to the next of its kind. The last drain is long enough before the end that
/// the process whose heap is measured has met all characters.
const STOP_EVERY: Duration = Duration::from_secs(13);
const RELOAD_EVERY: Duration = Duration::from_secs(2);
const DRAINS: u32 = 3;

/// Acts until `end`, and waits for it.
pub fn operate(scene: &Scene, characters: &[Character], end: Instant) {
    let is_on = |one| characters.contains(&one);
    let begun = Instant::now();
    let drain_every = end.duration_since(begun) / (DRAINS + 1);
    let (mut stop_at, mut reload_at, mut drain_at) = (
        begun + STOP_EVERY / 2,
        begun + RELOAD_EVERY,
        begun + drain_every,
    );
    scene.subject().block_log(is_on(Character::BlockedLog));
    let read_at = begun + UNREAD;
    while Instant::now() < end {
        let now = Instant::now();
        if now >= read_at {
            scene.subject().block_log(false);
        }
        if is_on(Character::Stops) && now >= stop_at {
            scene.act(|subject| subject.stop_for(STOP));
            stop_at = Instant::now() + STOP_EVERY;
        }
        if is_on(Character::Reloads) && now >= reload_at {
            scene.subject().reload();
            reload_at = now + RELOAD_EVERY;
        }
        if is_on(Character::Drains) && now >= drain_at && now + drain_every / 2 < end {
            drain(scene);
            drain_at += drain_every;
        }
        thread::sleep(Duration::from_millis(50));
    }
    scene.subject().block_log(false);
}

fn drain(scene: &Scene) {
    scene.drains.fetch_add(1, Ordering::SeqCst);
    scene.act(|subject| match subject.drain() {
        // 1 says that connections had to be cut off: those of members that do not read.
        Some(0 | 1) => {}
        code => scene.fault(format!("a drained process ended with {code:?}")),
    });
}
