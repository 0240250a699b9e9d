//! The rules for names of files, on names that break them and on names that do not.

use super::repository;
use super::rules::finds;
use crate::names;

#[test]
fn bad_names_are_found() {
    let repository = repository(&[
        (
            "src/lib.rs",
            "mod door; mod reading; mod setting; mod frame_utils; mod string; mod inner;",
        ),
        ("src/door.rs", "pub struct Visit;"),
        ("src/reading.rs", ""),
        ("src/setting.rs", ""),
        ("src/frame_utils.rs", ""),
        ("src/string.rs", ""),
        ("src/inner/mod.rs", "mod setting;"),
        ("src/inner/setting.rs", "#[cfg(test)]\nmod tests;"),
        ("src/inner/setting/tests.rs", ""),
    ]);
    let files = names::files(&repository);
    let files: Vec<_> = files
        .into_iter()
        .filter(|wrong| wrong.starts_with("src/"))
        .collect();
    let expected = [
        "src/door.rs: `door` is a picture",
        "src/frame_utils.rs: `utils` in `frame_utils`",
        "src/reading.rs: `reading` is a gerund",
    ];
    finds(&files[..3], &expected);
    let twice = names::twice(&repository);
    assert!(
        twice[0].starts_with("src/inner/setting.rs, src/setting.rs: one name"),
        "{twice:#?}"
    );
}

#[test]
fn files_of_one_name_are_found_within_the_load_test() {
    let repository = repository(&[
        ("src/lib.rs", "mod turn;"),
        ("src/turn.rs", ""),
        ("loadtest/src/lib.rs", "mod turn; mod floor;"),
        ("loadtest/src/turn.rs", "#[cfg(test)]\nmod tests;"),
        ("loadtest/src/turn/tests.rs", ""),
        (
            "loadtest/src/floor/mod.rs",
            "mod turn;\n#[cfg(test)]\nmod tests;",
        ),
        ("loadtest/src/floor/tests.rs", ""),
        ("loadtest/src/floor/turn.rs", ""),
    ]);
    let wrong = names::twice(&repository);
    let new = wrong.iter().filter(|wrong| wrong.contains(": one name"));
    let new: Vec<String> = new.cloned().collect();
    finds(
        &new,
        &["loadtest/src/floor/turn.rs, loadtest/src/turn.rs: one name"],
    );
}

#[test]
fn words_outside_the_vocabulary_are_found_and_so_are_words_without_a_file() {
    let repository = repository(&[
        ("src/lib.rs", "mod read_queue;"),
        ("src/read_queue.rs", ""),
        ("loadtest/src/lantern/mod.rs", ""),
        ("tests/harvest.rs", ""),
    ]);
    let vocabulary = |words: &[&str]| names::vocabulary(&repository, words);
    let all = ["lantern lib loadtest mod", "queue read src"];
    finds(&vocabulary(&all), &[]);
    finds(
        &vocabulary(&["lib loadtest mod", "queue src zebra"]),
        &[
            "loadtest/src/lantern/mod.rs: `lantern` is a new word",
            "src/read_queue.rs: `read` is a new word",
            "zebra: no file has this word",
        ],
    );
    finds(
        &vocabulary(&["lantern loadtest lib mod", "queue read src"]),
        &["lib: stands behind loadtest"],
    );
}
