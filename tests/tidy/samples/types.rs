//! The rules for names of types, on names that break them and on names that do not.

use super::repository;
use super::rules::finds;
use crate::type_names;

/// A server and a load test that both have a `Room`, the server two of them.
fn rooms() -> crate::repository::Repository {
    repository(&[
        ("Cargo.toml", "[package]\nname = \"lobbyd\""),
        ("src/lib.rs", "mod a; mod b;"),
        (
            "src/a.rs",
            "struct Room; #[cfg(test)] mod tests { struct Seat; }",
        ),
        ("src/b.rs", "enum Room {} trait Seat {}"),
        (
            "loadtest/Cargo.toml",
            "[package]\nname = \"lobbyd-loadtest\"",
        ),
        ("loadtest/src/lib.rs", "mod a;"),
        ("loadtest/src/a.rs", "type Room = u8;"),
    ])
}

#[test]
fn types_of_one_name_in_a_crate_are_found() {
    let wrong = type_names::twice(&rooms(), &[]);
    finds(&wrong, &["src/a.rs, src/b.rs: `Room`: one name"]);
}

#[test]
fn exceptions_for_types_hold_and_are_found_when_nothing_needs_them() {
    let room = ("Room", &["src/a.rs", "src/b.rs"][..], "said why");
    finds(&type_names::twice(&rooms(), &[room]), &[]);
    let seat = ("Seat", &["src/a.rs", "src/b.rs"][..], "said why");
    let wrong = type_names::twice(&rooms(), &[room, seat]);
    let idle = "src/a.rs, src/b.rs: `Seat`: not the files of one name";
    finds(&wrong, &[idle]);
}

#[test]
fn types_of_one_name_are_found_when_a_macro_makes_one() {
    for made in [
        "macro_rules! rooms { ($($Kind:ident),*) => { pub enum Room { $($Kind),* } } }",
        "rooms! { #[derive(Debug)] struct Room { of: u8 } }",
        "fn f() { rooms! { struct Room; } }",
    ] {
        let files = [
            ("src/lib.rs", "mod a; mod b;"),
            ("src/a.rs", "struct Room;"),
            ("src/b.rs", made),
        ];
        let wrong = type_names::twice(&repository(&files), &[]);
        finds(&wrong, &["src/a.rs, src/b.rs: `Room`: one name"]);
    }
    let files = [
        ("src/lib.rs", "mod a; mod b;"),
        ("src/a.rs", "struct Room;"),
        (
            "src/b.rs",
            "macro_rules! m { ($Room:ident) => { struct $Room; } }",
        ),
    ];
    finds(&type_names::twice(&repository(&files), &[]), &[]);
}

#[test]
fn gerunds_and_empty_or_retired_words_are_found_as_a_part_of_a_types_name() {
    for name in [
        "Visit",
        "HttpVisit",
        "DoorQueue",
        "RoomDraining",
        "ReadingRoom",
        "RoomManager",
        "SocketUtil",
        "JoinHelper",
        "EventHandler",
        "FrameProcessor",
        "RoomData",
        "RoomInfo",
        "Info",
    ] {
        let text = format!("pub struct {name};");
        let wrong = type_names::words(&repository(&[("src/a.rs", &text)]), &[]);
        finds(&wrong, &[&format!("src/a.rs:1: the type `{name}` has")]);
    }
    for name in ["TokenBucket", "Setting", "Database", "Doorman", "Visitor"] {
        let text = format!("pub struct {name};");
        let wrong = type_names::words(&repository(&[("loadtest/src/a.rs", &text)]), &[]);
        finds(&wrong, &[]);
    }
}

#[test]
fn types_that_are_kept_are_those_of_one_crate_and_are_needed() {
    let info = repository(&[("src/a.rs", "struct Info;")]);
    let kept = |folder| type_names::words(&info, &[(folder, &["Info"], "Phoenix's word")]);
    finds(&kept("src/"), &[]);
    finds(
        &kept("loadtest/src/"),
        &[
            "src/a.rs:1: the type `Info`",
            "loadtest/src/: no type `Info`",
        ],
    );
}
