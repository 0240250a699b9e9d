//! The hint for an unknown name: the name probably meant, its places, or the names that exist.

use strsim::osa_distance;

use super::auth::auth_tables::{GRANT, ISSUER, KEY, WHEN};
use super::room::{EVENT, RETENTION, ROOM};
use super::settings::SETTINGS;

/// Returns the entry of `names` that `typed` probably means. The two are spelled alike, one
/// begins with the other, or both have the same words.
pub fn nearest<S: AsRef<str>>(typed: &str, names: impl Iterator<Item = S>) -> Option<S> {
    let far = (typed.len() / 3).max(1);
    let distance = |name: &str| {
        let begins = name.starts_with(typed) || (name.len() > 2 && typed.starts_with(name));
        match begins || words(name) == words(typed) {
            true => far,
            false => osa_distance(typed, name),
        }
    };
    let distances = names.map(|name| (distance(name.as_ref()), name));
    let near = distances.filter(|(distance, _)| *distance <= far);
    near.min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

fn words(name: &str) -> Vec<&str> {
    let mut words: Vec<&str> = name.split('_').collect();
    words.sort_unstable();
    words
}

/// Most places of one name that are a hint.
const MEANT_MAX: usize = 3;

/// Returns the message for `key`, which is no name in the table `within` (empty: the top). The
/// message suggests the nearest name of that table, else the places where `key` exists. If there
/// are none or too many, it lists the names of the table.
pub fn unknown(within: &str, key: &str) -> String {
    let all: Vec<String> = everywhere().collect();
    let beside = of_table(within, &all);
    if let Some(name) = nearest(key, beside.iter()) {
        return format!("no such setting; did you mean {}?", join(within, name));
    }
    let elsewhere = places(within, key, &all);
    match elsewhere.len() {
        1..=MEANT_MAX => format!("no such setting; did you mean {}?", one_of(&elsewhere)),
        _ => format!("no such setting; expected {}", one_of(&beside)),
    }
}

/// Returns the names in a table: settings and inner tables, each once.
fn of_table<'a>(within: &str, all: &'a [String]) -> Vec<&'a str> {
    let mut names: Vec<&str> = Vec::new();
    for path in all {
        let rest = match within {
            "" => Some(&**path),
            _ => path
                .strip_prefix(within)
                .and_then(|rest| rest.strip_prefix('.')),
        };
        let name = rest.and_then(|rest| rest.split('.').next());
        names.extend(name.filter(|name| !names.contains(name)));
    }
    names
}

/// Returns the paths of settings and tables whose last part is `key`. If `within` is a table of a
/// room, returns only the paths of rooms.
fn places(within: &str, key: &str, all: &[String]) -> Vec<String> {
    let in_room = |path: &str| path == "room" || path.starts_with("room.");
    let mut places: Vec<String> = Vec::new();
    for path in all.iter().filter(|path| !in_room(within) || in_room(path)) {
        let table = path.rsplit_once('.').map_or("", |(table, _)| table);
        for place in [path, table] {
            let is_new = !places.iter().any(|known| known == place);
            if place.rsplit('.').next() == Some(key) && is_new {
                places.push(place.to_owned());
            }
        }
    }
    places
}

/// Returns the path of every setting, the settings of rooms included.
fn everywhere() -> impl Iterator<Item = String> {
    let plain = SETTINGS.iter().map(|setting| setting.path.clone());
    let room = ROOM.iter().map(|setting| join("room", &setting.path));
    let event = EVENT
        .iter()
        .map(|setting| join("room.event", &setting.path));
    let kept = RETENTION.iter();
    let kept = kept.map(|setting| join("room.retention", &setting.path));
    plain.chain(room).chain(event).chain(kept).chain(of_auth())
}

/// Returns the path of every setting of the lists of `[auth]`.
fn of_auth() -> impl Iterator<Item = String> {
    let issuer = ISSUER
        .iter()
        .map(|setting| join("auth.issuer", &setting.path));
    let key = KEY
        .iter()
        .map(|setting| join("auth.issuer.key", &setting.path));
    let grant = GRANT
        .iter()
        .map(|setting| join("auth.grant", &setting.path));
    let when = WHEN
        .iter()
        .map(|setting| join("auth.grant.when", &setting.path));
    issuer.chain(key).chain(grant).chain(when)
}

/// Joins names as in "a, b or c".
fn one_of<S: AsRef<str>>(names: &[S]) -> String {
    let names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
    match names.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, before)) => format!("{} or {last}", before.join(", ")),
        None => String::new(),
    }
}

/// The variable that names the file, where no flag names it.
pub(super) const FILE_VARIABLE: &str = "LOBBYD_CONFIG";

/// Returns the message for the unknown variable `name`. It suggests a variable that ends with the
/// same words, or the nearest spelling. So LOBBYD_LISTEN means LOBBYD_SERVER_LISTEN.
pub fn unknown_variable(name: &str) -> String {
    let variables = SETTINGS.iter().map(|setting| setting.variable());
    let names: Vec<String> = variables.chain([FILE_VARIABLE.to_owned()]).collect();
    // All names begin with the same word, so it makes no two of them alike.
    let words = |name: &str| name.strip_prefix("LOBBYD_").unwrap_or(name).to_owned();
    let own = words(name);
    if own.is_empty() {
        return "no such setting; a name is missing, as in LOBBYD_LOG_LEVEL".to_owned();
    }
    let end = format!("_{own}");
    let ends = names.iter().filter(|candidate| candidate.ends_with(&end));
    let meant = ends
        .min_by_key(|candidate| candidate.len())
        .map(|name| words(name));
    match meant.or_else(|| nearest(&own, names.iter().map(|name| words(name)))) {
        Some(meant) => format!("no such setting; did you mean LOBBYD_{meant}?"),
        None if own.starts_with("AUTH_ISSUER") || own.starts_with("AUTH_GRANT") => {
            "no such setting; issuers and grants stand in the file alone, as [[auth.issuer]] and [[auth.grant]]"
                .to_owned()
        }
        None if own.starts_with("ROOM") => {
            "no such setting; rooms stand in the file alone, as [[room]]".to_owned()
        }
        None => "no such setting; lobbyd config default prints all of them".to_owned(),
    }
}

/// Returns the path of `key` in the table `within`.
pub fn join(within: &str, key: &str) -> String {
    match within {
        "" => key.to_owned(),
        _ => format!("{within}.{key}"),
    }
}
