//! The rules for imports and folders, on trees that break them and on trees that do not.

use super::repository;
use crate::repository::Repository;
use crate::{imports, rooms};

/// Asserts that each of `expected` begins a complaint, in that order, and that there are no others.
#[track_caller]
pub(super) fn finds(wrong: &[String], expected: &[&str]) {
    let begin = |(wrong, expected): (&String, &&str)| wrong.trim_start().starts_with(*expected);
    let all = wrong.len() == expected.len() && wrong.iter().zip(expected).all(begin);
    assert!(all, "{wrong:#?}");
}

fn server(values: &str, limits: &str) -> Repository {
    repository(&[
        ("src/lib.rs", "pub mod server;"),
        ("src/server/mod.rs", "mod limits;\nmod shard;"),
        ("src/server/limits/mod.rs", limits),
        ("src/server/limits/values.rs", values),
        (
            "src/server/shard/mod.rs",
            "mod drain;\nmod pace;\npub struct Shard;",
        ),
        (
            "src/server/shard/drain.rs",
            "use super::Shard;\nimpl Shard {}",
        ),
        ("src/server/shard/pace.rs", "pub struct Pace;\nimpl Pace {}"),
    ])
}

#[test]
fn arrows_up_are_found_and_arrows_down_are_not() {
    let down = server("pub struct Drain;", "mod values;");
    finds(&imports::in_order(&down), &[]);
    finds(&imports::states(&down), &[]);
    let up = server("use crate::server::shard::Shard;", "mod values;");
    let place = "src/server/limits/values.rs:1: `crate::server::shard::Shard`";
    finds(&imports::in_order(&up), &[place]);
}

#[test]
fn arrows_up_are_found_in_inner_folders_too() {
    for (folder, above, below) in [
        ("channel", "router", "reply"),
        ("config", "arguments", "raw"),
        ("protocol", "version", "scan"),
        ("session", "join", "busy"),
        ("websocket", "reader", "mask"),
        ("server/admission", "mod", "refusal"),
        ("server/http", "serve", "app"),
        ("broker/topics", "hub", "topic"),
    ] {
        let place = format!("src/{folder}/{below}.rs");
        let mods = folder.split('/').map(|name| format!("pub mod {name};"));
        let mut mods: Vec<String> = mods.collect();
        mods.push(format!("mod {above};\nmod {below};\npub struct Top;").replace("mod mod;", ""));
        let up = match above {
            "mod" => String::from("use super::Top;"),
            above => format!("use super::{above}::Top;"),
        };
        let outer = format!("src/{}/mod.rs", folder.split('/').next().unwrap_or(folder));
        let face = format!("src/{folder}/mod.rs");
        let upper = format!("src/{folder}/{above}.rs");
        let mut files = vec![("src/lib.rs", mods[0].as_str()), (&outer, mods[1].as_str())];
        files.extend(mods.get(2).map(|text| (face.as_str(), text.as_str())));
        files.push((&place, &up));
        if above != "mod" {
            files.push((&upper, "pub struct Top;"));
        }
        let wrong = imports::in_order(&repository(&files));
        finds(&wrong, &[&format!("{place}:1: `super::")]);
    }
}

#[test]
fn states_that_know_the_shard_are_found() {
    let repository = repository(&[
        ("src/lib.rs", "pub mod server;"),
        ("src/server/mod.rs", "mod shard;"),
        ("src/server/shard/mod.rs", "mod pace;\npub struct Shard;"),
        (
            "src/server/shard/pace.rs",
            "use super::Shard;\nimpl<T> Into<T> for Shard {}",
        ),
    ]);
    finds(
        &imports::states(&repository),
        &["src/server/shard/pace.rs:2: `impl Shard`"],
    );
    finds(
        &imports::in_order(&repository),
        &["src/server/shard/pace.rs:1: `super::Shard`"],
    );
}

#[test]
fn circles_are_found_but_for_the_known_one() {
    let files = |names: [&'static str; 3]| {
        let uses = |of: &str| format!("use super::{of}::T; pub struct T;");
        let [a, b, c] = names;
        let declared = format!("mod {a}; mod {b}; mod {c};");
        repository(&[
            ("src/lib.rs", "pub mod channel;"),
            ("src/channel/mod.rs", &declared),
            (&format!("src/channel/{a}.rs"), &uses(b)),
            (&format!("src/channel/{b}.rs"), &uses(c)),
            (&format!("src/channel/{c}.rs"), &uses(a)),
        ])
    };
    finds(
        &imports::circles(&files(["host", "outcome", "socket"])),
        &[],
    );
    let other = files(["host", "outcome", "reply"]);
    finds(
        &imports::circles(&other),
        &["circle of 3 files: src/channel/host.rs"],
    );
    let idle = imports::idle_exceptions(&other);
    assert!(
        idle[0].starts_with("CIRCLE: these are in no circle"),
        "{idle:?}"
    );
}

#[test]
fn circles_of_test_crates_are_found_and_those_of_inner_tests_are_not() {
    let repository = repository(&[
        (
            "src/lib.rs",
            "pub fn go() {}\n#[cfg(test)]\nmod one;\n#[cfg(test)]\nmod two;",
        ),
        ("src/one.rs", "use super::two::T; pub struct T;"),
        ("src/two.rs", "use super::one::T; pub struct T;"),
        (
            "tests/wire/main.rs",
            "mod connect; mod upgrade;\n#[path = \"../../examples/echo.rs\"]\nmod echo;",
        ),
        (
            "tests/wire/connect.rs",
            "use crate::upgrade::ask; pub const TARGET: u8 = 1; use sample::go;",
        ),
        (
            "tests/wire/upgrade.rs",
            "pub fn ask() {}\n#[test]\nfn is_asked() { crate::connect::TARGET; }",
        ),
        ("examples/echo.rs", "fn main() {}"),
        ("testkit/src/lib.rs", "pub mod client; pub mod stage;"),
        (
            "testkit/src/client.rs",
            "use crate::stage::S; pub struct C;",
        ),
        (
            "testkit/src/stage.rs",
            "use crate::client::C; pub struct S;",
        ),
    ]);
    finds(
        &imports::circles(&repository),
        &[
            "circle of 2 files: testkit/src/client.rs testkit/src/stage.rs",
            "circle of 2 files: tests/wire/connect.rs tests/wire/upgrade.rs",
        ],
    );
}

