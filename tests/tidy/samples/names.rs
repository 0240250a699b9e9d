//! The rules for names of tests and types, on files that break them and on such that do not.

use super::repository;
use super::rules::finds;
use crate::names;

/// What is wrong with the names of tests in a file of this text.
fn tests_of(text: &str) -> Vec<String> {
    names::tests(&repository(&[("tests/a.rs", text)]))
}

#[test]
fn test_names_without_their_subject_first_are_found() {
    finds(&tests_of("#[test]\nfn room_is_full() {}"), &[]);
    let place = |name: &str| format!("tests/a.rs:2: the test `{name}` begins with");
    for name in ["a_room_is_full", "what_is_full_stays", "nobody_comes", "of"] {
        let wrong = tests_of(&format!("#[test]\nfn {name}() {{}}"));
        finds(&wrong, &[&place(name)]);
    }
}

#[test]
fn test_names_may_have_70_letters_and_no_more() {
    let test = |letters: usize| format!("#[test]\nfn {}() {{}}", "r".repeat(letters));
    finds(&tests_of(&test(70)), &[]);
    let wrong = tests_of(&test(71));
    assert!(wrong[0].contains("has 71 letters, at most 70"), "{wrong:?}");
}

#[test]
fn tests_are_seen_wherever_they_stand_and_other_functions_are_not() {
    for text in [
        "#[tokio::test(start_paused = true)]\nasync fn a_b() {}",
        "#[test]\n#[should_panic]\nfn a_b() {}",
        "mod tests { #[test]\nfn a_b() {} }",
        "proptest! { #![config(x)] #[test]\nfn a_b(n in 0..9) { c(n); } }",
        "mod tests { proptest! { /// Says it.\n#[test] fn a_b(n in 0..9) {} } }",
        "proptest! { #[tokio::test]\n#[ignore] async fn a_b() {} }",
    ] {
        let wrong = tests_of(text);
        assert!(wrong.len() == 1 && wrong[0].contains("`a_b`"), "{text}");
    }
    for text in [
        "fn a_b() {}",
        "#[cfg(test)]\nfn a_b() {}",
        "proptest! { #[cfg(test)] fn a_b() {} #[test] fn b(n in 0..9) { fn a_c() {} } }",
        "macro_rules! m { ($a_b:ident) => { #[test] fn $a_b() {} } }",
    ] {
        finds(&tests_of(text), &[]);
    }
}

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
    let wrong = names::types_twice(&rooms(), &[]);
    finds(&wrong, &["src/a.rs, src/b.rs: `Room`: one name"]);
}

#[test]
fn exceptions_for_types_hold_and_are_found_when_nothing_needs_them() {
    let room = ("Room", &["src/a.rs", "src/b.rs"][..], "said why");
    finds(&names::types_twice(&rooms(), &[room]), &[]);
    let seat = ("Seat", &["src/a.rs", "src/b.rs"][..], "said why");
    let wrong = names::types_twice(&rooms(), &[room, seat]);
    let idle = "src/a.rs, src/b.rs: `Seat`: not the files of one name";
    finds(&wrong, &[idle]);
}
