//! Rules for folders: the number of files, the table of rooms, and the place of a module's file.

use std::collections::{BTreeMap, BTreeSet};

use super::crates::folder_of;
use super::facts::{Child, Scope};
use super::floors::{floor, orders};
use super::report::room;
use super::repository::{Repository, stem};
use super::tree::{COMING, FOLDER_FILES_MAX, IMPORTS, SERVER_FILES_MAX};

/// Returns folders of `src` with too many files to keep in mind.
pub fn sizes(repository: &Repository) -> Vec<String> {
    let mut folders: BTreeMap<String, usize> = BTreeMap::new();
    let files = repository
        .files
        .iter()
        .filter(|file| file.starts_with("src/"));
    for file in files.clone() {
        *folders.entry(folder_of(file)).or_default() += 1;
    }
    let crowded = folders
        .iter()
        .filter(|(_, count)| **count > FOLDER_FILES_MAX);
    let mut wrong: Vec<String> = crowded
        .map(|(folder, count)| {
            format!("{folder}: {count} files, at most {FOLDER_FILES_MAX}\n    make a folder of what belongs together")
        })
        .collect();
    let beside = files.filter(|file| folder_of(file) == "src/server/" && stem(file) != "mod");
    let beside: Vec<&str> = beside.copied().collect();
    if beside.len() > SERVER_FILES_MAX {
        wrong.push(format!(
            "src/server/: {} files beside mod.rs, at most {SERVER_FILES_MAX}: {beside:?}\n    \
             put each into the folder of its stage",
            beside.len()
        ));
    }
    wrong
}

/// Returns rooms that the table does not have, and lines of the table without a room.
pub fn table(repository: &Repository) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut named: BTreeSet<String> = BTreeSet::new();
    for order in orders() {
        let rooms = rooms(repository, order.folder);
        for room in &rooms {
            if floor(order, room).is_none() {
                wrong.push(format!(
                    "{}{room}: stands on no floor\n    give it a place in tests/tidy/tree.rs or floors.rs",
                    order.folder
                ));
            }
        }
        let planned = order.floors.iter().copied().flatten();
        named.extend(planned.map(|room| format!("{}{room}", order.folder)));
    }
    let files = repository
        .files
        .iter()
        .filter(|file| file.starts_with("src/"));
    let folders: BTreeSet<String> = files.map(|file| folder_of(file)).collect();
    let has_order = |folder: &String| orders().any(|order| order.folder == folder);
    let without = folders
        .iter()
        .filter(|folder| *folder != "src/" && !has_order(folder));
    wrong.extend(
        without.map(|folder| {
            format!("{folder}: has no order\n    give it one in tests/tidy/floors.rs")
        }),
    );
    for folder in rooms(repository, "src/") {
        if !IMPORTS.iter().any(|rule| rule.from == folder) {
            wrong.push(format!(
                "src/{folder}: no rule says what it may import\n    give it a line in IMPORTS of tests/tidy/tree.rs"
            ));
        }
    }
    named.extend(IMPORTS.iter().map(|rule| format!("src/{}", rule.from)));
    for path in &named {
        let is_there = is_there(repository, path);
        match (is_there, COMING.contains(&path.as_str())) {
            (true, true) => wrong.push(format!(
                "{path}: has come\n    take it out of COMING of tests/tidy/tree.rs"
            )),
            (false, false) => wrong.push(format!(
                "{path}: is not there\n    take it out of tests/tidy/tree.rs, or note it in COMING"
            )),
            _ => {}
        }
    }
    let unplanned = COMING.iter().filter(|path| !named.contains(**path));
    wrong.extend(unplanned.map(|path| format!("{path}: in COMING, without a place\n    give it one in IMPORTS or ORDERS of tests/tidy/tree.rs")));
    wrong
}

fn rooms(repository: &Repository, folder: &str) -> BTreeSet<&'static str> {
    repository
        .files
        .iter()
        .filter_map(|file| room(folder, file))
        .collect()
}

fn is_there(repository: &Repository, path: &str) -> bool {
    let (file, folder) = (format!("{path}.rs"), format!("{path}/"));
    let is_it = |known: &&str| **known == file || known.starts_with(&folder);
    repository.files.iter().any(is_it)
}

/// Returns files that no target compiles.
pub fn dead(repository: &Repository) -> Vec<String> {
    let paths = repository.facts.keys().map(String::as_str);
    let dead = paths.filter(|path| !repository.crates.reached.contains(path));
    dead.map(|path| {
        format!("{path}: no target and no `mod` reaches it\n    declare it, or delete it")
    })
    .collect()
}

/// Returns modules whose file is named by `#[path]`, so that it need not be where its module is.
///
/// A test, a bench or an example may do so, because it may share a file with another crate.
pub fn paths(repository: &Repository) -> Vec<String> {
    let mut wrong = Vec::new();
    for (path, facts) in repository.under(&["src/", "loadtest/src/", "testkit/"]) {
        paths_within(path, &facts.scope, &mut wrong);
    }
    wrong
}

fn paths_within(file: &str, scope: &Scope, wrong: &mut Vec<String>) {
    for Child {
        name,
        path,
        line,
        inline,
        ..
    } in &scope.children
    {
        if let Some(path) = path {
            wrong.push(format!(
                "{file}:{line}: `mod {name}` has `#[path = \"{path}\"]`\n    \
                 name the file as the module, and put it into the module's folder"
            ));
        }
        if let Some(scope) = inline {
            paths_within(file, scope, wrong);
        }
    }
}
