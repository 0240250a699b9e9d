//! The decoded query string of a client's URL, and the variables of the path.

use std::borrow::Cow;
use std::collections::BTreeMap;

use percent_encoding::percent_decode;
use thiserror::Error;

/// Longest query string that is accepted, in bytes: Plug's limit. A longer query is answered with
/// 414. Over HTTP no query becomes that long: hyper answers a URL over 65,534 bytes with 414, or
/// with 431 if the whole request head is over its limit.
pub const QUERY_BYTES_MAX: usize = 1_000_000;

/// Most brackets of one key, so that no client decides how deep a value is. phoenix.js nests as
/// deep as the page's own parameters do. A key with more brackets is answered with 400.
pub const NESTING_MAX: usize = 16;

/// Most `key=value` pairs in one query, so that decoding a refused request stays cheap. A query
/// with more pairs is answered with 400.
pub const PAIRS_MAX: usize = 1_000;

/// The parameters of a connect: the decoded query string, and the variables of the path, which
/// override it.
///
/// Values are strings. `a[b]=1` nests, and `l[]=x&l[]=y` is a list. Because phoenix.js writes
/// arrays with indexes, `l[0]=x` is a map with the key `"0"`. If a key is repeated, its last value
/// wins. A key without `=` has the value `""`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Params(BTreeMap<String, Value>);

/// The value of one parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Value {
    /// The text of `k=v`.
    Text(String),
    /// The list of `k[]=v`.
    List(Vec<Value>),
    /// The map of `k[name]=v`. Sorted, not hashed, because the client chooses the keys.
    Map(BTreeMap<String, Value>),
}

/// The reason why a query string was refused; each has its HTTP status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum QueryError {
    /// The query is longer than [`QUERY_BYTES_MAX`]: 414.
    #[error("the query string is longer than {QUERY_BYTES_MAX} bytes")]
    TooLong,
    /// The query has more pairs than [`PAIRS_MAX`]: 400.
    #[error("the query string has more than {PAIRS_MAX} parameters")]
    TooMany,
    /// A key has more brackets than [`NESTING_MAX`]: 400.
    #[error("a parameter is nested deeper than {NESTING_MAX} levels")]
    TooDeep,
    /// A `%` is not followed by two hexadecimal digits: 400.
    #[error("a % in the URL is not followed by two hexadecimal digits")]
    Malformed,
    /// The percent-decoded bytes are no UTF-8: 400.
    #[error("the URL does not decode to UTF-8")]
    NotUtf8,
}

impl Params {
    /// Decodes a raw query string (without the `?`).
    ///
    /// # Errors
    /// The first rule of [`QueryError`] that the query breaks.
    pub fn from_query(query: &str) -> Result<Params, QueryError> {
        if query.len() > QUERY_BYTES_MAX {
            return Err(QueryError::TooLong);
        }
        let mut root = BTreeMap::new();
        let pairs = query.split('&').filter(|pair| !pair.is_empty());
        for (count, pair) in pairs.enumerate() {
            if count == PAIRS_MAX {
                return Err(QueryError::TooMany);
            }
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            let key = decode_form(key)?;
            let value = decode_form(value)?.into_owned();
            let (name, brackets) = split_key(&key);
            if brackets.len() > NESTING_MAX {
                return Err(QueryError::TooDeep);
            }
            put(root.entry(name.to_owned()), &brackets, value);
        }
        Ok(Params(root))
    }

    /// Returns the text of parameter `name`; None if the parameter is missing, a list or a map.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.value(name).and_then(Value::as_str)
    }

    /// Returns the parameter `name`, whatever its shape.
    pub fn value(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// Returns all parameters, in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// Sets a variable of the path, which beats a query parameter of the same name.
    pub(crate) fn set(&mut self, name: &str, value: String) {
        self.0.insert(name.to_owned(), Value::Text(value));
    }
}

impl Value {
    /// Returns the text, if the value is a text.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Returns the items, if the value is a list (`k[]=v`).
    pub fn as_list(&self) -> Option<&[Value]> {
        match self {
            Value::List(items) => Some(items),
            _ => None,
        }
    }

    /// Returns the value at `key`, if this value is a map that has the key. An array of phoenix.js
    /// has the keys `"0"`, `"1"`, …
    pub fn get(&self, key: &str) -> Option<&Value> {
        match self {
            Value::Map(entries) => entries.get(key),
            _ => None,
        }
    }
}

/// Percent-decodes one segment of a path, where `+` is no space.
pub(crate) fn decode_segment(segment: &str) -> Result<Cow<'_, str>, QueryError> {
    let mut rest = segment.as_bytes();
    while let Some(at) = rest.iter().position(|&byte| byte == b'%') {
        match rest.get(at + 1..at + 3) {
            Some(digits) if digits.iter().all(u8::is_ascii_hexdigit) => {
                rest = rest.get(at + 3..).unwrap_or_default();
            }
            _ => return Err(QueryError::Malformed),
        }
    }
    percent_decode(segment.as_bytes())
        .decode_utf8()
        .map_err(|_| QueryError::NotUtf8)
}

/// Percent-decodes a key or value of a query, where `+` is a space.
fn decode_form(text: &str) -> Result<Cow<'_, str>, QueryError> {
    if !text.contains('+') {
        return decode_segment(text);
    }
    let spaced = text.replace('+', " ");
    decode_segment(&spaced).map(|decoded| Cow::Owned(decoded.into_owned()))
}

