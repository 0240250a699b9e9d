//! The problems of a restart: clients that are not back, connections cut off, late tries.

use std::os::unix::process::ExitStatusExt;

use super::phases::Phases;
use crate::arguments;
use crate::report::units::{counted, integer, time_us};
use crate::result::{Count, Measurement, Problem, Restart, SIGTERM};
use crate::run::{failure, warning};

/// Returns the failures of a restart, and warnings about the server's end.
pub(super) fn problems(
    restart: &Restart,
    phases: &Phases,
    asked: &arguments::RestartArgs,
) -> Vec<Problem> {
    let stay_away = restart.stay_away;
    let time = |duration| humantime::format_duration(duration).to_string();
    let mut problems = Vec::new();
    if phases.killed {
        let end_within = time(asked.end_within);
        problems.push(failure(format!(
            "the server did not end within {end_within} of SIGTERM and was killed"
        )));
    } else if let Some(status) = phases.status()
        && !status.success()
        && status.signal() != Some(SIGTERM)
    {
        problems.push(warning(format!("the server ended with {status}")));
    }
    problems.extend(phases.no_server.clone().map(failure));
    if stay_away > 0 {
        let many = counted(stay_away, "client was", "clients were");
        problems.push(failure(format!(
            "{many} closed with 1000 or told phx_close: phoenix.js up to 1.8.15 does not come back after a close with 1000, and no version after phx_close"
        )));
    }
    let not_back = restart.clients.saturating_sub(restart.back + stay_away);
    if not_back > 0 {
        problems.push(failure(format!(
            "{} of {} clients were not back within {} of the signal",
            integer(not_back),
            integer(restart.clients),
            time(asked.back_within)
        )));
    }
    problems.extend(rough_ends(&phases.rough_ends()));
    problems
}

fn rough_ends(rough: &[Count]) -> Option<Problem> {
    let many = Count::total(rough);
    let each = rough
        .iter()
        .map(|end| format!("{} ({})", end.what, integer(end.count)));
    let each: Vec<String> = each.collect();
    (many > 0).then(|| {
        let many = counted(many, "connection", "connections");
        let each = each.join(", ");
        warning(format!(
            "{many} to the old server ended otherwise than with 1012 (restart): {each}"
        ))
    })
}

/// Lateness of tries above which a warning is given, because the storm is milder than a real one.
const LATE_US: u64 = 50_000;

/// Returns warnings about facts that may mislead.
pub(super) fn doubts(restart: &Restart, measurement: &Measurement) -> Vec<Problem> {
    let late_us = restart.tries_late.as_ref().map_or(0, |late| late.p99_us);
    let late = (late_us > LATE_US).then(|| {
        warning(format!(
            "the load generator made its tries late (p99 {} after they were due): the storm was milder than it would have been",
            time_us(late_us)
        ))
    });
    let upgrades = restart.late_upgrades;
    let fallback = (upgrades > 0).then(|| {
        let many = counted(upgrades, "upgrade", "upgrades");
        warning(format!(
            "{many} took longer than 2.5 s: clients with longPollFallbackMs would have turned to long-poll"
        ))
    });
    let busy = (measurement.load.busy >= 0.9).then(|| {
        warning(
            "the load generator was busy all the time: times and delays are partly its own"
                .to_owned(),
        )
    });
    [late, fallback, busy].into_iter().flatten().collect()
}
