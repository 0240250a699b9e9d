//! The documents say what the code says: what they name is looked up, and what can be made from the code is.
//!
//! `WRITE=1 cargo test --test documents` writes the pages that are made.

mod defaults;
mod dependencies;
mod files;
mod fixture;
mod invariants;
mod links;
mod promises;
mod tutorial;
