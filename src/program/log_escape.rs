//! Text in a log line: characters that a terminal or an editor obeys, or that nobody sees, escaped.

use std::fmt::{self, Write as _};

/// The quotes around a text, and the escapes that go with them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Quotes {
    None,
    Text,
    Json,
}

/// A text without characters that a terminal or an editor obeys.
pub(super) struct Escaped<'a>(pub &'a str, pub Quotes);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Escaped(text, quotes) = *self;
        let quote = if quotes == Quotes::None { "" } else { "\"" };
        f.write_str(quote)?;
        for c in text.chars() {
            match c {
                '"' | '\\' if quotes != Quotes::None => write!(f, "\\{c}")?,
                '\n' => f.write_str("\\n")?,
                '\r' => f.write_str("\\r")?,
                '\t' => f.write_str("\\t")?,
                c if is_obeyed(c) && quotes == Quotes::Json => {
                    for unit in c.encode_utf16(&mut [0; 2]) {
                        write!(f, "\\u{unit:04x}")?;
                    }
                }
                c if is_obeyed(c) => write!(f, "\\u{{{:x}}}", c as u32)?,
                c => f.write_char(c)?,
            }
        }
        f.write_str(quote)
    }
}

/// True for control characters (C0, DEL, C1), for separators of lines and paragraphs, and for all
/// format characters of Unicode (`Cf`). Those change the direction of a text, or are not seen.
fn is_obeyed(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}'
            | '\u{890}' | '\u{891}' | '\u{8e2}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}' | '\u{110bd}' | '\u{110cd}'
            | '\u{13430}'..='\u{1343f}' | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e007f}')
}
