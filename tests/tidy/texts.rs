//! The Rust files and manifests of a checkout, read and parsed.

use std::collections::BTreeMap;
use std::path::Path;
use std::{fs, io};

use super::facts::Facts;
use super::parse::parse;

/// Texts by path, from the root of the checkout.
pub type Texts = BTreeMap<String, String>;

/// Reads the texts under `root`.
pub fn read(root: &Path) -> io::Result<Texts> {
    let mut texts = Texts::new();
    for folder in [
        "src", "loadtest", "benches", "testkit", "tests", "examples", "fuzz",
    ] {
        walk(root, folder, &mut texts)?;
    }
    read_into(root, "Cargo.toml", &mut texts)?;
    Ok(texts)
}

fn walk(root: &Path, folder: &str, texts: &mut Texts) -> io::Result<()> {
    let Ok(entries) = fs::read_dir(root.join(folder)) else {
        return Ok(()); // the repository need not have this folder
    };
    for entry in entries {
        let entry = entry?;
        let path = format!("{folder}/{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            if !path.ends_with("/target") && !path.ends_with("/node_modules") {
                walk(root, &path, texts)?;
            }
        } else if path.ends_with(".rs") || path.ends_with("/Cargo.toml") {
            read_into(root, &path, texts)?;
        }
    }
    Ok(())
}

fn read_into(root: &Path, path: &str, texts: &mut Texts) -> io::Result<()> {
    let text = fs::read_to_string(root.join(path));
    let named = |error: io::Error| io::Error::new(error.kind(), format!("{path}: {error}"));
    texts.insert(path.to_owned(), text.map_err(named)?);
    Ok(())
}

/// True for a file of a crate that is for tests as a whole: of a test, a bench, an example or a fuzz
/// target.
fn is_of_tests(path: &str) -> bool {
    !path.starts_with("src/") && !path.contains("/src/")
}

/// Parses every Rust file, on as many threads as there are processors.
pub fn parse_all(texts: &Texts) -> BTreeMap<String, Facts> {
    let files: Vec<_> = texts.iter().filter(|(p, _)| p.ends_with(".rs")).collect();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        let parts = (0..threads).map(|part| {
            let files = files.iter().skip(part).step_by(threads);
            scope.spawn(move || {
                let facts = files.map(|(path, text)| {
                    let facts = parse(text, is_of_tests(path))
                        .unwrap_or_else(|error| panic!("{path}: {error}"));
                    ((*path).clone(), facts)
                });
                facts.collect::<Vec<_>>()
            })
        });
        let parts: Vec<_> = parts.collect();
        let joined = parts.into_iter().map(|part| part.join());
        joined
            .flat_map(|part| part.expect("a file that parses"))
            .collect()
    })
}
