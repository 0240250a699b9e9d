//! Text with places for a client's values and the number of its lobby, prepared before a run.

use base64::Engine;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use serde_json::Value;
use url::form_urlencoded::byte_serialize;

use super::columns::{BadColumns, Columns, is_name};

/// Stands in a topic or a join payload for the lobby's number.
pub const LOBBY: &str = "lobby";

/// A text in pieces. Writing it copies bytes and escapes values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Template(Vec<Piece>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(Vec<u8>),
    Lobby,
    Column(usize, Escape),
    /// A template whose text is written in Base64.
    Base64(Template),
}

/// The way in which values are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Escape {
    /// As they are.
    Plain,
    /// As a part of a JSON string.
    Json,
    /// Percent-encoded, as a part of a query. The template's own text is encoded too.
    Query,
}

impl Template {
    /// Parses a text as typed: `{name}` is a column if `columns` have names, and `{lobby}` is the
    /// lobby's number if `lobby` is set.
    ///
    /// # Errors
    /// A name that no column has. The error begins with `flag`.
    pub fn parse(
        flag: &str,
        text: &str,
        columns: &Columns,
        escape: Escape,
        lobby: bool,
    ) -> Result<Template, BadColumns> {
        let mut parsed = Template::default();
        let mut rest = text;
        while let Some(at) = rest.find('{') {
            let name = rest[at + 1..].split_once('}').map(|(name, _)| name);
            let piece = match name.filter(|name| is_name(name)) {
                Some(LOBBY) if lobby => Some(Piece::Lobby),
                Some(name) if columns.are_named() => {
                    Some(Piece::Column(columns.find(flag, name)?, escape))
                }
                _ => None,
            };
            let (text_len, taken) = match (&piece, name) {
                (Some(_), Some(name)) => (at, at + name.len() + 2),
                _ => (at + 1, at + 1),
            };
            parsed.add_text(&rest[..text_len], escape);
            parsed.0.extend(piece);
            rest = &rest[taken..];
        }
        parsed.add_text(rest, escape);
        Ok(parsed)
    }

    /// Returns a text without places.
    pub fn text(text: &str) -> Template {
        let mut template = Template::default();
        template.add_text(text, Escape::Plain);
        template
    }

    /// Returns the value of a column alone.
    pub fn column(column: usize, escape: Escape) -> Template {
        Template(vec![Piece::Column(column, escape)])
    }

    /// Returns the text in Base64, without padding, as `btoa` and phoenix.js write it.
    pub fn in_base64(self) -> Template {
        Template(vec![Piece::Base64(self)])
    }

    /// Adds the pieces of `other`.
    #[must_use]
    pub fn then(mut self, other: Template) -> Template {
        for piece in other.0 {
            match piece {
                Piece::Text(bytes) => self.add_bytes(&bytes),
                piece => self.0.push(piece),
            }
        }
        self
    }

    fn add_text(&mut self, text: &str, escape: Escape) {
        match escape {
            Escape::Plain | Escape::Json => self.add_bytes(text.as_bytes()),
            Escape::Query => {
                byte_serialize(text.as_bytes()).for_each(|part| self.add_bytes(part.as_bytes()))
            }
        }
    }

    fn add_bytes(&mut self, bytes: &[u8]) {
        match self.0.last_mut() {
            Some(Piece::Text(text)) => text.extend_from_slice(bytes),
            _ if bytes.is_empty() => {}
            _ => self.0.push(Piece::Text(bytes.to_vec())),
        }
    }

    /// True if a client's values stand in the text.
    pub fn has_columns(&self) -> bool {
        self.0.iter().any(|piece| match piece {
            Piece::Column(..) => true,
            Piece::Base64(template) => template.has_columns(),
            Piece::Text(_) | Piece::Lobby => false,
        })
    }

    /// Returns the text up to the first place.
    pub fn beginning(&self) -> &[u8] {
        match self.0.first() {
            Some(Piece::Text(text)) => text,
            _ => &[],
        }
    }

    /// Appends the text of a client in `lobby` to `out`.
    pub fn write(&self, columns: &Columns, lobby: u32, client: u32, out: &mut Vec<u8>) {
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => out.extend_from_slice(text),
                Piece::Lobby => out.extend_from_slice(lobby.to_string().as_bytes()),
                Piece::Column(column, escape) => {
                    write_value(columns.value(*column, client), *escape, out);
                }
                Piece::Base64(template) => {
                    let mut text = Vec::new();
                    template.write(columns, lobby, client, &mut text);
                    out.extend_from_slice(BASE64_STANDARD_NO_PAD.encode(text).as_bytes());
                }
            }
        }
    }

    /// Returns the text of a client in `lobby`.
    pub fn written(&self, columns: &Columns, lobby: u32, client: u32) -> String {
        let mut out = Vec::new();
        self.write(columns, lobby, client, &mut out);
        String::from_utf8_lossy(&out).into_owned()
    }
}

fn write_value(value: &str, escape: Escape, out: &mut Vec<u8>) {
    match escape {
        Escape::Plain => out.extend_from_slice(value.as_bytes()),
        Escape::Json => {
            let quoted = Value::from(value).to_string();
            out.extend_from_slice(&quoted.as_bytes()[1..quoted.len() - 1]);
        }
        Escape::Query => {
            byte_serialize(value.as_bytes())
                .for_each(|part| out.extend_from_slice(part.as_bytes()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::columns::tests::columns;
    use super::*;

    fn written(text: &str, escape: Escape) -> Result<String, String> {
        let columns = columns("token,user\nt,u\n\"a\"\"b&c=ä\",u2\n").unwrap();
        let parsed = Template::parse("--x", text, &columns, escape, true);
        let parsed = parsed.map_err(|error| error.to_string())?;
        Ok(parsed.written(&columns, 7, 1))
    }

    #[test]
    fn value_is_escaped_for_the_place_where_it_stands() {
        let table = [
            ("Bearer {token}", Escape::Plain, "Bearer a\"b&c=ä"),
            (
                r#"{"t":"{token}","l":{lobby}}"#,
                Escape::Json,
                r#"{"t":"a\"b&c=ä","l":7}"#,
            ),
            ("x {user}{token}", Escape::Query, "x+u2a%22b%26c%3D%C3%A4"),
            ("{user}:{lobby}{", Escape::Plain, "u2:7{"),
            ("{}{ user}{{user}}", Escape::Plain, "{}{ user}{u2}"),
        ];
        for (text, escape, expected) in table {
            assert_eq!(written(text, escape).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn name_that_no_column_has_is_an_error_that_lists_the_columns() {
        let error = written("{tokem}", Escape::Plain).unwrap_err();
        assert!(error.contains("--x: {tokem} is no column of"), "{error}");
        assert!(error.ends_with("which has token, user"), "{error}");
    }

    #[test]
    fn braces_are_text_where_no_column_has_a_name() {
        let none = Columns::default();
        let parsed = Template::parse("--x", "{a}{lobby}", &none, Escape::Plain, false).unwrap();
        assert_eq!(parsed, Template::text("{a}{lobby}"));
    }

    #[test]
    fn base64_is_that_of_btoa_without_padding() {
        let text = Template::text("x: ").then(Template::text("??>~").in_base64());
        assert_eq!(text.written(&Columns::default(), 0, 0), "x: Pz8+fg");
    }
}
