//! A configuration written as a file: the complete file, or the effective values and their sources.

use std::fmt;

use super::auth::auth_tables::{GRANT, ISSUER, KEY, WHEN};
use super::auth::auth_values::{AuthConfig, GrantConfig, IssuerConfig, KeyConfig};
use super::effective::{Effective, Source};
use super::room::{EVENT, RETENTION, ROOM, RoomConfig};
use super::setting::Setting;
use super::settings::{SETTINGS, about};
use super::tree::Config;

/// Columns of the comments in the complete file.
const WIDTH: usize = 100;

const HEAD: &str = "\
Every setting of lobbyd with its default: what runs without any file. Keep the lines that you \
change. Units are in the names (_ms: milliseconds, bytes) or in the comments. `lobbyd config check FILE` reports what is wrong \
with a file; SIGHUP makes a running lobbyd read it again.";

/// Returns the complete file: all settings with their defaults and comments, and the built-in
/// rooms.
pub fn complete() -> String {
    let config = Config::default();
    let mut text = comment(HEAD);
    let mut table = "";
    for setting in SETTINGS.iter() {
        if setting.table() != table {
            if setting.limit.is_some() && !table.starts_with("limits") {
                text += &format!("\n{}", comment(LIMITS));
            }
            table = setting.table();
            text += &head(table);
        }
        text += &commented(setting, &config);
        if setting.path == "auth.phoenix.key_digest" {
            text += &complete_lists();
        }
    }
    text += &format!("\n{}", comment(ROOMS));
    for (at, room) in config.rooms.iter().enumerate() {
        text += &complete_room(room, at == 0);
    }
    text
}

const LIMITS: &str = "\
The limits, each with its value (max) and whether it bites: mode = \"observe\" only counts how often it would have, in the \
metric lobbyd_limit_reached_total. One that protects memory then bites at 16 times its value.";

const ROOMS: &str = "\
Rooms without code; the first whose topic matches is taken. A file with any [[room]] has only its own. \
The built-in lobby has no rates and no bytes_max, so that a load test can measure it. Set them before strangers come: a message \
goes to every member, so what may come in is what each must be able to take.";

fn head(table: &str) -> String {
    let about = about(table);
    let about = if about.is_empty() {
        String::new()
    } else {
        comment(about)
    };
    format!("\n{about}[{table}]\n")
}

/// Returns the comments and the line of a setting. The line is a comment too if the setting is not
/// set.
fn commented<T: 'static>(setting: &Setting<T>, target: &T) -> String {
    let mut doc = setting.doc.to_owned();
    if let Some(limit) = setting.limit.filter(|_| setting.key() == "max") {
        doc += &format!(" When it is reached: {}.", limit.outcome());
    }
    if setting.restart {
        doc += " (Takes a restart to change.)";
    }
    let doc = if doc.is_empty() { doc } else { comment(&doc) };
    let line = match setting.show(target) {
        Some(value) => format!("{} = {value}\n", setting.key()),
        None => format!(
            "#{} = {}    # not set: {}\n",
            setting.key(),
            setting.example,
            setting.unset
        ),
    };
    doc + &line
}

/// Returns the text of one room. If `explained`, everything that a room can have is in it.
fn complete_room(room: &RoomConfig, explained: bool) -> String {
    if !explained {
        return bare_room(room, "");
    }
    let mut text = "\n[[room]]\n".to_owned();
    text.extend(ROOM.iter().map(|setting| commented(setting, room)));
    for event in &room.rules.events {
        text += "\n[[room.event]]\n";
        text.extend(EVENT.iter().map(|setting| commented(setting, event)));
    }
    text += "\n#[room.retention]\n";
    text.extend(
        RETENTION
            .iter()
            .map(|setting| commented(setting, &room.retention)),
    );
    text
}

/// Returns the effective values as a file, each with its source. That file defines the same values.
pub fn effective(effective: &Effective) -> String {
    let mut text = String::new();
    if effective.config.rooms.is_empty() {
        // A file without this line has the built-in rooms. It has to stand before all tables.
        text += &format!("{:<40} # {}\n", "room = []", effective.file_name());
    }
    let mut table = "";
    for (index, setting) in SETTINGS.iter().enumerate() {
        if setting.table() != table {
            table = setting.table();
            let line = if text.is_empty() { "" } else { "\n" };
            text += &format!("{line}[{table}]\n");
        }
        let source = effective.source(index);
        let line = match setting.show(&effective.config) {
            Some(value) => format!("{} = {value}", setting.key()),
            None => format!("# {}: {}", setting.key(), unset(setting)),
        };
        text += &format!("{line:<40} # {source}\n");
        text += &shown_secret(effective, &setting.path);
    }
    text += &effective_lists(effective);
    for (at, room) in effective.config.rooms.iter().enumerate() {
        let source = match effective.room_lines.get(at) {
            Some(lines) => format!("{}:{}", effective.file_name(), lines.room.line),
            None => "default".to_owned(),
        };
        text += &bare_room(room, &source);
    }
    text
}

