//! The arrows of a repository: each use of a name that another file defines.

use super::crates::{Crates, Module};
use super::facts::Import;
use super::resolve::{Found, Way};

/// One use of a name in another file.
#[derive(Clone, Debug)]
pub struct Arrow<'a> {
    pub from: &'a str,
    pub line: usize,
    pub to: &'a str,
    /// The path to the name, as it is written there.
    pub path: String,
    /// Files that hand the name on: `mod.rs` files and `lib.rs`.
    pub faces: Vec<&'a str>,
}

impl<'a> Crates<'a> {
    /// Returns every arrow between files of libraries and programs.
    pub fn arrows(&self) -> Vec<Arrow<'a>> {
        self.arrows_of(|module| !module.is_test)
    }

    /// Returns these arrows, and those of tests, benches, examples and fuzz targets.
    pub fn arrows_with_tests(&self) -> Vec<Arrow<'a>> {
        self.arrows_of(|module| !module.is_inner_test)
    }

    /// Returns the arrows of some modules, in the order of files and lines, with each name of a
    /// file once.
    fn arrows_of(&self, counts: impl Fn(&Module<'a>) -> bool) -> Vec<Arrow<'a>> {
        let mut arrows = Vec::new();
        let modules = self.modules.iter().enumerate();
        for (id, module) in modules.filter(|(_, module)| counts(module)) {
            self.of_imports(id, module, &mut arrows);
            self.of_code(id, module, &mut arrows);
        }
        arrows
            .sort_by(|a, b| (a.from, a.line, a.to, &a.path).cmp(&(b.from, b.line, b.to, &b.path)));
        arrows.dedup_by(|a, b| (a.from, a.line, a.to, &a.path) == (b.from, b.line, b.to, &b.path));
        arrows
    }

    fn of_imports(&self, id: usize, module: &Module<'a>, arrows: &mut Vec<Arrow<'a>>) {
        let used = |import: &&Import| !(import.is_public && module.is_face);
        for import in module.scope.imports.iter().filter(used) {
            let way = match import.name.as_str() {
                "*" => self.resolve_module(id, &import.path),
                _ => self.resolve(id, &import.path),
            };
            arrows.extend(self.arrow(module, &import.path, import.line, way));
        }
    }

    fn of_code(&self, id: usize, module: &Module<'a>, arrows: &mut Vec<Arrow<'a>>) {
        for named in &module.scope.paths {
            let first = &named.path[0];
            let may_be_local =
                first.starts_with(char::is_lowercase) && module.scope.bound.contains(first);
            if named.path.len() == 1 && may_be_local || self.is_counted(id, module, first) {
                continue;
            }
            let way = self.resolve(id, &named.path);
            arrows.extend(self.arrow(module, &named.path, named.line, way));
        }
    }

    /// True if an import of this module brought `name`, and is itself an arrow.
    fn is_counted(&self, id: usize, module: &Module<'a>, name: &str) -> bool {
        let imports = &module.scope.imports;
        let mut of_name = imports.iter().filter(|import| import.name == name);
        of_name.any(|import| {
            let is_arrow = !(import.is_public && module.is_face);
            let way = self.resolve(id, &import.path);
            is_arrow && way.is_some_and(|way| matches!(way.found, Found::Item(_)))
        })
    }

    fn arrow(
        &self,
        module: &Module<'a>,
        path: &[String],
        line: usize,
        way: Option<Way>,
    ) -> Option<Arrow<'a>> {
        let way = way?;
        let Found::Item(target) = way.found else {
            return None;
        };
        let to = self.modules[target].file;
        let faces = way.faces.iter().map(|face| self.modules[*face].file);
        (to != module.file).then(|| Arrow {
            from: module.file,
            line,
            to,
            path: path.join("::"),
            faces: faces.filter(|face| *face != to).collect(),
        })
    }
}
