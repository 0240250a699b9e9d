//! A value as it was given, in a file or as text, before its setting has read it.

use std::borrow::Cow;

use toml::Spanned;
use toml::de::DeValue;
use toml::value::Datetime;

/// A value of the file, or the text of a variable or flag.
#[derive(Clone, Copy, Debug)]
pub enum Raw<'a> {
    /// From the environment or the command line, where everything is text.
    Typed(&'a str),
    /// From the file, where a number is a number.
    Toml(&'a DeValue<'a>),
}

impl<'a> Raw<'a> {
    /// Returns the value as a text. None for a value of the file that is no text, such as a number.
    pub fn text(self) -> Option<&'a str> {
        match self {
            Raw::Typed(text) => Some(text),
            Raw::Toml(DeValue::String(text)) => Some(text),
            Raw::Toml(_) => None,
        }
    }

    /// Returns the value as a whole number, which may be written with underscores, as in 65_536.
    pub fn whole(self) -> Option<i128> {
        match self {
            Raw::Typed(text) if text.starts_with('_') || text.ends_with('_') => None,
            Raw::Typed(text) => text.replace('_', "").parse().ok(),
            Raw::Toml(DeValue::Integer(whole)) => {
                i128::from_str_radix(whole.as_str(), whole.radix()).ok()
            }
            Raw::Toml(_) => None,
        }
    }

    /// Returns the value as true or false.
    pub fn switch(self) -> Option<bool> {
        match self {
            Raw::Typed(text) => text.parse().ok(),
            Raw::Toml(value) => value.as_bool(),
        }
    }

    /// Returns the entries of a list. Outside a file, they are separated by commas.
    pub fn list(self) -> Option<Vec<Raw<'a>>> {
        match self {
            Raw::Typed("") => Some(Vec::new()),
            Raw::Typed(text) => Some(text.split(',').map(str::trim).map(Raw::Typed).collect()),
            Raw::Toml(value) => {
                let entries = value.as_array()?.iter();
                Some(entries.map(|entry| Raw::Toml(entry.get_ref())).collect())
            }
        }
    }

    /// Returns the value as a time, which a file may have with or without quotes.
    pub fn time(self) -> Option<Datetime> {
        match self {
            Raw::Toml(DeValue::Datetime(time)) => Some(*time),
            _ => self.text()?.parse().ok(),
        }
    }

    /// Returns the entries of a table that has texts alone.
    pub fn texts_by_key(self) -> Option<Vec<(&'a str, &'a str)>> {
        let Raw::Toml(DeValue::Table(table)) = self else {
            return None;
        };
        let entries = table.iter();
        let pair = |(key, value): (&'a Spanned<Cow<'a, str>>, &'a Spanned<DeValue<'a>>)| {
            let key: &str = key.get_ref();
            Some((key, Raw::Toml(value.get_ref()).text()?))
        };
        entries.map(pair).collect()
    }

    /// Returns a description of the value, to follow the word "found" in a message.
    pub fn found(self) -> String {
        match self {
            Raw::Typed(text) => format!("{text:?}"),
            Raw::Toml(DeValue::String(text)) => format!("{text:?}"),
            Raw::Toml(DeValue::Integer(whole)) => whole.to_string(),
            Raw::Toml(DeValue::Float(float)) => float.to_string(),
            Raw::Toml(DeValue::Boolean(switch)) => switch.to_string(),
            Raw::Toml(DeValue::Datetime(time)) => time.to_string(),
            Raw::Toml(DeValue::Array(list)) => match list.iter().next() {
                None => "an empty list".to_owned(),
                Some(first) => format!("a list of {}", kind(first.get_ref())),
            },
            Raw::Toml(DeValue::Table(_)) => "a table".to_owned(),
        }
    }
}

fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "texts",
        DeValue::Integer(_) => "whole numbers",
        DeValue::Float(_) => "numbers",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "dates",
        DeValue::Array(_) => "lists",
        DeValue::Table(_) => "tables",
    }
}
