//! The forms of values that only rooms have: names of events, and the part of a push to relay.

use super::form::{Form, quoted};
use super::lists::{each, list};
use super::raw::Raw;
use super::unfit::Unfit;
use crate::rooms::{EventName, Relay};

impl Form for EventName {
    fn expected() -> String {
        String::expected()
    }

    fn read(raw: Raw<'_>) -> Result<EventName, Unfit> {
        Ok(match String::read(raw)? {
            any if any == "*" => EventName::Any,
            name => EventName::Named(name),
        })
    }

    fn show(&self) -> Option<String> {
        Some(quoted(self.as_str()))
    }
}

impl Form for Relay {
    fn expected() -> String {
        "\"all\" or a list of fields, as in [\"body\"]".to_owned()
    }

    fn read(raw: Raw<'_>) -> Result<Relay, Unfit> {
        if raw.text() == Some("all") {
            return Ok(Relay::All);
        }
        let fields = each(raw, |field| Ok(field.to_owned()))?;
        let twice = (1..fields.len()).filter(|at| fields[..*at].contains(&fields[*at]));
        let twice: Vec<_> = twice
            .map(|at| format!("{:?} stands twice", fields[at]))
            .collect();
        match twice.is_empty() {
            true if fields.is_empty() => Err(Unfit::Form),
            true => Ok(Relay::Fields(fields)),
            false => Err(Unfit::Each(twice)),
        }
    }

    fn show(&self) -> Option<String> {
        Some(match self {
            Relay::All => quoted("all"),
            Relay::Fields(fields) => list(fields.iter()),
        })
    }
}
