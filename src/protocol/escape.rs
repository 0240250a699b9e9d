//! JSON strings: writing and reading their escapes.

use std::borrow::Cow;

use super::scan::plain_length;

/// Hands `put` the pieces of `text` as a JSON string. Only quote, backslash and control characters
/// are escaped, as in Phoenix.
pub(super) fn write_string(text: &str, mut put: impl FnMut(&str)) {
    put("\"");
    let mut rest = text;
    // The byte that ends a plain run is ASCII, so both cuts fall between characters.
    while let Some((plain, special)) = rest.split_at_checked(plain_length(rest.as_bytes())) {
        put(plain);
        let Some(byte) = special.bytes().next() else {
            break;
        };
        write_escape(byte, &mut put);
        rest = special.get(1..).unwrap_or_default();
    }
    put("\"");
}

fn write_escape(byte: u8, put: &mut impl FnMut(&str)) {
    put(match byte {
        b'"' => "\\\"",
        b'\\' => "\\\\",
        b'\n' => "\\n",
        b'\r' => "\\r",
        b'\t' => "\\t",
        0x08 => "\\b",
        0x0c => "\\f",
        _ => {
            let digit = |value: u8| char::from_digit(value.into(), 16).unwrap_or('0');
            put("\\u00");
            put(digit(byte >> 4).encode_utf8(&mut [0; 4]));
            put(digit(byte & 15).encode_utf8(&mut [0; 4]));
            return;
        }
    });
}

/// Appends `text` as a JSON string.
pub(super) fn write_bytes(out: &mut Vec<u8>, text: &str) {
    write_string(text, |piece| out.extend_from_slice(piece.as_bytes()));
}

/// Returns the content of a JSON string, given the text between its quotes. The result is borrowed
/// if nothing is escaped. The input is expected to be valid; an invalid escape becomes U+FFFD.
pub(super) fn unescape(inner: &str) -> Cow<'_, str> {
    let Some((plain, escaped)) = inner.split_once('\\') else {
        return Cow::Borrowed(inner);
    };
    let mut content = String::with_capacity(inner.len());
    content.push_str(plain);
    let mut rest = escaped;
    loop {
        // `rest` begins behind a backslash.
        let (character, behind) = read_escape(rest);
        content.push(character);
        let Some((plain, escaped)) = behind.split_once('\\') else {
            content.push_str(behind);
            return Cow::Owned(content);
        };
        content.push_str(plain);
        rest = escaped;
    }
}

/// Returns the character of the escape at the start of `text`, which begins behind the backslash,
/// and the text that follows.
fn read_escape(text: &str) -> (char, &str) {
    let mut characters = text.chars();
    let character = match characters.next() {
        Some('u') => return read_unicode(characters.as_str()),
        Some('n') => '\n',
        Some('r') => '\r',
        Some('t') => '\t',
        Some('b') => '\u{8}',
        Some('f') => '\u{c}',
        Some(itself @ ('"' | '\\' | '/')) => itself,
        _ => char::REPLACEMENT_CHARACTER,
    };
    (character, characters.as_str())
}

fn read_unicode(text: &str) -> (char, &str) {
    let Some((unit, rest)) = read_unit(text) else {
        return (char::REPLACEMENT_CHARACTER, text);
    };
    if let Some(character) = char::from_u32(unit) {
        return (character, rest);
    }
    let low = rest.strip_prefix("\\u").and_then(read_unit);
    match low {
        Some((low, behind)) => (from_pair(unit, low), behind),
        None => (char::REPLACEMENT_CHARACTER, rest),
    }
}

fn read_unit(text: &str) -> Option<(u32, &str)> {
    let (digits, rest) = text.split_at_checked(4)?;
    Some((u32::from_str_radix(digits, 16).ok()?, rest))
}

fn from_pair(high: u32, low: u32) -> char {
    let offset = |unit: u32, base: u32| unit.checked_sub(base).filter(|offset| *offset < 0x400);
    match (offset(high, 0xD800), offset(low, 0xDC00)) {
        (Some(high), Some(low)) => char::from_u32(0x10000 + (high << 10 | low)),
        _ => None,
    }
    .unwrap_or(char::REPLACEMENT_CHARACTER)
}
