//! The way from a path in code to the file that defines the name.
//!
//! It leads through re-exports, renames and globs.

use std::collections::BTreeSet;

use super::crates::Crates;

/// The target of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// A module.
    Module(usize),
    /// A name that this module defines.
    Item(usize),
    /// A name of another package.
    Outside,
}

/// The target of a path, and the modules that hand the name on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Way {
    pub found: Found,
    pub faces: Vec<usize>,
}

type Seen = BTreeSet<(usize, String, bool)>;

impl Crates<'_> {
    /// Returns the target of `path` in the module `from`. `None` if nothing here has that name.
    pub fn resolve(&self, from: usize, path: &[String]) -> Option<Way> {
        let mut way = self.follow(from, path, false, &mut Seen::new())?;
        let own = self.modules[from].file;
        way.faces.retain(|face| self.modules[*face].file != own);
        Some(way)
    }

    /// Returns the module that a glob import names.
    pub fn resolve_module(&self, from: usize, path: &[String]) -> Option<Way> {
        self.follow(from, path, true, &mut Seen::new())
    }

    fn follow(
        &self,
        from: usize,
        path: &[String],
        as_module: bool,
        seen: &mut Seen,
    ) -> Option<Way> {
        let mut begin = from;
        let mut place = 0;
        match path.first()?.as_str() {
            "crate" => (begin, place) = (self.modules[from].root, 1),
            "self" => place = 1,
            "::" | "Self" => return None,
            _ => {}
        }
        while path.get(place).is_some_and(|name| name == "super") {
            begin = self.modules[begin].parent?;
            place += 1;
        }
        let (mut module, mut faces) = (begin, Vec::new());
        for (at, name) in path.iter().enumerate().skip(place) {
            let is_last = at + 1 == path.len();
            let found = self.lookup(module, name, !is_last || as_module, seen);
            let found = found.or_else(|| self.library(from, name).filter(|_| at == 0));
            let Some(mut way) = found else {
                // A macro may have made the name. A word without a path gets no target.
                let made = Found::Item(module);
                return (at > 0).then_some(Way { found: made, faces });
            };
            faces.append(&mut way.faces);
            match way.found {
                Found::Module(inner) => module = inner,
                found => return Some(Way { found, faces }),
            }
        }
        let found = Found::Module(module);
        Some(Way { found, faces })
    }

    /// Returns the library of the same package, if `name` is its name.
    fn library(&self, from: usize, name: &str) -> Option<Way> {
        let module = &self.modules[from];
        let (root, library) = module.library.as_ref()?;
        let is_other = library == name && *root != module.root;
        is_other.then(|| Way {
            found: Found::Module(*root),
            faces: Vec::new(),
        })
    }

    /// Returns the target of `name` in a module: its own item, an import, a child, or a name of a
    /// glob import.
    fn lookup(&self, id: usize, name: &str, as_module: bool, seen: &mut Seen) -> Option<Way> {
        let key = (id, name.to_owned(), as_module);
        if !seen.insert(key.clone()) {
            return None; // an import that leads back to itself
        }
        let way = self.look(id, name, as_module, seen);
        seen.remove(&key);
        way
    }

    fn look(&self, id: usize, name: &str, as_module: bool, seen: &mut Seen) -> Option<Way> {
        let module = &self.modules[id];
        let plain = |found| {
            let faces = Vec::new();
            Some(Way { found, faces })
        };
        let child = module.children.get(name).copied();
        if let (Some(child), true) = (child, as_module) {
            return plain(Found::Module(child));
        }
        let is_root = module.root == id;
        if module.scope.defined.contains(name) {
            return plain(Found::Item(id));
        }
        let mut is_outside = false;
        for import in module.scope.imports.iter().filter(|i| i.name == name) {
            match self.follow(id, &import.path, as_module, seen) {
                Some(way) if way.found != Found::Outside => return Some(handed_on(way, id)),
                _ => is_outside = true,
            }
        }
        if let Some(child) = child {
            return plain(Found::Module(child));
        }
        if is_outside {
            return plain(Found::Outside);
        }
        if is_root && let Some(of) = self.exported_macro(id, name) {
            let found = Found::Item(of);
            let faces = Vec::new();
            return Some(handed_on(Way { found, faces }, id));
        }
        let globs = module.scope.imports.iter().filter(|i| i.name == "*");
        for glob in globs {
            if let Some(Way {
                found: Found::Module(inner),
                faces,
            }) = self.follow(id, &glob.path, true, seen)
                && let Some(mut way) = self.lookup(inner, name, as_module, seen)
                && way.found != Found::Outside
            {
                way.faces.extend(faces);
                return Some(handed_on(way, id));
            }
        }
        None
    }

    fn exported_macro(&self, root: usize, name: &str) -> Option<usize> {
        let exports = |id: &usize| {
            let module = &self.modules[*id];
            module.root == root && module.scope.exported_macros.iter().any(|m| m == name)
        };
        (0..self.modules.len()).find(exports)
    }
}

fn handed_on(mut way: Way, by: usize) -> Way {
    way.faces.push(by);
    way
}
