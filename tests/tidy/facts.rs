//! The facts of a Rust file that rules need, as plain data without syntax.

use std::collections::BTreeSet;

/// The facts of a file.
#[derive(Default)]
pub struct Facts {
    /// The declarations and the names of the file itself.
    pub scope: Scope,
    pub functions: Vec<Function>,
    /// Tests, those within a macro as well, with their lines.
    pub tests: Vec<(String, usize)>,
    /// Structs, enums, traits and aliases, with their lines. Those within a macro are among them.
    pub types: Vec<(String, usize)>,
    /// The structs and enums that are `pub` and that another crate could write or match whole.
    pub closed: Vec<(String, usize)>,
    /// The types that `impl` blocks of this file belong to, with their lines.
    pub impls: Vec<(String, usize)>,
}

/// A module: a file, or a `mod name { … }` within one.
#[derive(Default)]
pub struct Scope {
    pub defined: BTreeSet<String>,
    /// Names of `#[macro_export]` macros, which are at the root of the crate.
    pub exported_macros: Vec<String>,
    pub children: Vec<Child>,
    pub imports: Vec<Import>,
    pub paths: Vec<Named>,
    /// Names that patterns bind: a path of one such word may be a local variable.
    pub bound: BTreeSet<String>,
}

/// A `mod` item.
pub struct Child {
    pub name: String,
    /// The file that `#[path = "…"]` names.
    pub path: Option<String>,
    pub line: usize,
    pub is_test: bool,
    /// True if the module is `pub` without the feature `engine`.
    pub is_api: bool,
    /// The module's scope. `None` if the module is a file of its own.
    pub inline: Option<Scope>,
}

/// One name of a `use` item.
pub struct Import {
    pub path: Vec<String>,
    /// The name that the import has here, `*` for all names.
    pub name: String,
    /// True if the import is not private, so that it hands the name on.
    pub is_public: bool,
    /// True if the import is `pub` without the feature `engine`.
    pub is_api: bool,
    pub line: usize,
}

/// A path in code, and the line where it begins.
pub struct Named {
    pub path: Vec<String>,
    pub line: usize,
}

/// A function, and its number of lines from `fn` to its last brace.
pub struct Function {
    pub name: String,
    pub line: usize,
    pub lines: usize,
}
