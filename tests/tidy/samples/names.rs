//! The rules for names of tests, on files that break them and on files that do not.

use super::repository;
use super::rules::finds;
use crate::test_names;

/// What is wrong with the names of tests in a file of this text.
fn tests_of(text: &str) -> Vec<String> {
    test_names::tests(&repository(&[("tests/a.rs", text)]))
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
fn test_names_that_begin_with_a_verb_are_found() {
    for name in [
        "should_close_the_socket",
        "is_closed",
        "checks_origin",
        "returns_error",
        "handles_errors",
        "reads_frames",
        "verify_token",
        "waits_for_the_close",
        "joins_the_room",
        "close_a_socket",
        "alone_returns_error",
        "alone_a_message_is_read",
    ] {
        let wrong = tests_of(&format!("#[test]\nfn {name}() {{}}"));
        assert_eq!(wrong.len(), 1, "{name}");
    }
    for name in [
        "joins_that_wait_are_answered",
        "checks_that_fail_are_told",
        "reads_are_bounded",
        "close_is_answered",
        "alone_message_is_read",
        "message_a_byte_at_a_time_is_read",
    ] {
        finds(&tests_of(&format!("#[test]\nfn {name}() {{}}")), &[]);
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
