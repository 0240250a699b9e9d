//! Times and tries of clients until they were back after a restart, and the delays meanwhile.

use crate::result::{Count, Latency, Restart, SIGTERM};

use crate::report::table::{Cell, Form, Table, delay_row};
use crate::report::units::{integer, time, time_us};

/// Returns the table of times until clients were back. Each figure has a detail in words.
pub(super) fn times(restart: &Restart) -> Table {
    let mut table = Table::numbers("Restart, in time from the signal", &["", "", ""]);
    table.form = Form::Words;
    let mut row = |name: &str, value: String, detail: String| {
        let cells = [name.to_owned(), value, detail];
        table.rows.push(cells.map(Cell::plain).to_vec());
    };
    if let Some(seconds) = restart.ended_seconds {
        row("the old server had ended", at(seconds), ended(restart));
    }
    if let Some(seconds) = restart.answered_seconds {
        let detail = "the first upgrade was answered".to_owned();
        row("the new one answered", at(seconds), detail);
    }
    let shares = &restart.back_seconds;
    let reached = [
        ("50 % were back", shares.half),
        ("90 % were back", shares.p90),
        ("99 % were back", shares.p99),
        ("the last one was back", shares.last),
    ];
    for (name, seconds) in reached {
        if let Some(seconds) = seconds {
            row(name, at(seconds), since_the_answer(restart, seconds));
        }
    }
    row(
        "back",
        integer(restart.back),
        format!("of {} clients", integer(restart.clients)),
    );
    row("tries to connect", integer(restart.tries), tries(restart));
    for count in &restart.unanswered {
        row(
            "",
            integer(count.count),
            format!("no server was there: {}", count.what),
        );
    }
    for Count { what, count } in &restart.ends {
        row("old connections ended", integer(*count), what.clone());
    }
    table
}

fn at(seconds: f64) -> String {
    time(seconds * 1e6)
}

/// Returns how the old server ended. If SIGTERM ended the shell that started the server, the
/// shell's exit status does not show how the server itself ended.
fn ended(restart: &Restart) -> String {
    let how = match restart.ended_by_signal == Some(SIGTERM) {
        true => "how is not known; begin the command with exec",
        false => restart.ended_how.as_str(),
    };
    let socket = match restart.inherited {
        true => "; its listening socket stayed",
        false => "",
    };
    format!("{how}{socket}")
}

fn since_the_answer(restart: &Restart, seconds: f64) -> String {
    let answered = restart.answered_seconds.unwrap_or(seconds);
    format!("{} after the new one answered", at(seconds - answered))
}

fn tries(restart: &Restart) -> String {
    let late = restart.tries_late.as_ref();
    let late = late.map_or(String::new(), |late| {
        format!("; made {} late (p99)", time_us(late.p99_us))
    });
    format!(
        "{} for half of the clients, {} at most{late}",
        integer(restart.tries_p50.into()),
        integer(restart.tries_max.into())
    )
}

/// Returns the table of delays before and during the restart, for both kinds of lobbies.
pub(super) fn delays(restart: &Restart) -> Table {
    let columns = ["delivery", "p50", "p90", "p99", "max", "count"];
    let mut table = Table::numbers("Delays of those that were there", &columns);
    let named = restart.named_delays();
    let row = |(name, of): (&str, &Latency)| {
        delay_row(
            name,
            &[of.p50_us, of.p90_us, of.p99_us, of.max_us],
            of.count,
        )
    };
    table.rows = named.map(row).collect();
    let note = "While others came back: messages that were due from the new server's first answer until the last one was back.";
    table.note = Some(note.to_owned());
    table
}
