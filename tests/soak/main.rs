//! The binary among all hostile characters at once, for minutes: honest clients lose nothing.
//!
//! `.ci/run soak` runs it for a minute. By hand:
//! `SOAK_SECONDS=600 cargo test --profile ci --test soak -- --ignored --nocapture`. SOAK_CHARACTERS
//! names the characters that are on, as in `SOAK_CHARACTERS=firehoses,drains`; "all" is all. With
//! SOAK_P99 set, the delays of honest clients must stay within three times those of the quiet time.
//! The heap may be 10 % and 8 MiB above what it was, or SOAK_HEAP_MIB in place of 8.

mod attackers;
mod character;
mod honest_lobby;
mod operator;
mod scene;
mod subject;

use std::env;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use attackers::attack;
use character::Character;
use honest_lobby::{LOBBIES, Rounds, talk};
use operator::operate;
use scene::{Phase, Scene};
use subject::Subject;

/// How long honest clients are alone before the hostile ones come, and how long the heap may take
/// to come down once those are gone.
const QUIET: Duration = Duration::from_secs(8);
const REST: Duration = Duration::from_secs(30);

#[test]
#[ignore = "runs for a minute or more: .ci/run soak"]
fn honest_clients_lose_nothing_beside_all_hostile_ones() {
    let characters = Character::chosen(env::var("SOAK_CHARACTERS").ok());
    let names: Vec<&str> = characters.iter().map(|one| one.name()).collect();
    println!("soak with {}", names.join(", "));
    let scene = Arc::new(Scene::new(Subject::start(&characters)));
    let lobbies = lobbies(&scene);

    thread::sleep(QUIET);
    let before = scene.subject().heap_bytes();
    scene.begin(Phase::Hostile);
    let attackers: Vec<_> = characters
        .iter()
        .flat_map(|one| attack(*one, &scene))
        .collect();
    let begun = Instant::now();
    operate(&scene, &characters, begun + hostile_time());
    scene.begin(Phase::Over);
    attackers
        .into_iter()
        .for_each(|one| one.join().expect("no panic"));
    let after = heap_that_came_down(&scene, before);

    scene.ends.store(true, Ordering::SeqCst);
    let rounds: Rounds = lobbies
        .into_iter()
        .map(|one| one.join().expect("no panic"))
        .sum();
    println!("{rounds}");
    println!(
        "heap: {} KiB before, {} KiB after",
        before >> 10,
        after >> 10
    );
    assert_eq!(scene.faults(), Vec::<String>::new());
    assert!(rounds.hostile() > 0, "nobody talked: {rounds}");
    assert!(after <= allowed(before), "{before} bytes became {after}");
    if env::var_os("SOAK_P99").is_some() {
        let [quiet, hostile] = rounds.p99_us();
        assert!(hostile <= 3 * quiet, "p99: {quiet} µs became {hostile}");
    }
    assert_eq!(
        scene.end_subject(),
        Some(0),
        "the exit code of the last process"
    );
}

fn lobbies(scene: &Arc<Scene>) -> Vec<JoinHandle<Rounds>> {
    let lobby = |number| {
        let scene = Arc::clone(scene);
        thread::spawn(move || talk(&scene, number))
    };
    (0..LOBBIES).map(lobby).collect()
}

fn hostile_time() -> Duration {
    let seconds = env::var("SOAK_SECONDS").map_or(60, |text| text.parse().expect("seconds"));
    Duration::from_secs(seconds)
}

/// Waits until the heap in use is what it may be, or until the time for that is over. Returns it.
fn heap_that_came_down(scene: &Scene, before: usize) -> usize {
    let begun = Instant::now();
    loop {
        let bytes = scene.subject().heap_bytes();
        if bytes <= allowed(before) || begun.elapsed() > REST {
            return bytes;
        }
        thread::sleep(Duration::from_secs(1));
    }
}

/// Returns the bound of the heap: 10 % and 8 MiB above what it was. `.ci/run` gives more room, because
/// the memory in RAM has stacks in it, and what the allocator cannot give back.
fn allowed(before: usize) -> usize {
    let mib = env::var("SOAK_HEAP_MIB").map_or(8, |text| text.parse().expect("MiB"));
    before + before / 10 + (mib << 20)
}
