//! The number of crates that an app compiles with lobbyd, which should be small.

use std::collections::BTreeSet;
use std::process::Command;

/// Most crates that an app compiles with no feature of lobbyd, without lobbyd itself. Every user
/// compiles each further crate.
const CRATES_MAX: usize = 100;

#[test]
fn app_compiles_at_most_a_hundred_crates_with_lobbyd() {
    let crates = crates(&["--no-default-features"]);
    assert!(
        crates.len() <= CRATES_MAX,
        "{} crates: {crates:#?}",
        crates.len()
    );
    assert!(crates.iter().any(|name| name.starts_with("tokio ")));
    for of_the_program in ["clap ", "toml ", "tracing-subscriber ", "rust-embed "] {
        let found = crates.iter().find(|name| name.starts_with(of_the_program));
        assert_eq!(found, None);
    }
}

/// Returns all crates that are compiled, each once, including proc macros and build scripts.
fn crates(features: &[&str]) -> BTreeSet<String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let tree = Command::new(cargo)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["tree", "--offline", "--locked", "--package", "lobbyd"])
        .args(["--edges", "normal,build", "--no-dedupe", "--prefix", "none"])
        .args(features)
        .output()
        .expect("cargo runs");
    let told = String::from_utf8_lossy(&tree.stderr);
    assert!(tree.status.success(), "{told}");
    let lines = String::from_utf8(tree.stdout).expect("names are ASCII");
    let crates = lines.lines().map(|line| {
        let name = line.trim_end_matches(" (proc-macro)");
        name.to_owned()
    });
    crates.filter(|name| !name.starts_with("lobbyd ")).collect()
}
