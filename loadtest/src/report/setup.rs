//! The setup of a run in one line: the load, the server, and the cores of both.
//!
//! Reports show this line before any figure.

use crate::observe::host::Cores;
use crate::result::{Machine, Ramp, RunResult};

use super::units::{integer, plain};

/// Returns the setup that the figures belong to: "1,000 clients · 500 msg/s · ws://…".
pub(super) fn subtitle(result: &RunResult) -> String {
    let parts = [
        load(result),
        pace(result),
        value(result, "url").map(str::to_owned),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    parts.join(" · ")
}

/// Returns the clients: "1,000 clients in 10 topics", with slow clients and churners.
fn load(result: &RunResult) -> Option<String> {
    if result.restart.is_some() {
        return restarted(result);
    }
    let clients = match raised(result, "clients") {
        Some(range) => range,
        None => numeral(value(result, "clients")?),
    };
    let mut told = format!("{clients} clients");
    if let Some(topics) = value(result, "topics").filter(|topics| *topics != "1") {
        told.push_str(&format!(" in {} topics", numeral(topics)));
    }
    if let Some(slow) = value(result, "slow") {
        told.push_str(&format!(", {} of them slow", numeral(slow)));
    }
    if let Some(churners) = value(result, "churners") {
        told.push_str(&format!(" and {} that come and go", numeral(churners)));
    }
    Some(told)
}

/// Returns the clients of a restart: "10,000 clients in one lobby, 1 in each of 1,000 others".
fn restarted(result: &RunResult) -> Option<String> {
    let asked = ["lobby", "members", "lobbies"].map(|name| value(result, name).map(numeral));
    let [Some(lobby), Some(members), Some(lobbies)] = asked else {
        return None;
    };
    Some(format!(
        "{lobby} clients in one lobby, {members} in each of {lobbies} others"
    ))
}

/// Returns the rate of publishing, or the messages in flight.
fn pace(result: &RunResult) -> Option<String> {
    if let Some(range) = raised(result, "rate") {
        return Some(format!("{range} msg/s"));
    }
    match (value(result, "rate"), value(result, "window")) {
        (Some(rate), _) => Some(format!("{} msg/s", numeral(rate))),
        (None, Some(window)) => Some(format!("window of {}", numeral(window))),
        (None, None) => None,
    }
}

/// Returns the first and the last step of a ramp. `None` if the ramp does not raise `what`.
fn raised(result: &RunResult, what: &str) -> Option<String> {
    let ramp = result.ramp.as_ref().filter(|ramp| ramp.raised == what)?;
    let Ramp {
        last_held,
        broke_at,
        ..
    } = ramp;
    let first = match value(result, "from") {
        Some(from) => numeral(from),
        None => plain(result.measurements.first()?.step?),
    };
    match broke_at.or(*last_held).map(plain) {
        Some(last) if last != first => Some(format!("{first} to {last}")),
        _ => Some(first),
    }
}

/// True if the messages came at a rate that the user asked for, so that the rate is no merit of the
/// server.
pub(super) fn open_loop(result: &RunResult) -> bool {
    value(result, "rate").is_some() || raised(result, "rate").is_some()
}

/// Returns the value of a parameter by its name; the first value if there are several.
pub(super) fn value<'a>(result: &'a RunResult, name: &str) -> Option<&'a str> {
    let mut named = result.parameters.iter().filter(|each| each.name == name);
    named.next().map(|each| each.value.as_str())
}

/// Returns "1000" as "1,000". Text that is no number is returned unchanged.
fn numeral(value: &str) -> String {
    value.parse().map_or_else(|_| value.to_owned(), plain)
}

/// Returns the server's cores, if they were fewer than the machine's. The capacity is then that of
/// these cores alone.
pub(super) fn binding(machine: &Machine) -> Option<String> {
    let server = machine.server_cores.as_deref()?;
    let had = count(server)?;
    if had >= machine.cores as usize {
        return None;
    }
    let load = match machine.load_cores.as_deref() {
        Some(load) => format!("load on {}", cores(load)),
        None => "load not bound".to_owned(),
    };
    let capacity = match had {
        1 => "1 core".to_owned(),
        more => format!("{} cores", integer(more as u64)),
    };
    Some(format!(
        "Server on {} (of {}), {load}: the capacity told is that of {capacity}.",
        cores(server),
        machine.cores
    ))
}

fn cores(list: &str) -> String {
    match count(list) {
        Some(1) => format!("core {list}"),
        _ => format!("cores {list}"),
    }
}

/// Returns the number of cores in a list: two for "0,3", four for "0-3".
fn count(list: &str) -> Option<usize> {
    list.parse().ok().as_ref().map(Cores::count)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bound(cores: u32, server: &str, load: Option<&str>) -> Option<String> {
        binding(&Machine {
            cores,
            server_cores: Some(server.to_owned()),
            load_cores: load.map(str::to_owned),
            ..Machine::default()
        })
    }

    #[test]
    fn cores_of_a_server_are_shown_unless_it_has_all_of_the_machine() {
        assert_eq!(
            bound(2, "0", Some("1")).unwrap(),
            "Server on core 0 (of 2), load on core 1: the capacity told is that of 1 core."
        );
        assert_eq!(
            bound(16, "0-2,5", None).unwrap(),
            "Server on cores 0-2,5 (of 16), load not bound: the capacity told is that of 4 cores."
        );
        assert_eq!(bound(4, "0-3", Some("0-3")), None);
        assert_eq!(bound(4, "3-0", None), None);
    }
}
