//! What is asked of a Rust file, as plain data without the syntax it was read from.

use std::collections::BTreeSet;

/// A file.
#[derive(Default)]
pub struct Facts {
    /// What the file itself declares and names.
    pub scope: Scope,
    pub functions: Vec<Function>,
    /// Tests, those within a macro as well, with their lines.
    pub tests: Vec<(String, usize)>,
    /// Structs, enums, traits and aliases, with their lines.
    pub types: Vec<(String, usize)>,
    /// The types that `impl` blocks of this file belong to, with their lines.
    pub impls: Vec<(String, usize)>,
}

/// A module: a file, or a `mod name { … }` within one.
#[derive(Default)]
pub struct Scope {
    pub defined: BTreeSet<String>,
    /// Names of `#[macro_export]` macros, which stand at the root of the crate.
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
    pub path: Option<String>,
    pub is_test: bool,
    /// `None`: the module is a file of its own.
    pub inline: Option<Scope>,
}

/// One name of a `use` item.
pub struct Import {
    pub path: Vec<String>,
    /// The name it has here, `*` for all.
    pub name: String,
    /// Not private: it hands the name on.
    pub is_public: bool,
    pub line: usize,
}

/// A path in code, and where it begins.
pub struct Named {
    pub path: Vec<String>,
    pub line: usize,
}

/// A function, and how many lines it has from `fn` to its last brace.
pub struct Function {
    pub name: String,
    pub line: usize,
    pub lines: usize,
}
