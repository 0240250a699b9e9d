//! The conditions under which instructions are counted.
//!
//! Counts from different conditions are not comparable, so no conclusion is drawn from them.

use std::process::Command;

use serde::{Deserialize, Serialize};

/// The facts that decide how many instructions the same source takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conditions {
    /// The output of `rustc --version`.
    pub toolchain: String,
    /// `RUSTFLAGS`, mostly empty.
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
            rustflags: std::env::var("RUSTFLAGS").unwrap_or_default(),
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
            ("RUSTFLAGS", &self.rustflags, &recorded.rustflags),
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
    fn dispatch_path_names_the_architecture_first() {
        assert!(dispatch().starts_with(std::env::consts::ARCH));
    }
}
