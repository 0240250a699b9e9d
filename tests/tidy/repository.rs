//! A repository, read once: its texts, the facts of each file, and its arrows.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::arrows::Arrow;
use super::crates::Crates;
use super::facts::Facts;
use super::texts::{Texts, parse_all, read};

/// A checkout as the rules see it.
pub struct Repository {
    pub texts: &'static Texts,
    pub facts: &'static BTreeMap<String, Facts>,
    pub crates: Crates<'static>,
    /// The arrows between files of libraries and programs.
    pub arrows: Vec<Arrow<'static>>,
    /// Those arrows, and the arrows of tests, benches, examples and fuzz targets.
    pub arrows_with_tests: Vec<Arrow<'static>>,
    /// Files of libraries and programs, without those that are compiled for tests alone.
    pub files: BTreeSet<&'static str>,
}

impl Repository {
    /// Reads a checkout.
    pub fn at(root: &Path) -> Repository {
        let read = read(root);
        Repository::of(read.unwrap_or_else(|error| panic!("{}: {error}", root.display())))
    }

    /// Makes a repository of texts by path. They are kept until the test ends, so that names can
    /// borrow from them.
    pub fn of(texts: Texts) -> Repository {
        let texts: &'static Texts = Box::leak(Box::new(texts));
        let facts: &'static BTreeMap<String, Facts> = Box::leak(Box::new(parse_all(texts)));
        let crates = Crates::new(texts, facts);
        let (arrows, arrows_with_tests) = (crates.arrows(), crates.arrows_with_tests());
        let modules = crates.modules.iter().filter(|module| !module.is_test);
        let files = modules.map(|module| module.file).collect();
        Repository {
            texts,
            facts,
            crates,
            arrows,
            arrows_with_tests,
            files,
        }
    }

    /// Returns the Rust files under one of `folders`.
    pub fn under(&self, folders: &[&str]) -> impl Iterator<Item = (&'static str, &'static Facts)> {
        let is_under = |path: &&String| folders.iter().any(|f| path.starts_with(f));
        let paths: Vec<&'static String> = self.facts.keys().filter(is_under).collect();
        let facts = self.facts;
        paths
            .into_iter()
            .map(move |path| (path.as_str(), &facts[path]))
    }
}

/// Returns a file's name without folder and `.rs`.
pub fn stem(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.strip_suffix(".rs").unwrap_or(name)
}
