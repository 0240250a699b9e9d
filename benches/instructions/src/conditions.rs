//! The conditions under which instructions are counted.
//!
//! Counts from different conditions are not comparable, so no conclusion is drawn from them.

use std::path::PathBuf;
use std::process::Command;

use serde::{Deserialize, Serialize};

use crate::bench::workspace;

/// The facts that decide how many instructions the same source takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conditions {
    /// The output of `rustc --version`.
    pub toolchain: String,
    /// What the environment and cargo's configuration files say of flags and profiles, mostly
    /// empty: `RUSTFLAGS`, `CARGO_ENCODED_RUSTFLAGS`, `CARGO_BUILD_…`, `CARGO_TARGET_…`,
    /// `CARGO_PROFILE_…`, and lines of the files about any of these.
    pub rustflags: String,
    /// The output of `valgrind --version`. Valgrind decides which instructions a processor seems to
    /// have.
    pub valgrind: String,
    /// The C library, which copies and compares memory.
    pub libc: String,
    /// The implementations that the C library and others choose for this processor, as it appears
    /// under valgrind.
    pub dispatch: String,
}

/// The text of a condition that could not be read.
const ABSENT: &str = "absent";

impl Conditions {
    /// Returns the conditions of this machine. `dispatch_command` is the argument with which this
    /// program prints [`dispatch`].
    pub fn here(dispatch_command: &str) -> Conditions {
        let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".into());
        let itself = std::env::current_exe().unwrap_or_default();
        let itself = itself.to_string_lossy();
        let under_valgrind = ["-q", "--tool=none", &itself, dispatch_command];
        Conditions {
            toolchain: line_of(&rustc, &["--version"]),
            rustflags: build_settings(),
            valgrind: line_of("valgrind", &["--version"]),
            libc: line_of("getconf", &["GNU_LIBC_VERSION"]),
            dispatch: line_of("valgrind", &under_valgrind),
        }
    }

    /// Returns the differences of these conditions from the `recorded` ones, with one line for
    /// each.
    pub fn differences(&self, recorded: &Conditions) -> Vec<String> {
        let pairs = [
            ("toolchain", &self.toolchain, &recorded.toolchain),
            ("flags and profiles", &self.rustflags, &recorded.rustflags),
            ("valgrind", &self.valgrind, &recorded.valgrind),
            ("C library", &self.libc, &recorded.libc),
            ("processor", &self.dispatch, &recorded.dispatch),
        ];
        let differing = pairs.iter().filter(|(_, here, then)| here != then);
        differing
            .map(|(what, here, then)| format!("{what}: {here:?} here, {then:?} when recorded"))
            .collect()
    }
}

/// Settings of the build that come from the environment, one `NAME=VALUE` for each.
fn build_settings() -> String {
    const NAMES: [&str; 2] = ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS"];
    let is_setting = |name: &str| {
        let of_target = name.starts_with("CARGO_TARGET_") && name.ends_with("_RUSTFLAGS");
        NAMES.contains(&name)
            || name == "CARGO_BUILD_RUSTFLAGS"
            || name.starts_with("CARGO_PROFILE_")
            || of_target
    };
    let named = std::env::vars().filter(|(name, value)| is_setting(name) && !value.is_empty());
    let named = named.map(|(name, value)| format!("{name}={value}"));
    let mut all: Vec<String> = named.chain(configured()).collect();
    all.sort();
    all.join(" ")
}

/// Returns the lines of cargo's configuration files that change how code is compiled.
fn configured() -> Vec<String> {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cargo")));
    let root = workspace();
    let folders = root.ancestors().map(|folder| folder.join(".cargo"));
    let mut found = Vec::new();
    for folder in folders.chain(home) {
        for name in ["config.toml", "config"] {
            let text = std::fs::read_to_string(folder.join(name)).unwrap_or_default();
            found.extend(compiling_lines(&text));
        }
    }
    found
}

/// Returns the lines of a configuration file that set flags of the compiler or a profile.
fn compiling_lines(text: &str) -> Vec<String> {
    let mut in_profile = false;
    let lines = text
        .lines()
        .map(|line| line.split('#').next().unwrap_or("").trim());
    let compiling = lines.filter(|line| {
        if line.starts_with('[') {
            in_profile = line.starts_with("[profile");
        }
        let sets = line.contains('=') && (in_profile || line.starts_with("profile."));
        sets || line.contains("rustflags") || line.contains("linker")
    });
    compiling.map(str::to_owned).collect()
}

/// Returns the architecture, and its extensions that code on the per-message path checks for.
pub fn dispatch() -> String {
    let has = extensions().into_iter().filter(|(_, has)| *has);
    let names = has.map(|(name, _)| name);
    [std::env::consts::ARCH]
        .into_iter()
        .chain(names)
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(target_arch = "x86_64")]
fn extensions() -> Vec<(&'static str, bool)> {
    vec![
        ("sse4.2", is_x86_feature_detected!("sse4.2")),
        ("avx2", is_x86_feature_detected!("avx2")),
        ("bmi2", is_x86_feature_detected!("bmi2")),
        ("ermsb", is_x86_feature_detected!("ermsb")),
        ("rtm", is_x86_feature_detected!("rtm")),
        ("avx512bw", is_x86_feature_detected!("avx512bw")),
        ("avx512vl", is_x86_feature_detected!("avx512vl")),
    ]
}

/// No code on the path chooses at run time on other architectures.
#[cfg(not(target_arch = "x86_64"))]
fn extensions() -> Vec<(&'static str, bool)> {
    Vec::new()
}

/// Returns the output of a command without its line end, or [`ABSENT`] if the command does not run
/// or fails.
fn line_of(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    let printed = output.ok().filter(|output| output.status.success());
    let text = printed.and_then(|output| String::from_utf8(output.stdout).ok());
    text.map_or_else(|| ABSENT.into(), |text| text.trim().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_differ_by_name_and_only_where_they_do() {
        let recorded = Conditions {
            toolchain: "rustc 1".into(),
            rustflags: String::new(),
            valgrind: "valgrind-3.19.0".into(),
            libc: "glibc 2.36".into(),
            dispatch: "x86_64 avx2".into(),
        };
        assert!(recorded.differences(&recorded).is_empty());
        let here = Conditions {
            valgrind: ABSENT.into(),
            ..recorded.clone()
        };
        let expected = r#"valgrind: "absent" here, "valgrind-3.19.0" when recorded"#;
        assert_eq!(here.differences(&recorded), [expected]);
    }

    #[test]
    fn lines_of_flags_and_profiles_are_conditions_and_others_are_not() {
        let text = "[registries.x]\nindex = \"sparse\"\n[build]\nrustflags = [\"-C\", \"target-cpu=native\"]\n\
                    [profile.bench] # all of it\nlto = \"fat\"\n[net]\nretry = 3\n";
        let expected = [
            "rustflags = [\"-C\", \"target-cpu=native\"]",
            "lto = \"fat\"",
        ];
        assert_eq!(compiling_lines(text), expected);
    }

    #[test]
    fn dispatch_path_names_the_architecture_first() {
        assert!(dispatch().starts_with(std::env::consts::ARCH));
    }
}