/// Writes what the configuration defines, in one line.
impl fmt::Display for Effective {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let set = self
            .sources
            .iter()
            .filter(|source| **source != Source::Default);
        let (set, rooms) = (set.count(), &self.config.rooms);
        let issuers: Vec<&str> = self.config.auth.issuer_names().collect();
        let topics: Vec<&str> = rooms.iter().map(|room| &*room.rules.topic).collect();
        let plural = |count| if count == 1 { "" } else { "s" };
        let (file, plural_set, plural_rooms) = (self.file_name(), plural(set), plural(rooms.len()));
        let and = match issuers.is_empty() {
            true => " and ".to_owned(),
            false => {
                let (count, plural) = (issuers.len(), plural(issuers.len()));
                format!(
                    ", {count} issuer{plural} of tokens ({}) and ",
                    issuers.join(", ")
                )
            }
        };
        write!(f, "{file}: ok: {set} setting{plural_set}{and}")?;
        let whose = match self.room_lines.is_empty() {
            // Only a file can have taken the built-in rooms away.
            _ if rooms.is_empty() => return write!(f, "no room"),
            true => "the built-in ",
            false => "",
        };
        let topics = topics.join(", ");
        write!(f, "{whose}{} room{plural_rooms} ({topics})", rooms.len())
    }
}

fn unset(setting: &Setting<Config>) -> String {
    match &*setting.path {
        "server.shards" => format!("{}, here {}", setting.unset, super::apply::cores()),
        _ => setting.unset.to_owned(),
    }
}

fn bare_room(room: &RoomConfig, source: &str) -> String {
    let source = match source {
        "" => String::new(),
        _ => format!("{:<32} # {source}", ""),
    };
    let mut text = format!("\n[[room]]{source}\n") + &bare(&ROOM, room);
    for event in &room.rules.events {
        text += "[[room.event]]\n";
        text += &bare(&EVENT, event);
    }
    let retention = bare(&RETENTION, &room.retention);
    if !retention.is_empty() {
        text += "[room.retention]\n";
        text += &retention;
    }
    text
}

fn bare<T: 'static>(settings: &[Setting<T>], target: &T) -> String {
    let line = |setting: &Setting<T>| {
        let value = setting.show(target)?;
        Some(format!("{} = {value}\n", setting.key()))
    };
    settings.iter().filter_map(line).collect()
}

/// Returns `text` as the lines of a comment.
fn comment(text: &str) -> String {
    let mut lines = String::new();
    let mut width = 0;
    for word in text.split_whitespace() {
        let wide = word.chars().count() + 1;
        if width == 0 || width + wide > WIDTH {
            lines += if lines.is_empty() { "#" } else { "\n#" };
            width = 1;
        }
        lines += " ";
        lines += word;
        width += wide;
    }
    lines + "\n"
}

/// Returns the part of the complete file about issuers and grants: comments alone, because there
/// are none by default.
fn complete_lists() -> String {
    let issuer = IssuerConfig {
        name: "accounts".to_owned(),
        ..IssuerConfig::default()
    };
    let grant = GrantConfig {
        claim: "role".to_owned(),
        has: "service_role".to_owned(),
        topics: vec!["*".to_owned()],
        allow: vec!["*".to_owned()],
    };
    let mut text = "\n[[auth.issuer]]\n".to_owned();
    text.extend(ISSUER.iter().map(|setting| commented(setting, &issuer)));
    text += "\n[[auth.issuer.key]]\n";
    text.extend(
        KEY.iter()
            .map(|setting| commented(setting, &KeyConfig::default())),
    );
    text += "\n[[auth.grant]]\n";
    text += &format!("when = {}\n", when(&grant));
    text.extend(GRANT.iter().map(|setting| commented(setting, &grant)));
    let lines = text.lines().map(|line| match line {
        "" => "\n".to_owned(),
        line if line.starts_with('#') => format!("{line}\n"),
        line => format!("#{line}\n"),
    });
    lines.collect()
}

/// Returns the issuers and grants in effect as a file, each with its source.
fn effective_lists(effective: &Effective) -> String {
    let AuthConfig {
        issuers, grants, ..
    } = &effective.config.auth;
    let file = effective.file_name();
    let lines = &effective.auth_lines;
    let mut text = String::new();
    for (issuer, own) in issuers.iter().zip(&lines.issuers) {
        text += &format!("\n[[auth.issuer]]{:<26} # {file}:{}\n", "", own.issuer.line);
        text += &bare(&ISSUER, issuer);
        for (at, key) in issuer.keys.iter().enumerate() {
            text += "[[auth.issuer.key]]\n";
            text += &bare(&KEY, key);
            let what = format!("{} {}", issuer.key_name(at), key.source());
            text += &shown_secret(effective, &what);
        }
    }
    for (grant, own) in grants.iter().zip(&lines.grants) {
        text += &format!("\n[[auth.grant]]{:<27} # {file}:{}\n", "", own.line);
        text += &format!("when = {}\n", when(grant));
        text += &bare(&GRANT, grant);
    }
    text
}

/// Returns a comment about the secret that the setting `what` names: its length, and where it came
/// from. Empty for another setting, and for a secret of the file itself, which its setting shows.
fn shown_secret(effective: &Effective, what: &str) -> String {
    let tokens = effective.config.tokens.iter();
    let mut secrets = tokens.flat_map(|tokens| &tokens.secrets);
    let found = secrets.find(|(name, text)| name == what && !text.is_inline());
    found.map_or(String::new(), |(_, text)| format!("# secret: \"{text}\"\n"))
}

fn when(grant: &GrantConfig) -> String {
    let of = |setting: &Setting<GrantConfig>| {
        let value = setting.show(grant).unwrap_or_default();
        format!("{} = {value}", setting.path)
    };
    let each: Vec<String> = WHEN.iter().map(of).collect();
    format!("{{ {} }}", each.join(", "))
}
