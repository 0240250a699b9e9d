//! Settings that are valid one by one, but contradict each other.
//!
//! The checks of rooms are in `room_checks`, and values that only hurt in `warnings`.

mod auth_warnings;
mod message_limits;
mod number_warnings;
mod room_checks;
mod room_warnings;
pub(super) mod warnings;

use std::net::IpAddr;

use self::message_limits::message_limits;
use crate::config::effective::Effective;
use crate::config::problem::Problem;
use crate::config::tree::Config;

/// Adds the problems of the settings that could be read.
pub(super) fn check(effective: &Effective, problems: &mut Vec<Problem>) {
    let pairs = wrong_pairs(&effective.config).into_iter();
    let biting = message_limits(effective)
        .into_iter()
        .filter(|bound| bound.bites);
    let biting = biting.map(|bound| (bound.path, bound.with, bound.refused()));
    for (path, with, text) in pairs.chain(biting) {
        if let Some(index) = effective.report_at(path, with) {
            problems.push(Problem {
                line: effective.line(index),
                text: format!("{}: {text}", effective.place(index)),
            });
        }
    }
    room_checks::check(effective, problems);
}

/// A setting, the settings that contradict it, and the text of the problem.
type Wrong = (&'static str, &'static [&'static str], String);

fn wrong_pairs(config: &Config) -> Vec<Wrong> {
    let mut wrong: Vec<Wrong> = Vec::new();
    if let Some(text) = one_place(config) {
        wrong.push(("server.admin_listen", &["server.listen"], text));
    }
    if config.proxy_protocol && config.trusted_proxies.is_empty() {
        let text = "needs server.trusted_proxies: whose headers are to be believed?";
        wrong.push((
            "server.proxy_protocol",
            &["server.trusted_proxies"],
            text.to_owned(),
        ));
    }
    wrong.extend(drain(config));
    wrong
}

fn drain(config: &Config) -> Option<Wrong> {
    let drain = config.limits.drain;
    // Without a window all are closed at once, which takes some time too.
    let least = drain.ready_delay_ms + drain.window_ms.max(1);
    let text = format!(
        "a deadline of {} ms comes before the end of a ready delay of {} ms and a window of {} ms; expected a deadline of at least {least}",
        drain.deadline_ms, drain.ready_delay_ms, drain.window_ms,
    );
    let with = &["drain.window_ms", "drain.ready_delay_ms"];
    (drain.deadline_ms < least).then_some(("drain.deadline_ms", with, text))
}

/// Returns the problem of two addresses that cannot both be bound: they are the same, or one is
/// every address of the machine.
fn one_place(config: &Config) -> Option<String> {
    let (public, admin) = (&config.listen, config.admin_listen.as_ref()?);
    if public.port != admin.port || public.port == 0 {
        return None;
    }
    if public.host == admin.host {
        return Some(format!(
            "is server.listen as well; expected another address or port than {public}"
        ));
    }
    let (one, other) = (public.ip()?, admin.ip()?);
    let covers =
        |one: IpAddr, other: IpAddr| one.is_unspecified() && (one.is_ipv6() || other.is_ipv4());
    (one == other || covers(one, other) || covers(other, one)).then(|| {
        format!("has the port of server.listen, {public}, and one of the two addresses covers the other; expected another port")
    })
}
