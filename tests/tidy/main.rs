//! Tests of the repository's structure: imports, folders, sizes, names, and types that may grow.
//!
//! They hold these rules, each with a sample in `samples/` that it refuses:
//!
//! - `imports.rs`: the imports between folders of `src` are those of a table and go by a folder's
//!   face. Within a folder they go down. No files import each other in a circle, except one; that
//!   holds for the files of tests too.
//! - `rooms.rs`: each folder of `src` has a place in the plan and few files. Each file is compiled,
//!   and no library or program has a module with `#[path]`.
//! - `sizes.rs`: lines of a file, a function and the load test, columns of comments, first lines.
//! - `names.rs`, `type_names.rs`, `test_names.rs`: words for files, types and tests. No two files
//!   of a crate share a name, and no two types.
//! - `log_lines.rs`: lines that clients cause are summed, or at `debug`.
//! - `api.rs`: the types of the public API are `#[non_exhaustive]`.
//!
//! The plan is in `tree.rs` and `floors.rs`. Limits are in `limits.rs`, words in `words.rs`,
//! `verbs.rs` and `vocabulary.rs`. An exception that nothing needs fails a test.
//!
//! `cargo test --test tidy -- --nocapture` prints the table of folders.
//! With `TIDY_ROOT=/path` before the command, the tests read another checkout.

mod api;
mod arrows;
mod attributes;
mod crates;
mod facts;
mod floors;
mod graph;
mod imports;
mod limits;
mod log_lines;
mod macros;
mod names;
mod parse;
mod report;
mod repository;
mod resolve;
mod rooms;
mod samples;
mod sizes;
mod test_names;
mod texts;
mod tokens;
mod tree;
mod type_names;
mod uses;
mod verbs;
mod vocabulary;
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
fn modules_have_their_files_where_they_stand() {
    hold(rooms::paths);
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
fn file_names_have_words_of_the_vocabulary() {
    hold(|repository| names::vocabulary(repository, vocabulary::VOCABULARY));
}

#[test]
fn file_names_are_each_for_one_thing() {
    hold(names::twice);
}

#[test]
fn type_names_have_no_retired_or_empty_words_and_no_gerunds() {
    hold(|repository| type_names::words(repository, words::TYPES_KEPT));
}

#[test]
fn type_names_are_each_for_one_thing() {
    hold(|repository| type_names::twice(repository, words::SAME_TYPES));
}

#[test]
fn lines_that_clients_cause_are_summed() {
    hold(log_lines::bare);
}

#[test]
fn test_names_have_their_subject_first_and_are_short() {
    hold(test_names::tests);
}

#[test]
fn types_of_the_public_api_may_grow() {
    hold(|repository| api::open_types(repository, api::CLOSED_TYPES));
}
