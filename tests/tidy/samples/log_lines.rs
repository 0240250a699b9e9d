//! The rule for lines of the log, on files that break it and on files that do not.

use super::repository;
use super::rules::finds;
use crate::log_lines;

#[test]
fn bare_lines_about_clients_are_found_and_others_are_not() {
    let shard = |line: &str| {
        let text = format!("fn read(topic: &str) {{\n    {line}\n}}\n");
        let files = [
            ("src/lib.rs", "mod server;"),
            ("src/server/mod.rs", "mod run;\nmod shard;"),
            (
                "src/server/run.rs",
                "fn run() { tracing::info!(\"drain\"); }",
            ),
            ("src/server/shard/mod.rs", &text),
        ];
        log_lines::bare(&repository(&files))
    };
    let place = "src/server/shard/mod.rs:2: ";
    for (line, told) in [
        ("tracing::warn!(topic, \"refused\");", "`warn!`"),
        ("tracing::event!(Level::INFO, \"refused\");", "`event!`"),
        ("eprintln!(\"{topic}\");", "`eprintln!`"),
        (
            "tracing::debug!(%topic, \"refused\");",
            "a client's text by `%`",
        ),
    ] {
        finds(&shard(line), &[&format!("{place}{told}")]);
    }
    for line in [
        "summed!(sums, SocketRefused, \"origin\", topic = shown(topic));",
        "tracing::debug!(topic, \"refused\");",
        "// tracing::warn!(topic, \"refused\");",
    ] {
        finds(&shard(line), &[]);
    }
}
