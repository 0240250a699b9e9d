//! The reading of the TOML file, with the line of each key, so that a message can name the line.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::effective::{Effective, Source};
use super::lines::{RoomLines, TableLines};
use super::names::{join, unknown};
use super::problem::Problem;
use super::raw::Raw;
use super::room::{EVENT, RETENTION, ROOM, RoomConfig, event};
use super::setting::Setting;
use super::settings::{SETTINGS, index_of};

/// The text of a file, with the configuration that its settings go into.
pub(super) struct FileReader<'r> {
    name: &'r str,
    text: &'r str,
    pub effective: &'r mut Effective,
    problems: &'r mut Vec<Problem>,
}

pub(super) type TomlValue<'i> = Spanned<DeValue<'i>>;

impl<'r> FileReader<'r> {
    pub fn new(
        name: &'r str,
        text: &'r str,
        effective: &'r mut Effective,
        problems: &'r mut Vec<Problem>,
    ) -> FileReader<'r> {
        FileReader {
            name,
            text,
            effective,
            problems,
        }
    }

    /// Reads the whole file, and adds what is wrong with it to the problems. False if the file is
    /// not TOML, so that none of its settings is known.
    pub fn read(mut self) -> bool {
        let (table, errors) = DeTable::parse_recoverable(self.text);
        for error in &errors {
            let at = error.span().map_or(0, |span| span.start);
            let text = error.message().replace('\n', " ");
            let line = self.line(at);
            self.problems.push(Problem {
                line,
                text: format!("{}:{line}: not TOML: {text}", self.name),
            });
        }
        if errors.is_empty() {
            self.table("", table.get_ref());
        }
        errors.is_empty()
    }

    fn table(&mut self, within: &str, table: &DeTable<'_>) {
        for (key, value) in table {
            let path = join(within, key.get_ref());
            if path == "room" {
                self.rooms(value);
            } else if self.auth_list(&path, value) {
                // Its tables were read.
            } else if let Some(index) = index_of(&path) {
                self.setting(index, value);
            } else if SETTINGS.iter().any(|setting| is_in(&setting.path, &path)) {
                match value.get_ref().as_table() {
                    Some(table) => self.table(&path, table),
                    None => self.no_table(&path, value),
                }
            } else {
                let text = unknown(within, key.get_ref());
                self.problem(key.span().start, &path, &text);
            }
        }
    }

    fn setting(&mut self, index: usize, value: &TomlValue<'_>) {
        let at = value.span().start;
        self.effective.sources[index] = Source::File(self.line(at));
        let setting = &SETTINGS[index];
        let raw = Raw::Toml(value.get_ref());
        match setting.set(&mut self.effective.config, raw) {
            Ok(()) => self.effective.of_file[index] = setting.show(&self.effective.config),
            Err(texts) => {
                self.effective.unusable.push(index);
                self.problems_of(at, &setting.path, &texts);
            }
        }
    }

    pub(super) fn no_table(&mut self, path: &str, value: &TomlValue<'_>) {
        let found = Raw::Toml(value.get_ref()).found();
        let mut text = format!("expected a table, found {found}");
        if index_of(&join(path, "max")).is_some() {
            text += &format!("; did you mean {path}.max?");
        }
        self.problem(value.span().start, path, &text);
    }

    fn rooms(&mut self, value: &TomlValue<'_>) {
        let Some(tables) = self.tables("room", value) else {
            return;
        };
        self.effective.config.rooms.clear();
        for (at, table) in tables {
            let mut lines = RoomLines {
                room: TableLines::new(self.line(at)),
                events: Vec::new(),
            };
            let room = self.room(at, table, &mut lines);
            self.effective.config.rooms.push(room);
            self.effective.room_lines.push(lines);
        }
    }

    fn room(&mut self, at: usize, table: &DeTable<'_>, lines: &mut RoomLines) -> RoomConfig {
        let mut room = RoomConfig::default();
        self.fields(
            "room",
            (&ROOM, &["event", "retention"]),
            table,
            &mut room,
            &mut lines.room,
        );
        if let Some(value) = table.get("event")
            && let Some(tables) = self.tables("room.event", value)
        {
            for (at, table) in tables {
                let mut event = event();
                let mut of_event = TableLines::new(self.line(at));
                self.fields(
                    "room.event",
                    (&EVENT, &[]),
                    table,
                    &mut event,
                    &mut of_event,
                );
                if event.event.as_str().is_empty() && !table.contains_key("name") {
                    self.problem(at, "room.event", "has no name");
                }
                room.rules.events.push(event);
                lines.events.push(of_event);
            }
        }
        if let Some(value) = table.get("retention") {
            lines.room.add("retention", self.line(value.span().start));
            match value.get_ref().as_table() {
                Some(table) => self.fields(
                    "room.retention",
                    (&RETENTION, &[]),
                    table,
                    &mut room.retention,
                    &mut lines.room,
                ),
                None => self.no_table("room.retention", value),
            }
        }
        if room.rules.topic.is_empty() && !table.contains_key("topic") {
            self.problem(at, "room", "has no topic");
        }
        room
    }

    /// Reads the settings of one table of a room. A key that is neither a setting nor an inner
    /// table is a problem.
    pub(super) fn fields<T: 'static>(
        &mut self,
        within: &str,
        (settings, inner): (&[Setting<T>], &[&str]),
        table: &DeTable<'_>,
        target: &mut T,
        lines: &mut TableLines,
    ) {
        // In the order of the settings, because a `reason` is taken only if the `deny` was read
        // before it.
        for setting in settings {
            let name = setting.path.as_str();
            if let Some((key, value)) = table.get_key_value(name) {
                lines.add(name, self.line(key.span().start));
                if let Err(texts) = setting.set(target, Raw::Toml(value.get_ref())) {
                    lines.is_sound = false;
                    self.problems_of(value.span().start, &join(within, name), &texts);
                }
            }
        }
        for key in table.keys() {
            let name: &str = key.get_ref();
            if !inner.contains(&name) && !settings.iter().any(|setting| setting.path == name) {
                lines.is_sound = false;
                let text = unknown(within, name);
                self.problem(key.span().start, &join(within, name), &text);
            }
        }
    }

    /// Returns the tables of `[[path]]`, each with its offset in the text. Adds a problem and
    /// returns None if `value` is no list of tables.
    pub(super) fn tables<'v, 'i>(
        &mut self,
        path: &str,
        value: &'v TomlValue<'i>,
    ) -> Option<Vec<(usize, &'v DeTable<'i>)>> {
        let one =
            |entry: &'v TomlValue<'i>| Some((entry.span().start, entry.get_ref().as_table()?));
        let array = value.get_ref().as_array();
        let tables = array.and_then(|array| array.iter().map(one).collect());
        if tables.is_none() {
            let text = match path.starts_with("auth.") {
                // It may be a secret in place of the table that it belongs into.
                true => format!("expected [[{path}]]"),
                false => {
                    let found = Raw::Toml(value.get_ref()).found();
                    format!("expected [[{path}]], found {found}")
                }
            };
            self.problem(value.span().start, path, &text);
        }
        tables
    }

    fn problems_of(&mut self, at: usize, path: &str, texts: &[String]) {
        for text in texts {
            self.problem(at, path, text);
        }
    }

    pub(super) fn problem(&mut self, at: usize, path: &str, text: &str) {
        let line = self.line(at);
        self.problems.push(Problem {
            line,
            // A key in quotes may hold a line break. It is escaped, so that the message stays one
            // line.
            text: format!("{}:{line}: {}: {text}", self.name, path.escape_debug()),
        });
    }

    pub(super) fn line(&self, at: usize) -> usize {
        let before = self.text.as_bytes().iter().take(at);
        1 + before.filter(|byte| **byte == b'\n').count()
    }
}

fn is_in(path: &str, table: &str) -> bool {
    path.strip_prefix(table)
        .is_some_and(|rest| rest.starts_with('.'))
}
