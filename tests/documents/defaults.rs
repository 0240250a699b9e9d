//! The defaults in docs/configuration.md are those of the library.

use lobbyd::UserSocket;
use lobbyd::server::ServerLimits;

use crate::fixture::read;

#[test]
fn defaults_are_told_as_they_are() {
    let page = read("docs/configuration.md");
    let limits = ServerLimits::default();
    let socket = UserSocket::new();
    let socket = socket.limits();
    let table: [(&str, u64); 11] = [
        ("closing_timeout_ms", limits.closing_timeout_ms()),
        ("fault_delay_ms", limits.fault_delay_ms()),
        ("http_lifetime_ms", limits.http_lifetime_ms()),
        ("keep_alive_ms", limits.keep_alive_ms()),
        ("connect_timeout_ms", limits.connect_timeout_ms()),
        ("drain.ready_delay_ms", limits.drain.ready_delay_ms),
        ("drain.window_ms", limits.drain.window_ms),
        ("drain.deadline_ms", limits.drain.deadline_ms),
        ("notsent_bytes_max", limits.notsent_bytes_max().into()),
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
