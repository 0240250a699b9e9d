//! The structure of the repository, held by a test: who imports whom, sizes, names, dead files.
//!
//! `cargo test --test tidy -- --nocapture` prints the table; `TIDY_ROOT=/path` reads another checkout.

mod arrows;
mod attributes;
mod crates;
mod graph;
mod parse;
mod report;
mod resolve;

use std::collections::BTreeSet;
use std::path::PathBuf;

use crates::{Crates, parse_all, read};

fn root() -> PathBuf {
    let other = std::env::var_os("TIDY_ROOT").map(PathBuf::from);
    other.unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")))
}

#[test]
fn circles() {
    let start = std::time::Instant::now();
    let texts = read(&root()).unwrap();
    let facts = parse_all(&texts);
    let parsed = start.elapsed();
    let crates = Crates::new(&texts, &facts);
    let arrows = crates.arrows();
    let files: BTreeSet<&str> = crates
        .modules
        .iter()
        .filter(|module| !module.is_test)
        .map(|module| module.file)
        .collect();
    println!("{}", report::report(&arrows, &files));
    println!("{parsed:?} {:?}", start.elapsed());
}
