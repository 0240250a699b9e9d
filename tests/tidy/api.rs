//! The rule for the public API: its types may grow without breaking an app.

use std::collections::BTreeSet;

use super::repository::Repository;
use super::resolve::Found;

const LIB: &str = "src/lib.rs";

/// Folders of the API that may change with any version, as lib.rs says.
const NO_PROMISE: &[&str] = &["src/config/"];

/// Types of the API that an app can write or match whole, and why they do not grow.
pub const CLOSED_TYPES: &[ClosedType] = &[
    (
        &["Payload", "PayloadBuf"],
        "a payload is JSON or bytes: the wire has no third kind",
    ),
    (
        &["TokenCheck"],
        "a verdict is there or has to be waited for: an app handles both",
    ),
    (
        &["RoomChannel"],
        "the tutorial's channel: an app mounts it as it is, and it has no state",
    ),
];

/// Names of types, and why they will not grow.
pub type ClosedType = (&'static [&'static str], &'static str);

/// Returns types of the public API that are not `#[non_exhaustive]`, and exceptions that no type
/// needs. A struct with private fields alone needs no attribute.
pub fn open_types(repository: &Repository, kept: &[ClosedType]) -> Vec<String> {
    let names = names(repository);
    let mut wrong = Vec::new();
    let mut needed = BTreeSet::new();
    for (path, facts) in repository.under(&["src/"]) {
        for (name, line) in &facts.closed {
            if !names.contains(&(path, name)) || NO_PROMISE.iter().any(|f| path.starts_with(f)) {
                continue;
            }
            if kept.iter().any(|(types, _)| types.contains(&name.as_str())) {
                needed.insert(name.as_str());
                continue;
            }
            wrong.push(format!(
                "{path}:{line}: `{name}` is of the public API and not `#[non_exhaustive]`\n    \
                 add the attribute, or say in CLOSED_TYPES of tests/tidy/api.rs why it will not grow"
            ));
        }
    }
    let rows = kept.iter().flat_map(|(types, _)| types.iter());
    let idle = rows.filter(|name| !needed.contains(**name));
    wrong.extend(idle.map(|name| {
        format!("{name}: needs no exception\n    take it out of CLOSED_TYPES of tests/tidy/api.rs")
    }));
    wrong
}

/// Returns the names that the library's `pub` items lead to without the feature `engine`, each with
/// the file that defines it. A public module leads to all types of its file.
fn names(repository: &Repository) -> BTreeSet<(&str, &str)> {
    let crates = &repository.crates;
    let mut names = BTreeSet::new();
    let root = crates.modules.iter().position(|m| m.file == LIB);
    let mut open: Vec<usize> = root.into_iter().collect();
    let mut seen = BTreeSet::new();
    while let Some(id) = open.pop() {
        if !seen.insert(id) {
            continue;
        }
        let module = &crates.modules[id];
        let own = repository.facts[module.file].closed.iter();
        names.extend(own.map(|(name, _)| (module.file, name.as_str())));
        let children = module.scope.children.iter().filter(|child| child.is_api);
        open.extend(children.filter_map(|child| module.children.get(child.name.as_str())));
        for import in module.scope.imports.iter().filter(|import| import.is_api) {
            let way = match import.name.as_str() {
                "*" => crates.resolve_module(id, &import.path),
                _ => crates.resolve(id, &import.path),
            };
            match way.map(|way| way.found) {
                Some(Found::Module(inner)) => open.push(inner),
                Some(Found::Item(of)) => {
                    let name = import.path.last().map_or("", String::as_str);
                    names.insert((crates.modules[of].file, name));
                }
                _ => {}
            }
        }
    }
    names
}
