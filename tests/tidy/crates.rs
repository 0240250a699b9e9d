//! The repository as crates: which file is which module of which target, and which files none reaches.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::{fs, io};

use super::parse::{Child, Facts, Scope, parse};

/// Where packages are, from the root of the repository; the first holds the rest.
const PACKAGES: [&str; 5] = [
    "",
    "loadtest/",
    "benches/instructions/",
    "testkit/",
    "fuzz/",
];

/// Texts by their path from the root: Rust files and the manifests.
pub type Texts = BTreeMap<String, String>;

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
    pub is_test: bool,
    /// It has modules in other files: its `pub use` hands their names on.
    pub is_face: bool,
}

/// Reads the texts under `root`.
pub fn read(root: &Path) -> io::Result<Texts> {
    let mut texts = Texts::new();
    for folder in [
        "src", "loadtest", "benches", "testkit", "tests", "examples", "fuzz",
    ] {
        walk(root, folder, &mut texts)?;
    }
    read_into(root, "Cargo.toml", &mut texts)?;
    Ok(texts)
}

fn walk(root: &Path, folder: &str, texts: &mut Texts) -> io::Result<()> {
    let Ok(entries) = fs::read_dir(root.join(folder)) else {
        return Ok(()); // a folder that a repository need not have
    };
    for entry in entries {
        let entry = entry?;
        let path = format!("{folder}/{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            if !path.ends_with("/target") && !path.ends_with("/node_modules") {
                walk(root, &path, texts)?;
            }
        } else if path.ends_with(".rs") || path.ends_with("/Cargo.toml") {
            read_into(root, &path, texts)?;
        }
    }
    Ok(())
}

fn read_into(root: &Path, path: &str, texts: &mut Texts) -> io::Result<()> {
    let text = fs::read_to_string(root.join(path));
    let named = |error: io::Error| io::Error::new(error.kind(), format!("{path}: {error}"));
    texts.insert(path.to_owned(), text.map_err(named)?);
    Ok(())
}

/// Parses every Rust file, on as many threads as there are processors.
pub fn parse_all(texts: &Texts) -> BTreeMap<String, Facts> {
    let files: Vec<_> = texts.iter().filter(|(p, _)| p.ends_with(".rs")).collect();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        let parts = (0..threads).map(|part| {
            let files = files.iter().skip(part).step_by(threads);
            scope.spawn(move || {
                let facts = files.map(|(path, text)| {
                    let facts = parse(text).unwrap_or_else(|error| panic!("{path}: {error}"));
                    ((*path).clone(), facts)
                });
                facts.collect::<Vec<_>>()
            })
        });
        let parts: Vec<_> = parts.collect();
        let joined = parts.into_iter().map(|part| part.join());
        joined
            .flat_map(|part| part.expect("a file that parses"))
            .collect()
    })
}

impl<'a> Crates<'a> {
    /// Follows `mod` items from every target.
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
}

/// The roots of a package's crates, the library first.
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

/// The file of a module that is declared in `parent`, whose modules are in `folder`.
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

/// The folder of a file, with its last slash.
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