/// Splits `a[b][]` into `a` and the brackets `b` and ``. Brackets that do not pair up are part of a
/// plain name.
fn split_key(key: &str) -> (&str, Vec<&str>) {
    let plain = (key, Vec::new());
    let Some((name, rest)) = key.split_once('[') else {
        return plain;
    };
    let Some(inner) = rest.strip_suffix(']') else {
        return plain;
    };
    let brackets: Vec<&str> = inner.split("][").collect();
    let stray = |part: &&str| part.contains(['[', ']']);
    if name.is_empty() || brackets.iter().any(stray) {
        return plain;
    }
    (name, brackets)
}

/// Puts `value` where the brackets lead. A value that has another shape there is replaced: the last
/// pair wins.
fn put(
    entry: std::collections::btree_map::Entry<'_, String, Value>,
    brackets: &[&str],
    value: String,
) {
    let slot = entry.or_insert_with(|| Value::Text(String::new()));
    put_at(slot, brackets, value);
}

/// Puts `value` into `slot`. Recurses as deep as `brackets` is long, which [`NESTING_MAX`] bounds.
fn put_at(slot: &mut Value, brackets: &[&str], value: String) {
    let Some((first, rest)) = brackets.split_first() else {
        *slot = Value::Text(value);
        return;
    };
    if first.is_empty() {
        if !matches!(slot, Value::List(_)) {
            *slot = Value::List(Vec::new());
        }
        if let Value::List(items) = slot {
            let mut item = Value::Text(String::new());
            put_at(&mut item, rest, value);
            items.push(item);
        }
        return;
    }
    if !matches!(slot, Value::Map(_)) {
        *slot = Value::Map(BTreeMap::new());
    }
    if let Value::Map(entries) = slot {
        put(entries.entry((*first).to_owned()), rest, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Shows the parameters of `query` as text: `a=1 l=[x,y] m={k:v}`.
    fn show(query: &str) -> String {
        match Params::from_query(query) {
            Err(error) => format!("{error:?}"),
            Ok(params) => params
                .iter()
                .map(|(name, value)| format!("{name}={}", show_value(value)))
                .collect::<Vec<_>>()
                .join(" "),
        }
    }

    fn show_value(value: &Value) -> String {
        match value {
            Value::Text(text) => text.clone(),
            Value::List(items) => {
                let items: Vec<_> = items.iter().map(show_value).collect();
                format!("[{}]", items.join(","))
            }
            Value::Map(entries) => {
                let entry =
                    |(key, value): (&String, &Value)| format!("{key}:{}", show_value(value));
                let entries: Vec<_> = entries.iter().map(entry).collect();
                format!("{{{}}}", entries.join(","))
            }
        }
    }

    #[test]
    fn query_decodes_as_plug_decodes_it() {
        let table = [
            ("", ""),
            ("vsn=2.0.0", "vsn=2.0.0"),
            ("&&a=1&", "a=1"),
            ("token=x&&vsn=2.0.0&", "token=x vsn=2.0.0"),
            ("a=1&a=2", "a=2"),
            ("flag", "flag="),
            ("a=", "a="),
            ("a=b=c", "a=b=c"),
            ("u=undefined", "u=undefined"),
            ("a[b]=1", "a={b:1}"),
            ("a[b]=1&a[c]=2", "a={b:1,c:2}"),
            ("a[b][c]=1", "a={b:{c:1}}"),
            ("a%5Bb%5D=1", "a={b:1}"),
            ("l[]=x&l[]=y", "l=[x,y]"),
            ("l[0]=x&l[1]=y", "l={0:x,1:y}"),
            ("l[][n]=x&l[][n]=y", "l=[{n:x},{n:y}]"),
            ("a=1&a[b]=2", "a={b:2}"),
            ("a[b]=2&a=1", "a=1"),
            ("a[]=2&a[b]=1", "a={b:1}"),
            ("a[b=1", "a[b=1"),
            ("a]b=1", "a]b=1"),
            ("[a]=1", "[a]=1"),
            ("=x", "=x"),
            ("a+b=c+d", "a b=c d"),
            ("a=%2B", "a=+"),
            ("a=%C3%A9", "a=é"),
            ("a=%ff", "NotUtf8"),
            ("%ff=a", "NotUtf8"),
            ("a=%zz", "Malformed"),
            ("a=%4", "Malformed"),
        ];
        for (query, expected) in table {
            assert_eq!(show(query), expected, "{query}");
        }
    }

    #[test]
    fn query_that_exceeds_a_limit_is_refused() {
        let longest = format!("a={}", "x".repeat(QUERY_BYTES_MAX - 2));
        assert!(Params::from_query(&longest).is_ok());
        assert_eq!(show(&format!("{longest}x")), "TooLong");
        let deepest = format!("a{}=1", "[b]".repeat(NESTING_MAX));
        assert!(Params::from_query(&deepest).is_ok());
        assert_eq!(
            show(&format!("a{}=1", "[b]".repeat(NESTING_MAX + 1))),
            "TooDeep"
        );
        assert!(Params::from_query(&"a=1&".repeat(PAIRS_MAX)).is_ok());
        assert_eq!(show(&"a=1&".repeat(PAIRS_MAX + 1)), "TooMany");
    }

    #[test]
    fn path_variable_beats_a_query_parameter() {
        let mut params = Params::from_query("id=1&x=2").unwrap();
        params.set("id", "7".into());
        assert_eq!((params.get("id"), params.get("x")), (Some("7"), Some("2")));
    }

    #[test]
    fn nested_values_are_reached_by_name() {
        let params = Params::from_query("user[name]=ann&tags[]=a").unwrap();
        let user = params.value("user").unwrap();
        assert_eq!(user.get("name").and_then(Value::as_str), Some("ann"));
        assert_eq!(
            params
                .value("tags")
                .and_then(Value::as_list)
                .map(<[_]>::len),
            Some(1)
        );
        assert_eq!(params.get("user"), None);
    }
}
