//! Tests of the repository's structure: imports, sizes, names, files that no target reaches.
//!
//! The plan is in `tree.rs`. `cargo test --test tidy -- --nocapture` prints the table of folders.
//! With `TIDY_ROOT=/path` before the command, the tests read another checkout.

mod arrows;
mod attributes;
mod crates;
mod facts;
mod floors;
mod graph;
mod imports;
mod limits;
mod names;
mod parse;
mod report;
mod repository;
mod resolve;
mod rooms;
mod samples;
mod sizes;
mod texts;
mod tokens;
mod tree;
mod words;

use std::path::PathBuf;
use std::sync::LazyLock;

use repository::Repository;

static REPOSITORY: LazyLock<Repository> = LazyLock::new(|| {
    let other = std::env::var_os("TIDY_ROOT").map(PathBuf::from);
    let root = other.unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")));
    Repository::at(&root)
});

fn hold(rule: impl Fn(&Repository) -> Vec<String>) {
    let wrong = rule(&REPOSITORY);
    assert!(
        wrong.is_empty(),
        "{} wrong:\n\n{}\n",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn circles_are_one_and_it_is_the_known_one() {
    println!("{}", report::report(&REPOSITORY.arrows, &REPOSITORY.files));
    hold(imports::circles);
}

#[test]
fn imports_between_folders_obey_the_table_and_use_the_face() {
    hold(imports::between_folders);
}

#[test]
fn exceptions_for_imports_are_all_needed() {
    hold(imports::idle_exceptions);
}

#[test]
fn imports_within_a_folder_go_down() {
    hold(imports::in_order);
}

#[test]
fn states_do_not_know_who_turns_them() {
    hold(imports::states);
}

#[test]
fn table_names_every_room_and_no_other() {
    hold(rooms::table);
}

#[test]
fn folders_are_small() {
    hold(rooms::sizes);
}

#[test]
fn files_are_all_compiled() {
    hold(rooms::dead);
}

#[test]
fn files_are_short() {
    hold(sizes::files);
}

#[test]
fn functions_are_short() {
    hold(sizes::functions);
}

#[test]
fn comments_are_narrow() {
    hold(sizes::comments);
}

#[test]
fn first_lines_say_what_a_file_is() {
    hold(sizes::first_lines);
}

#[test]
fn loadtest_does_not_grow() {
    hold(sizes::loadtest);
}

#[test]
fn file_names_are_words_that_are_searched_for() {
    hold(names::files);
}

#[test]
fn file_names_are_each_for_one_thing() {
    hold(names::twice);
}

#[test]
fn type_names_are_not_the_retired_ones() {
    hold(names::types);
}

#[test]
fn type_names_are_each_for_one_thing() {
    hold(|repository| names::types_twice(repository, words::SAME_TYPES));
}

#[test]
fn test_names_have_their_subject_first_and_are_short() {
    hold(names::tests);
}
