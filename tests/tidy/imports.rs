//! Rules for arrows: one order of folders, faces for outsiders, and one known circle.

use std::collections::BTreeSet;

use super::arrows::Arrow;
use super::floors::{floor, orders};
use super::report::{describe, of_files, room};
use super::repository::Repository;
use super::tree::{CIRCLE, IMPORTS, OPEN_MODULES, WAISTS, Waist};

const LIB: &str = "src/lib.rs";

/// Returns the circles of files of the whole repository, except the known one.
///
/// Files of tests, benches, examples and fuzz targets count too. The `#[cfg(test)]` modules of a
/// library or program do not count, whether they are inline or in files of their own.
pub fn circles(repository: &Repository) -> Vec<String> {
    let known: BTreeSet<&str> = CIRCLE.iter().copied().collect();
    let arrows = &repository.arrows_with_tests;
    let circles = of_files(arrows).circles();
    let others = circles.iter().filter(|circle| **circle != known);
    let found = others.map(|circle| {
        format!(
            "{}  a state or name that two of them need belongs into a file of its own below them",
            describe(circle, arrows)
        )
    });
    found.collect()
}

/// Returns arrows between folders of `src` that the table forbids, or that bypass a face.
pub fn between_folders(repository: &Repository) -> Vec<String> {
    let mut wrong = Vec::new();
    for arrow in &repository.arrows {
        let rooms = (room("src/", arrow.from), room("src/", arrow.to));
        match rooms {
            (Some(from), Some(to)) if from != to => {
                wrong.extend(not_allowed(arrow, from));
                wrong.extend(past_the_face(repository, arrow, to));
                wrong.extend(round_by_lib(repository, arrow, from, to));
            }
            (Some(_), Some(_)) => wrong.extend(round_by_a_face(repository, arrow)),
            _ => {}
        }
    }
    wrong
}

fn not_allowed(arrow: &Arrow<'_>, from: &str) -> Option<String> {
    let Some(rule) = IMPORTS.iter().find(|rule| rule.from == from) else {
        let mend = format!("give `{from}` a line in IMPORTS of tests/tidy/tree.rs");
        return Some(complaint(arrow, "no rule says what it may import", &mend));
    };
    let over_lib = rule.lib && arrow.faces.contains(&LIB);
    let is_allowed = over_lib || rule.to.iter().any(|to| is_at(arrow.to, to));
    let what = format!("`{from}` may import {:?}", rule.to);
    let mend = match rule.lib {
        true => "name it as an app does, by `crate::` alone, or do without it",
        false => "move the name down, or hand it in from above",
    };
    (!is_allowed).then(|| complaint(arrow, &what, mend))
}

fn past_the_face(repository: &Repository, arrow: &Arrow<'_>, to: &str) -> Option<String> {
    let face = format!("src/{to}/mod.rs");
    let by_face = arrow.to == face || arrow.faces.contains(&face.as_str());
    let is_open = OPEN_MODULES.iter().any(|(file, _)| *file == arrow.to);
    let is_file = arrow.to == format!("src/{to}.rs");
    let mend = format!("name it by `{to}`'s face: a `pub use` in {face}");
    (!by_face && !is_open && !is_file && !is_macro(repository, arrow))
        .then(|| complaint(arrow, "an inner file of another folder", &mend))
}

fn round_by_lib(
    repository: &Repository,
    arrow: &Arrow<'_>,
    from: &str,
    to: &str,
) -> Option<String> {
    let may = IMPORTS.iter().any(|rule| rule.from == from && rule.lib);
    let is_round = arrow.faces.contains(&LIB) && !may && !is_macro(repository, arrow);
    let mend = format!("name it by `{to}`'s face: what lib.rs hands on is for apps");
    is_round.then(|| complaint(arrow, "goes round by src/lib.rs", &mend))
}

fn round_by_a_face(repository: &Repository, arrow: &Arrow<'_>) -> Option<String> {
    let what = format!("goes round by {}", arrow.faces.first()?);
    let mend = "inside a folder, name the file that defines it";
    (!is_macro(repository, arrow)).then(|| complaint(arrow, &what, mend))
}

/// True for a `#[macro_export]` macro, which is at the root of the crate wherever it is written.
fn is_macro(repository: &Repository, arrow: &Arrow<'_>) -> bool {
    let exported = &repository.facts[arrow.to].scope.exported_macros;
    exported
        .iter()
        .any(|name| arrow.path.ends_with(&format!("crate::{name}")))
}

/// Returns exceptions that no arrow needs.
pub fn idle_exceptions(repository: &Repository) -> Vec<String> {
    let mend = "take it out of tests/tidy/tree.rs";
    let mut wrong = Vec::new();
    let known: BTreeSet<&str> = CIRCLE.iter().copied().collect();
    if !of_files(&repository.arrows).circles().contains(&known) {
        wrong.push(format!(
            "CIRCLE: these are in no circle: {CIRCLE:?}\n    {mend}"
        ));
    }
    for (file, _) in OPEN_MODULES {
        let is_used = |arrow: &Arrow<'_>| {
            let rooms = (room("src/", arrow.from), room("src/", arrow.to));
            arrow.to == *file && rooms.0 != rooms.1 && arrow.faces.is_empty()
        };
        if !repository.arrows.iter().any(is_used) {
            wrong.push(format!(
                "OPEN_MODULES: no other folder names {file} as a module\n    {mend}"
            ));
        }
    }
    wrong
}

/// True if `file` is at `place`: `session/seal_broadcast` is a file or a folder.
fn is_at(file: &str, place: &str) -> bool {
    let rest = file
        .strip_prefix("src/")
        .and_then(|file| file.strip_prefix(place));
    rest.is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
}

/// Returns arrows that point up within folders that have an order.
pub fn in_order(repository: &Repository) -> Vec<String> {
    let mut wrong = Vec::new();
    for order in orders() {
        for arrow in &repository.arrows {
            let rooms = (room(order.folder, arrow.from), room(order.folder, arrow.to));
            let (Some(from), Some(to)) = rooms else {
                continue;
            };
            if let (Some(above), Some(below)) = (floor(order, from), floor(order, to))
                && above > below
            {
                let what = format!("`{to}` stands above `{from}` in {}", order.folder);
                let mend =
                    "move the name to a file below both (the order: tests/tidy/tree.rs, floors.rs)";
                wrong.push(complaint(arrow, &what, mend));
            }
        }
    }
    wrong
}

/// Returns states with an `impl` of their struct, which files below the waist must not have.
pub fn states(repository: &Repository) -> Vec<String> {
    let mut wrong = Vec::new();
    for Waist { folder, name } in WAISTS {
        let Some(order) = orders().find(|order| order.folder == *folder) else {
            wrong.push(format!(
                "tests/tidy/tree.rs: WAISTS has {folder}, which has no order"
            ));
            continue;
        };
        let waist = floor(order, "mod");
        for (path, facts) in repository.under(&[*folder]) {
            let place = room(folder, path).and_then(|room| floor(order, room));
            let impls = facts.impls.iter().filter(|(of, _)| of == name);
            if place > waist {
                wrong.extend(impls.map(|(_, line)| {
                    format!(
                        "{path}:{line}: `impl {name}` in a state's file\n    a state does not know who \
                         turns it: move the `impl` into a step's file"
                    )
                }));
            }
        }
    }
    wrong
}

fn complaint(arrow: &Arrow<'_>, what: &str, mend: &str) -> String {
    let Arrow {
        from,
        line,
        to,
        path,
        ..
    } = arrow;
    format!("{from}:{line}: `{path}` is of {to}: {what}\n    {mend}")
}
