//! The repository as crates: the module of each file, and the files that no target reaches.

use std::collections::{BTreeMap, BTreeSet};

use super::facts::{Child, Facts, Scope};
use super::texts::Texts;

/// The folders of packages, from the root of the repository. The first holds the others.
const PACKAGES: [&str; 6] = [
    "",
    "loadtest/",
    "benches/instructions/",
    "testkit/",
    "fuzz/",
    "examples/app/",
];

/// All crates of a repository.
pub struct Crates<'a> {
    pub modules: Vec<Module<'a>>,
    /// Files that a target or a `mod` reaches.
    pub reached: BTreeSet<&'a str>,
}

/// A module of a crate.
pub struct Module<'a> {
    pub file: &'a str,
    pub scope: &'a Scope,
    pub parent: Option<usize>,
    pub root: usize,
    /// The library of the same package, and its name.
    pub library: Option<(usize, String)>,
    pub children: BTreeMap<&'a str, usize>,
    /// True for a module of a test, a bench, an example or a fuzz target, and for an inner test.
    pub is_test: bool,
    /// True for a module of a library or program that only its tests compile.
    pub is_inner_test: bool,
    /// True if the module has modules in other files, whose names its `pub use` hands on.
    pub is_face: bool,
}

impl<'a> Crates<'a> {
    /// Returns the crates, by following `mod` items from every target.
    pub fn new(texts: &'a Texts, facts: &'a BTreeMap<String, Facts>) -> Crates<'a> {
        let mut crates = Crates {
            modules: Vec::new(),
            reached: BTreeSet::new(),
        };
        for package in PACKAGES {
            let manifest = texts.get(&format!("{package}Cargo.toml"));
            let manifest = manifest.map_or("", String::as_str);
            let mut library = None;
            for target in targets(package, manifest, facts) {
                let is_test = !target.starts_with(&format!("{package}src/"));
                let root = crates.modules.len();
                let place = Place {
                    file: target,
                    scope: &facts[target].scope,
                    parent: None,
                    root,
                    is_test,
                    is_inner_test: false,
                };
                crates.add(place, folder_of(target), library.as_ref(), facts);
                if target.ends_with("src/lib.rs") {
                    library = Some((root, crate_name(manifest)));
                }
            }
        }
        crates
    }

    fn add(
        &mut self,
        place: Place<'a>,
        folder: String,
        library: Option<&(usize, String)>,
        facts: &'a BTreeMap<String, Facts>,
    ) {
        let id = self.modules.len();
        self.reached.insert(place.file);
        let in_files = |child: &Child| child.inline.is_none() && !child.is_test;
        self.modules.push(Module {
            file: place.file,
            scope: place.scope,
            parent: place.parent,
            root: place.root,
            library: library.cloned(),
            children: BTreeMap::new(),
            is_test: place.is_test,
            is_inner_test: place.is_inner_test,
            is_face: place.scope.children.iter().any(in_files),
        });
        for child in &place.scope.children {
            let within = format!("{folder}{}/", child.name);
            let (file, scope, folder) = match &child.inline {
                Some(scope) => (place.file, scope, within),
                None => {
                    let Some(file) = file_of(child, place.file, &folder, facts) else {
                        panic!("{}: no file for `mod {}`", place.file, child.name)
                    };
                    let is_own = file.ends_with("/mod.rs") || child.path.is_some();
                    let folder = if is_own { folder_of(file) } else { within };
                    (file, &facts[file].scope, folder)
                }
            };
            let number = self.modules.len();
            if !child.is_test {
                self.modules[id].children.insert(&child.name, number);
            }
            let child = Place {
                file,
                scope,
                parent: Some(id),
                root: place.root,
                is_test: place.is_test || child.is_test,
                is_inner_test: place.is_inner_test || child.is_test,
            };
            self.add(child, folder, library, facts);
        }
    }
}

struct Place<'a> {
    file: &'a str,
    scope: &'a Scope,
    parent: Option<usize>,
    root: usize,
    is_test: bool,
    is_inner_test: bool,
}

/// Returns the roots of a package's crates, the library first.
fn targets<'a>(package: &str, manifest: &str, facts: &'a BTreeMap<String, Facts>) -> Vec<&'a str> {
    let named: BTreeSet<String> = manifest
        .lines()
        .filter_map(|line| line.trim().strip_prefix("path = \"")?.strip_suffix(".rs\""))
        .map(|path| format!("{package}{path}.rs"))
        .collect();
    let is_target = |path: &str| {
        let Some(rest) = path.strip_prefix(package) else {
            return false;
        };
        match rest.split('/').collect::<Vec<_>>()[..] {
            ["src", "lib.rs" | "main.rs"] | ["build.rs"] => true,
            ["tests" | "benches" | "examples", _] => true,
            ["src", "bin", _] | ["tests" | "benches" | "examples", _, "main.rs"] => true,
            _ => named.contains(path),
        }
    };
    let files = facts.keys().map(String::as_str);
    let mut targets: Vec<&str> = files.filter(|path| is_target(path)).collect();
    targets.sort_by_key(|path| !path.ends_with("src/lib.rs"));
    targets
}

/// Returns the file of a module that is declared in `parent`, whose modules are in `folder`.
fn file_of<'a>(
    child: &Child,
    parent: &str,
    folder: &str,
    facts: &'a BTreeMap<String, Facts>,
) -> Option<&'a str> {
    let candidates = match &child.path {
        Some(path) => vec![normalized(&format!("{}{path}", folder_of(parent)))],
        None => vec![
            format!("{folder}{}.rs", child.name),
            format!("{folder}{}/mod.rs", child.name),
        ],
    };
    let known = |path: &String| facts.get_key_value(path);
    candidates
        .iter()
        .find_map(known)
        .map(|(path, _)| path.as_str())
}

fn normalized(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            ".." => drop(parts.pop()),
            "." => {}
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// Returns the folder of a file, with its last slash.
pub fn folder_of(file: &str) -> String {
    file.rsplit_once('/')
        .map_or(String::new(), |(folder, _)| format!("{folder}/"))
}

fn crate_name(manifest: &str) -> String {
    let name = manifest
        .lines()
        .find_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"'));
    name.unwrap_or("sample").replace('-', "_")
}