#[test]
fn modules_with_a_path_of_their_own_are_found_but_for_those_of_tests() {
    let repository = repository(&[
        (
            "src/lib.rs",
            "#[path = \"other.rs\"]\nmod one;\n#[cfg(test)]\n#[path = \"one_tests.rs\"]\nmod tests;",
        ),
        ("src/other.rs", ""),
        ("src/one_tests.rs", ""),
        (
            "loadtest/src/lib.rs",
            "mod inner {\n    #[path = \"turn.rs\"]\n    mod turn;\n}\nmod right;",
        ),
        ("loadtest/src/turn.rs", ""),
        ("loadtest/src/right.rs", ""),
        ("testkit/src/lib.rs", "#[path = \"a.rs\"]\nmod b;"),
        ("testkit/src/a.rs", ""),
        ("tests/main.rs", "#[path = \"other.rs\"]\nmod one;"),
        ("tests/other.rs", ""),
    ]);
    finds(
        &rooms::paths(&repository),
        &[
            "loadtest/src/lib.rs:3: `mod turn` has",
            "src/lib.rs:2: `mod one` has",
            "src/lib.rs:5: `mod tests` has",
            "testkit/src/lib.rs:2: `mod b` has",
        ],
    );
}

fn folders(rooms: &str, channel: &str) -> Repository {
    repository(&[
        (
            "src/lib.rs",
            "pub mod broker; pub mod channel; pub mod rooms;\npub use broker::Log;",
        ),
        ("src/broker/mod.rs", "mod log;\npub use log::Log;"),
        ("src/broker/log.rs", "pub struct Log;"),
        (
            "src/channel/mod.rs",
            "pub mod reply;\nmod connect;\npub use reply::Reply;",
        ),
        ("src/channel/reply.rs", "pub struct Reply;"),
        ("src/channel/connect.rs", channel),
        ("src/rooms/mod.rs", rooms),
    ])
}

#[test]
fn folders_are_named_by_their_face_and_as_the_table_allows() {
    let wrong = |rooms, channel| imports::between_folders(&folders(rooms, channel));
    finds(
        &wrong(
            "use crate::channel::Reply;\nuse crate::Log;",
            "use super::reply::Reply;",
        ),
        &[],
    );
    let inner = wrong("use crate::channel::reply::Reply;", "");
    finds(
        &inner,
        &["src/rooms/mod.rs:1: `crate::channel::reply::Reply`"],
    );
    assert!(inner[0].contains("an inner file of another folder"));
    let barred = wrong("use crate::broker::Log;", "");
    finds(&barred, &["src/rooms/mod.rs:1: `crate::broker::Log`"]);
    assert!(barred[0].contains("`rooms` may import"));
    let up = wrong("pub struct Rule;", "use crate::rooms::Rule;");
    finds(&up, &["src/channel/connect.rs:1: `crate::rooms::Rule`"]);
    let round = wrong("", "use super::Reply;");
    finds(&round, &["src/channel/connect.rs:1: `super::Reply`"]);
    assert!(round[0].contains("goes round by src/channel/mod.rs"));
    let root = wrong("", "use crate::Log;");
    finds(&root, &["src/channel/connect.rs:1: `crate::Log`"]);
}

#[test]
fn rooms_without_a_place_and_places_without_a_room_are_found() {
    let repository = repository(&[
        ("src/lib.rs", "mod server;\nmod sauna;\nmod pool;"),
        ("src/sauna.rs", ""),
        ("src/pool/mod.rs", ""),
        ("src/server/mod.rs", "mod stream;\nmod bath;"),
        ("src/server/stream.rs", ""),
        ("src/server/bath.rs", ""),
    ]);
    let wrong = rooms::table(&repository).join("\n");
    for expected in [
        "src/server/bath: stands on no floor",
        "src/sauna: no rule says",
        "src/pool/: has no order",
        "src/server/stream: has come",
        "src/server/builder: is not there",
    ] {
        assert!(wrong.contains(expected), "{expected}\n{wrong}");
    }
    assert!(
        !wrong.contains("src/hooks: is not there"),
        "it is a coming one"
    );
}

#[test]
fn crowded_folders_and_dead_files_are_found() {
    let names: Vec<String> = (0..9).map(|n| format!("src/server/n{n}.rs")).collect();
    let declared: String = (0..9).map(|n| format!("mod n{n};")).collect();
    let mut files = vec![
        ("src/lib.rs", "mod server;"),
        ("src/server/mod.rs", &declared),
    ];
    files.extend(names.iter().map(|name| (name.as_str(), "")));
    finds(
        &rooms::sizes(&repository(&files)),
        &["src/server/: 9 files beside mod.rs"],
    );
    files.retain(|(name, _)| *name != "src/server/n0.rs");
    files[1].1 = &declared[.."mod nX;".len() * 8];
    files.push(("src/server/n0.rs", ""));
    let repository = repository(&files);
    finds(&rooms::sizes(&repository), &[]);
    finds(&rooms::dead(&repository), &["src/server/n8.rs: no target"]);
}
