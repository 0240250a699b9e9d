//! The rules for lines, on files that break them and on files that do not.

use super::repository;
use super::rules::finds;
use crate::sizes;

#[test]
fn long_files_and_functions_are_found() {
    let wrong = |lines: usize| {
        let body = "    g();\n".repeat(lines - 2);
        let text = format!("fn long() {{\n{body}}}\n");
        let many = "// line\n".repeat(341);
        let repository = repository(&[("src/lib.rs", &(text + &many))]);
        let mut wrong = sizes::functions(&repository);
        wrong.extend(sizes::files(&repository));
        wrong.retain(|wrong| wrong.starts_with("src/lib.rs:"));
        wrong
    };
    assert!(wrong(59).is_empty());
    finds(
        &wrong(61),
        &[
            "src/lib.rs:1: `long` has 61 lines",
            "src/lib.rs:400: 402 lines",
        ],
    );
}

#[test]
fn long_files_and_functions_are_found_in_every_folder_and_in_macros() {
    let function = |lines: usize| format!("fn long() {{\n{}}}", "    g();\n".repeat(lines - 2));
    let made = format!(
        "macro_rules! m {{ ($x:expr) => {{ fn none(); {} }} }}",
        function(61)
    );
    let in_call = format!("proptest! {{ #[test] {} }}", function(61));
    let long = function(61) + &"\n// line".repeat(340);
    for folder in [
        "src",
        "tests",
        "loadtest/src",
        "loadtest/tests",
        "testkit/tests",
        "benches/engine",
        "examples",
        "fuzz/fuzz_targets",
    ] {
        let path = format!("{folder}/a.rs");
        let of = |text: &str| {
            let repository = repository(&[(&path, text)]);
            let wrong = sizes::functions(&repository).into_iter();
            let wrong = wrong.chain(sizes::files(&repository));
            wrong.filter(|wrong| wrong.starts_with(&path)).count()
        };
        assert_eq!([of(&made), of(&in_call), of(&long)], [1, 1, 2], "{folder}");
        assert_eq!(of(&function(60)), 0, "{folder}");
    }
}

#[test]
fn wide_comments_and_first_lines_are_found() {
    let (wide, row) = ("x ".repeat(60), "| ".repeat(60));
    let text =
        format!("//! Reply of a channel.\n    /// {wide}\n// {row}\nfn f() {{}} // {wide}\n");
    let repository = repository(&[
        ("src/lib.rs", "mod odd;"),
        (
            "src/odd/mod.rs",
            "//! Of this and that.\nmod reply;\nmod replying;",
        ),
        ("src/odd/reply.rs", &text),
        ("src/odd/replying.rs", &format!("//! {wide}")),
    ]);
    let comments = sizes::comments(&repository);
    let odd: Vec<_> = comments
        .into_iter()
        .filter(|w| w.starts_with("src/odd/"))
        .collect();
    finds(&odd, &["src/odd/: 2 comment lines"]);
    assert!(
        odd[0].ends_with("src/odd/reply.rs:2 src/odd/replying.rs:1"),
        "{odd:?}"
    );
    let expected = [
        "src/lib.rs:1: no `//!` line",
        "src/odd/reply.rs:1: the first line begins with the file's own name",
        "src/odd/replying.rs:1: the first line has 124 columns",
    ];
    finds(&sizes::first_lines(&repository), &expected);
}

#[test]
fn fewer_wide_comments_than_allowed_are_found() {
    let wrong = sizes::comments(&repository(&[("src/lib.rs", "")]));
    let allowed = crate::limits::WIDE_COMMENTS
        .iter()
        .filter(|(_, count)| *count > 0);
    assert_eq!(wrong.len(), allowed.count(), "{wrong:#?}");
}
