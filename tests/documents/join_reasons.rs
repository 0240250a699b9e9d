//! The chat page knows the reasons with which a server refuses a join: it waits, or gives up.

use crate::fixture::{quoted, read};

/// The reasons that do not pass by themselves: the page gives up at them, as at a room's own. It
/// has no token.
const FINAL: &[&str] = &["topic or ref too long", "token missing", "forbidden"];

#[test]
fn page_waits_for_each_refusal_of_the_server_that_passes() {
    let (operations, page) = (read("docs/operations.md"), read("static/chat.js"));
    let (_, table) = operations
        .split_once("\n**Joins**")
        .expect("the table of refused joins");
    let (table, _) = table.split_once("\n**Pushes**").expect("the next table");
    let reasons = table.lines().filter_map(|row| {
        let told = row.strip_prefix("| `")?.split(" | ").nth(1)?;
        told.starts_with('`').then(|| quoted(told).swap_remove(0))
    });
    let reasons: Vec<String> = reasons.collect();
    assert!(reasons.len() > 5, "{reasons:?}");
    for reason in reasons {
        let waits = page.contains(&format!("[\"{reason}\", "));
        assert_ne!(waits, FINAL.contains(&reason.as_str()), "{reason}");
    }
}
