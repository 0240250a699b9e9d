//! Defaults in docs/configuration.md are those of the library.

use lobbyd::UserSocket;
use lobbyd::server::{HttpLimits, ServerLimits};

use crate::fixture::read;

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
