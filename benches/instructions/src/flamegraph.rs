//! Drawings of what grew: flamegraphs of the difference from another revision, made by gungraun.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::bench::{self, BASELINE, Uncounted, below_target, target, workspace};
use crate::units;

/// The variable that makes `benches/per_message` draw.
pub const ASKED: &str = "LOBBYD_FLAMEGRAPH";

/// The folder of those profiles and of the drawings, below the program's own in the target
/// directory.
pub const PROFILES: &str = "profiles";

/// The bench whose profiles are drawn.
const BENCH: &str = "per_message";

/// The folder of one package's profiles below gungraun's own.
const PACKAGE: &str = "lobbyd-instructions";

/// Runs the benches again and draws the works of these names, compared with the revision that
/// [`base::count`](crate::base::count) counted. Returns each name with its drawing. A work that the
/// revision lacks has none.
///
/// # Errors
/// If the benches do not run.
pub fn draw<'a>(
    names: impl Iterator<Item = &'a str>,
) -> Result<Vec<(&'a str, PathBuf)>, Uncounted> {
    let profiles = below_target(PROFILES).join(PACKAGE).join(BENCH);
    let present = target().join("gungraun").join(PACKAGE).join(BENCH);
    align_all(&profiles, &present)?;
    let home = below_target(PROFILES);
    let asked = [
        (ASKED, Path::new("1")),
        ("GUNGRAUN_HOME", &home),
        ("GUNGRAUN_BASELINE", Path::new(BASELINE)),
    ];
    bench::run(&[BENCH], &asked)?;
    let drawing = |name| Some((name, drawing_of(&profiles, name)?));
    Ok(names.filter_map(drawing).collect())
}

/// Returns the drawing of a work, which is in the folder of its bench.
fn drawing_of(profiles: &Path, name: &str) -> Option<PathBuf> {
    let unit = units::INSTRUCTIONS.iter().find(|unit| unit.name == name)?;
    let files = files_below(profiles).ok()?;
    let is_it = |path: &PathBuf| {
        let folder = path.parent().and_then(Path::file_name);
        let is_drawing = path.to_string_lossy().ends_with(".svg");
        is_drawing && folder.is_some_and(|folder| folder == unit.bench)
    };
    files.into_iter().find(is_it)
}

/// Aligns each profile of the other revision with the present one of the same bench.
fn align_all(profiles: &Path, present: &Path) -> io::Result<()> {
    let ending = format!(".out.base@{BASELINE}");
    for path in files_below(profiles)? {
        let relative = path
            .strip_prefix(profiles)
            .unwrap_or(&path)
            .to_string_lossy();
        let Some(stem) = relative.strip_suffix(&ending) else {
            continue;
        };
        let Ok(now) = fs::read_to_string(present.join(format!("{stem}.out"))) else {
            continue;
        };
        let then = fs::read_to_string(&path)?;
        fs::write(
            &path,
            align(&then, &now, &below_target("base"), &workspace()),
        )?;
    }
    Ok(())
}

/// Returns the profile `then` with the paths of `now`. A function has its source file and its
/// program in its name, so without that all would seem to be gone and all to be new.
fn align(then: &str, now: &str, from: &Path, to: &Path) -> String {
    let moved = then.replace(&*from.to_string_lossy(), &to.to_string_lossy());
    match (object(&moved), object(now)) {
        (Some(old), Some(new)) => moved.replace(old, new),
        _ => moved,
    }
}

/// Returns the path of the bench's program in a profile.
fn object(profile: &str) -> Option<&str> {
    let mut objects = profile.lines().filter_map(|line| line.strip_prefix("ob="));
    objects.find(|path| {
        let file = Path::new(path).file_name().unwrap_or_default();
        file.to_string_lossy().starts_with(BENCH)
    })
}

fn files_below(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        match path.is_dir() {
            true => files.extend(files_below(&path)?),
            false => files.push(path),
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profile_of_another_tree_gets_the_paths_of_the_present_one() {
        let then = "ob=/usr/lib/libc.so\nob=/w/target/own/per_message-0a\nfl=/w/target/base/src/a.rs\nfn=a\n1 2\n";
        let now = "ob=/w/target/release/per_message-7f\nfl=/w/src/a.rs\nfn=a\n1 3\n";
        let aligned = align(then, now, Path::new("/w/target/base"), Path::new("/w"));
        let expected =
            "ob=/usr/lib/libc.so\nob=/w/target/release/per_message-7f\nfl=/w/src/a.rs\nfn=a\n1 2\n";
        assert_eq!(aligned, expected);
    }
}
