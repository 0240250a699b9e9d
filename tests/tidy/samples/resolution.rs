//! Tests of the way from a path to the file that defines the name.

use super::{arrows, arrows_of_a, repository};

const TO_B: [&str; 1] = ["a:1 -> b"];

#[test]
fn imports_are_arrows_however_they_are_written() {
    for text in [
        "use super::b::Thing;",
        "use crate::b::Thing;",
        "use crate::b::Thing as Other;",
        "use crate::b::{Kind, Thing};",
        "use crate::{b::{Thing}};",
        "use super::b::Kind::*;",
        "use super::b::Kind::One;",
        "fn f() { use super::b::go; go() }",
        "pub use super::b::Thing;",
    ] {
        assert_eq!(arrows_of_a(text), TO_B, "{text}");
    }
}

#[test]
fn paths_in_code_are_arrows_wherever_they_stand() {
    for text in [
        "fn f() { super::b::go() }",
        "fn f(_: &crate::b::Thing) {}",
        "fn f() -> Option<super::b::Thing> { None }",
        "fn f(n: u8) -> bool { matches!(n, crate::b::MAX) }",
        "fn f(n: u8) -> bool { match n { super::b::MAX => true, _ => false } }",
        "impl Clone for super::b::Thing { fn clone(&self) -> Self { super::b::Thing } }",
        "struct S { of: [super::b::Thing; 2] }",
        "fn f() { let _ = super::b::Kind::One; }",
        "fn f() { println!(\"{}\", super::b::MAX) }",
        "macro_rules! m { () => { $crate::b::go() } }",
        "trait T: Into<super::b::Thing> {}",
        "mod inner { fn f() { super::super::b::go() } }",
        "fn f() { self::inner::f() } mod inner { pub use super::super::b::go as f; }",
    ] {
        assert_eq!(arrows_of_a(text), TO_B, "{text}");
    }
}

#[test]
fn modules_under_another_name_lead_to_what_is_named_in_them() {
    let text = "use super::b as c;\nuse super::b::{self};\nfn f() {\n c::go();\n b::go()\n}";
    assert_eq!(arrows_of_a(text), ["a:4 -> b", "a:5 -> b"]);
    assert_eq!(
        arrows_of_a("use super::b;"),
        [""; 0],
        "nothing of it is used"
    );
}

#[test]
fn globs_are_arrows_only_by_what_is_used() {
    assert_eq!(arrows_of_a("use super::b::*;"), [""; 0]);
    let text = "use super::b::*;\nfn f(_: Thing) {}\nfn g(_: Unknown) {}";
    assert_eq!(arrows_of_a(text), ["a:2 -> b"]);
    let text = "use super::b::*;\nfn f() { vec![Thing] }";
    assert_eq!(arrows_of_a(text), ["a:2 -> b"], "in a macro");
}

#[test]
fn reexports_lead_to_the_file_that_defines() {
    let files = [
        ("src/lib.rs", "mod a;\nmod folder;"),
        (
            "src/a.rs",
            "use crate::folder::Other;\nuse crate::folder::Free;",
        ),
        (
            "src/folder/mod.rs",
            "mod inner;\nmod deep;\npub use inner::Thing as Other;\npub use deep::*;",
        ),
        ("src/folder/inner.rs", "pub struct Thing;"),
        ("src/folder/deep.rs", "pub struct Free;"),
    ];
    assert_eq!(
        arrows(&files),
        ["a:1 -> folder/inner", "a:2 -> folder/deep"]
    );
    let faces = repository(&files)
        .arrows
        .iter()
        .all(|a| a.faces == ["src/folder/mod.rs"]);
    assert!(faces, "who handed a name on is known");
}

