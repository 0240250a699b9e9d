//! The rule for lines of the log: what a stranger can cause goes through `summed!`.

use super::repository::Repository;

/// The folders and files in which clients decide how often a line comes.
const OF_CLIENTS: &[&str] = &[
    "src/broker/",
    "src/channel/",
    "src/protocol/",
    "src/rooms/",
    "src/server/accept/acceptor.rs",
    "src/server/admission/",
    "src/server/http/",
    "src/server/node/",
    "src/server/shard/",
    "src/session/",
    "src/websocket/",
];

/// The macros of tracing for lines that are there by default.
const BARE: &[&str] = &[
    "warn!",
    "info!",
    "error!",
    "event!",
    "eprintln!",
    "println!",
];

/// Returns lines for clients' doings that are neither summed nor at `debug`, and values that are
/// recorded so that subscribers do not escape them.
pub fn bare(repository: &Repository) -> Vec<String> {
    let mut wrong = Vec::new();
    for (path, _) in repository.under(OF_CLIENTS) {
        if !repository.files.contains(path) {
            continue;
        }
        let code = repository.texts[path].split("#[cfg(test)]\nmod tests {");
        for (at, line) in code.take(1).flat_map(str::lines).enumerate() {
            let line = line.trim_start();
            if line.starts_with("//") {
                continue;
            }
            let place = format!("{path}:{}: ", at + 1);
            if let Some(name) = BARE.iter().find(|name| has_word(line, name)) {
                wrong.push(format!(
                    "{place}`{name}`\n    log it by `summed!`, or at `debug`"
                ));
            }
            if ["%topic", "%rooms", "%event", "%path"]
                .iter()
                .any(|field| has_word(line, field))
            {
                wrong.push(format!(
                    "{place}a client's text by `%`\n    record it as a string: `topic = shown(topic)`"
                ));
            }
        }
    }
    wrong
}

/// True if `line` has `word`, and no longer word that ends or begins with it.
fn has_word(line: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        !line[..at].ends_with(is_part) && !line[at + word.len()..].starts_with(is_part)
    })
}
