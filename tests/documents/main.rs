//! The documents agree with the code: names in them exist, and some pages are made from the code.
//!
//! `WRITE=1 cargo test --test documents` writes the pages that are made from the code.

mod defaults;
mod dependencies;
mod files;
mod fixture;
mod invariants;
mod join_reasons;
mod limits;
mod links;
mod promises;
mod tutorial;