#[test]
fn face_that_hands_on_has_no_arrow_but_for_what_it_uses() {
    let inner = ("src/folder/inner.rs", "pub struct Thing;\npub fn make() {}");
    let lib = ("src/lib.rs", "mod folder;\npub use folder::Thing;");
    let face = "mod inner;\npub use inner::Thing;\npub use inner::make;";
    assert_eq!(arrows(&[lib, ("src/folder/mod.rs", face), inner]), [""; 0]);
    let uses = format!("{face}\nfn f(_: Thing) {{}}");
    let found = arrows(&[lib, ("src/folder/mod.rs", &uses), inner]);
    assert_eq!(found, ["folder/mod:4 -> folder/inner"]);
    let local = format!("{face}\nfn f() {{ let make = 1; make; }}");
    let found = arrows(&[lib, ("src/folder/mod.rs", &local), inner]);
    assert_eq!(found, [""; 0], "a variable of that name");
}

#[test]
fn module_and_a_function_of_one_name_are_told_apart() {
    let found = arrows(&[
        ("src/lib.rs", "mod a;\nmod folder;"),
        ("src/a.rs", "fn f() { crate::folder::make() }"),
        ("src/folder/mod.rs", "mod make;\npub use make::make;"),
        ("src/folder/make.rs", "pub fn make() {}"),
    ]);
    assert_eq!(found, ["a:1 -> folder/make"]);
}

#[test]
fn names_that_a_macro_makes_are_of_the_module_that_was_named() {
    let found = arrows(&[
        ("src/lib.rs", "mod a;\nmod b;"),
        ("src/a.rs", "use super::b::Made;"),
        ("src/b.rs", "named! { Made }"),
    ]);
    assert_eq!(found, ["a:1 -> b"]);
}

#[test]
fn exported_macros_stand_at_the_root() {
    let found = arrows(&[
        ("src/lib.rs", "mod a;\nmod b;"),
        ("src/a.rs", "fn f() { crate::object! {} }"),
        (
            "src/b.rs",
            "#[macro_export]\nmacro_rules! object { () => {} }",
        ),
    ]);
    assert_eq!(found, ["a:1 -> b"]);
}

#[test]
fn program_names_the_library_of_its_package() {
    let found = arrows(&[
        ("Cargo.toml", "[package]\nname = \"my-own\""),
        ("src/lib.rs", "pub mod b;"),
        ("src/main.rs", "mod a;\nfn main() { my_own::b::go() }"),
        ("src/a.rs", "use my_own::b::go;\nuse std::b::go as other;"),
        ("src/b.rs", "pub fn go() {}"),
    ]);
    assert_eq!(found, ["a:1 -> b", "main:2 -> b"]);
}

#[test]
fn tests_are_not_counted() {
    for text in [
        "#[cfg(test)]\nmod tests { use super::super::b::go; }",
        "#[cfg(test)]\nuse super::b::go;",
        "#[test]\nfn f() { super::b::go() }",
        "struct S { #[cfg(test)] of: super::b::Thing }",
        "struct S; impl S { #[cfg(test)] fn f() { super::b::go() } }",
        "#[cfg(all(test, unix))]\nuse super::b::go;",
        "#[cfg(any(test, doctest))]\nuse super::b::go;",
    ] {
        assert_eq!(arrows_of_a(text), [""; 0], "{text}");
    }
    for text in [
        "#[cfg(not(test))] use super::b::go;",
        "#[cfg(any(test, unix))] use super::b::go;",
        "#[cfg(feature = \"x\")] use super::b::go;",
    ] {
        assert_eq!(arrows_of_a(text), TO_B, "{text}");
    }
    let found = arrows(&[
        (
            "src/lib.rs",
            "mod a;\n#[cfg(test)]\n#[path = \"a_tests.rs\"]\nmod tests;",
        ),
        ("src/a.rs", "pub fn go() {}\n#[cfg(test)]\nmod tests;"),
        ("src/a/tests.rs", "use crate::a::go;"),
        ("src/a_tests.rs", "use crate::a::go;"),
    ]);
    assert_eq!(found, [""; 0], "files of tests");
}

#[test]
fn imports_that_lead_to_themselves_end() {
    assert_eq!(
        arrows_of_a("use serde::serde;\nuse c::d;\nuse d::c;\nfn f() { c::go() }"),
        [""; 0]
    );
}
