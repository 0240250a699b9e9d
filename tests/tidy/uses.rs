//! The names of a `use` item, one by one, and whether they are of the public API.

use syn::{Attribute, Visibility};

use super::attributes::is_engine_only;
use super::facts::Import;

/// Returns every name that a `use` item brings.
pub fn names(item: &syn::ItemUse) -> Vec<Import> {
    let mut path = Vec::new();
    if item.leading_colon.is_some() {
        path.push(String::from("::"));
    }
    let is_public = !matches!(item.vis, Visibility::Inherited);
    let is_api = is_api(&item.vis, &item.attrs);
    let mut names = Vec::new();
    Begin {
        path,
        is_public,
        is_api,
    }
    .flatten(&item.tree, &mut names);
    names
}

/// True for an item that is `pub` in builds without the feature `engine`.
pub fn is_api(visibility: &Visibility, attributes: &[Attribute]) -> bool {
    matches!(visibility, Visibility::Public(_)) && !is_engine_only(attributes)
}

/// The beginning of a path, up to a brace or a name.
struct Begin {
    path: Vec<String>,
    is_public: bool,
    is_api: bool,
}

impl Begin {
    fn flatten(&self, tree: &syn::UseTree, into: &mut Vec<Import>) {
        match tree {
            syn::UseTree::Name(name) => into.push(self.one(&name.ident, &name.ident)),
            syn::UseTree::Rename(rename) => into.push(self.one(&rename.ident, &rename.rename)),
            syn::UseTree::Glob(glob) => {
                let line = glob.star_token.span.start().line;
                into.push(self.import(self.path.clone(), String::from("*"), line));
            }
            syn::UseTree::Path(path) => {
                let mut longer = self.path.clone();
                longer.push(path.ident.to_string());
                let (is_public, is_api) = (self.is_public, self.is_api);
                let longer = Begin {
                    path: longer,
                    is_public,
                    is_api,
                };
                longer.flatten(&path.tree, into);
            }
            syn::UseTree::Group(group) => {
                let trees = group.items.iter();
                trees.for_each(|tree| self.flatten(tree, into));
            }
        }
    }

    fn one(&self, ident: &syn::Ident, name: &syn::Ident) -> Import {
        let mut path = self.path.clone();
        if ident != "self" || path.is_empty() {
            path.push(ident.to_string());
        }
        let name = match name == "self" {
            true => path.last().cloned().unwrap_or_default(),
            false => name.to_string(),
        };
        self.import(path, name, ident.span().start().line)
    }

    fn import(&self, path: Vec<String>, name: String, line: usize) -> Import {
        Import {
            path,
            name,
            is_public: self.is_public,
            is_api: self.is_api,
            line,
        }
    }
}
