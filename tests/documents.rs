//! The documents say what the code says: names and defaults they mention are looked up.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use lobbyd::UserSocket;
use lobbyd::server::{HttpLimits, ServerLimits};

#[test]
fn code_map_names_every_source_file_and_no_other() {
    let page = read("docs/architecture.md");
    let map = section(&page, "## Code map");
    let mut folder = String::new();
    let mut named = BTreeSet::new();
    for line in map.lines() {
        if let Some(rest) = line.strip_prefix("**") {
            folder = quoted(rest)
                .first()
                .map_or_else(String::new, |f| format!("{f}/"));
        } else if let Some(cell) = line.strip_prefix("| `").and_then(|l| l.split(" | ").next()) {
            let files = quoted(&format!("`{cell}")).into_iter();
            named.extend(files.map(|file| format!("{folder}{file}")));
        }
    }
    let is_test = |path: &str| path.contains("/tests/") || path.ends_with("tests.rs");
    let files = files_under("src").into_iter().filter(|path| !is_test(path));
    let files: BTreeSet<String> = files.collect();
    let difference: Vec<_> = files.symmetric_difference(&named).collect();
    assert!(
        difference.is_empty(),
        "to be put into, or taken out of, the code map of docs/architecture.md: {difference:?}"
    );
}

#[test]
fn every_test_that_holds_an_invariant_exists() {
    let page = read("docs/architecture.md");
    let code: String = ["src", "tests"]
        .into_iter()
        .flat_map(files_under)
        .map(|f| read(&f))
        .collect();
    for row in section(&page, "## Invariants")
        .lines()
        .filter(|line| line.starts_with("| "))
    {
        for name in row.rsplit(" | ").next().map(quoted).unwrap_or_default() {
            let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
            let exists = if name.contains('/') {
                root().join(&name).exists()
            } else {
                !name.chars().all(is_word) || code.contains(&format!("fn {name}("))
            };
            assert!(
                exists,
                "docs/architecture.md names {name}, which is not there"
            );
        }
    }
}

#[test]
fn defaults_are_told_as_they_are() {
    let page = read("docs/configuration.md");
    let (server, http) = (ServerLimits::default(), HttpLimits::default());
    let socket = UserSocket::new();
    let socket = socket.limits();
    let fanout = server.fanout;
    let (admission, rates) = (server.admission, server.rates);
    let table: [(&str, u64); 32] = [
        (
            "admission.connections_max",
            admission.connections_max as u64,
        ),
        (
            "admission.connections_per_address_max",
            admission.connections_per_address_max as u64,
        ),
        (
            "admission.upgrades_in_flight_max",
            admission.upgrades_in_flight_max as u64,
        ),
        (
            "admission.accepts_per_second",
            admission.accepts_per_second.into(),
        ),
        (
            "admission.joins_per_second",
            admission.joins_per_second.into(),
        ),
        ("admission.join_wait_ms_max", admission.join_wait_ms_max),
        (
            "rates.messages_per_second",
            rates.messages_per_second.into(),
        ),
        ("rates.bytes_per_second", rates.bytes_per_second.into()),
        ("rates.over_rate_ms_max", rates.over_rate_ms_max),
        ("head_lines_max", http.head_lines_max as u64),
        (
            "fanout.retention_bytes_max",
            fanout.retention_bytes_max as u64,
        ),
        (
            "fanout.retention_entries_max",
            fanout.retention_entries_max as u64,
        ),
        ("fanout.retention_ms_max", fanout.retention_ms_max),
        (
            "fanout.retention_total_bytes_max",
            fanout.retention_total_bytes_max as u64,
        ),
        ("fanout.outbox_bytes_max", fanout.outbox_bytes_max as u64),
        ("partial_timeout_ms", server.partial_timeout_ms),
        ("partial_bytes_max", server.partial_bytes_max as u64),
        ("closing_timeout_ms", server.closing_timeout_ms),
        ("lag_bytes_max", server.lag_bytes_max as u64),
        ("pause_timeout_ms", server.pause_timeout_ms),
        ("callback_timeout_ms", server.callback_timeout_ms),
        ("drain.ready_delay_ms", server.drain.ready_delay_ms),
        ("drain.window_ms", server.drain.window_ms),
        ("drain.deadline_ms", server.drain.deadline_ms),
        ("notsent_bytes_max", server.notsent_bytes_max.into()),
        ("header_timeout_ms", http.header_timeout_ms),
        ("lifetime_ms", http.lifetime_ms),
        ("closing_timeout_ms", http.closing_timeout_ms),
        ("connect_timeout_ms", http.connect_timeout_ms),
        ("head_bytes_max", http.head_bytes_max as u64),
        ("idle_timeout_ms(ms)", socket.idle_timeout_ms),
        ("message_bytes_max(bytes)", socket.message_bytes_max as u64),
    ];
    for (name, value) in table {
        let row = format!("| `{name}` | {} |", with_commas(value));
        assert!(
            page.contains(&row),
            "docs/configuration.md has no row {row:?}"
        );
    }
}

#[test]
fn room_that_is_shown_is_the_one_in_the_library() {
    let room = |path: &str| -> Vec<String> {
        let page = read(path);
        let lines = page.lines().map(|line| match line.strip_prefix("//!") {
            Some(shown) => shown.strip_prefix(' ').unwrap_or(shown),
            None => line,
        });
        let from = lines.skip_while(|line| *line != "impl Channel for RoomChannel {");
        let block: Vec<String> = from
            .take_while(|line| *line != "}")
            .map(str::to_owned)
            .collect();
        assert!(block.len() > 10, "{path} has no room");
        block
    };
    let own = room("src/rooms/tutorial.rs");
    assert_eq!(room("README.md"), own, "in README.md");
    assert_eq!(room("src/lib.rs"), own, "in src/lib.rs");
}

#[test]
fn links_between_the_documents_lead_somewhere() {
    for page in ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"]
        .into_iter()
        .map(str::to_owned)
        .chain(pages())
    {
        let folder = Path::new(&page)
            .parent()
            .unwrap_or(Path::new(""))
            .to_owned();
        for link in read(&page)
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next())
        {
            let file = link.split('#').next().unwrap_or_default();
            if !link.contains("://") && !file.is_empty() {
                assert!(
                    root().join(&folder).join(file).exists(),
                    "{page} links to {link}"
                );
            }
        }
    }
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// What stands between a heading and the next of its kind.
fn section<'a>(page: &'a str, heading: &str) -> &'a str {
    let (_, rest) = page.split_once(&format!("\n{heading}\n")).expect(heading);
    rest.split("\n## ").next().unwrap_or_default()
}

/// Every second piece between backticks.
fn quoted(text: &str) -> Vec<String> {
    text.split('`')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect()
}

fn pages() -> Vec<String> {
    let pages = fs::read_dir(root().join("docs")).expect("docs/");
    let names = pages.map(|page| {
        page.expect("a page")
            .file_name()
            .into_string()
            .expect("a name")
    });
    names.map(|name| format!("docs/{name}")).collect()
}

/// All Rust files below `folder`, with their paths from the root.
fn files_under(folder: &str) -> Vec<String> {
    let mut files = Vec::new();
    for entry in fs::read_dir(root().join(folder)).expect(folder) {
        let entry = entry.expect(folder);
        let path = format!("{folder}/{}", entry.file_name().to_string_lossy());
        if path.contains("node_modules") {
            continue;
        }
        match entry.file_type().expect(folder).is_dir() {
            true => files.extend(files_under(&path)),
            false if path.ends_with(".rs") => files.push(path),
            false => {}
        }
    }
    files
}

fn with_commas(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
