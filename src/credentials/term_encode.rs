//! Terms become bytes, and JSON becomes terms: for `lobbyd token sign`, and for tests.

use serde_json::Value;

use super::integer::Integer;
use super::terms::{
    ATOM_UTF8, BINARY, INTEGER, LARGE_TUPLE, LIST, MAP, NEW_FLOAT, NIL, SMALL_ATOM_UTF8, SMALL_BIG,
    SMALL_INTEGER, SMALL_TUPLE, STRING, Term, VERSION,
};

impl Term {
    /// Returns the bytes of the term, as `term_to_binary` of OTP 26 and later writes it.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = vec![VERSION];
        write(self, &mut out);
        out
    }
}

impl From<&Value> for Term {
    /// Returns the term that a decoder of JSON in Elixir makes: `nil` and booleans are atoms,
    /// texts and keys are binaries.
    fn from(value: &Value) -> Term {
        match value {
            Value::Null => Term::Atom("nil".to_owned()),
            Value::Bool(value) => Term::Atom(value.to_string()),
            Value::Number(number) => match (number.as_u64(), number.as_i64()) {
                (Some(integer), _) => Term::Integer(integer.into()),
                (_, Some(integer)) => Term::Integer(integer.into()),
                _ => Term::Float(number.as_f64().unwrap_or_default()),
            },
            Value::String(text) => Term::Text(text.clone()),
            Value::Array(each) => Term::List(each.iter().map(Term::from).collect()),
            Value::Object(members) => {
                let mut members: Vec<_> = members.iter().collect();
                // Erlang writes the keys of a map of up to 32 pairs in this order.
                members.sort_by_key(|(key, _)| *key);
                let pairs = members.into_iter();
                let pairs = pairs.map(|(key, value)| (Term::Text(key.clone()), value.into()));
                Term::Map(pairs.collect())
            }
        }
    }
}

fn write(term: &Term, out: &mut Vec<u8>) {
    match term {
        Term::Integer(integer) => write_integer(*integer, out),
        Term::Float(float) => {
            out.push(NEW_FLOAT);
            out.extend(float.to_be_bytes());
        }
        Term::Text(text) => {
            write_count(BINARY, text.len(), out);
            out.extend(text.bytes());
        }
        Term::Atom(name) => {
            match u8::try_from(name.len()) {
                Ok(len) => out.extend([SMALL_ATOM_UTF8, len]),
                Err(_) => {
                    out.push(ATOM_UTF8);
                    out.extend((name.len() as u16).to_be_bytes());
                }
            }
            out.extend(name.bytes());
        }
        Term::List(terms) => write_list(terms, out),
        Term::Tuple(terms) => {
            match u8::try_from(terms.len()) {
                Ok(len) => out.extend([SMALL_TUPLE, len]),
                Err(_) => write_count(LARGE_TUPLE, terms.len(), out),
            }
            terms.iter().for_each(|term| write(term, out));
        }
        Term::Map(pairs) => {
            write_count(MAP, pairs.len(), out);
            for (key, value) in pairs {
                write(key, out);
                write(value, out);
            }
        }
    }
}

fn write_integer(integer: Integer, out: &mut Vec<u8>) {
    let whole = integer.saturate();
    if let Ok(byte) = u8::try_from(whole) {
        out.extend([SMALL_INTEGER, byte]);
    } else if let Ok(small) = i32::try_from(whole) {
        out.push(INTEGER);
        out.extend(small.to_be_bytes());
    } else {
        let bytes = integer.magnitude().to_le_bytes();
        let len = 16 - integer.magnitude().leading_zeros() as usize / 8;
        out.extend([SMALL_BIG, len as u8, u8::from(integer.is_negative())]);
        out.extend(&bytes[..len]);
    }
}

/// A list of small integers alone takes a byte for each.
fn write_list(terms: &[Term], out: &mut Vec<u8>) {
    let small = |term: &Term| match term {
        Term::Integer(integer) => u8::try_from(integer.saturate()).ok(),
        _ => None,
    };
    let bytes: Option<Vec<u8>> = terms.iter().map(small).collect();
    match (bytes, u16::try_from(terms.len())) {
        (_, Ok(0)) => out.push(NIL),
        (Some(bytes), Ok(len)) => {
            out.push(STRING);
            out.extend(len.to_be_bytes());
            out.extend(bytes);
        }
        _ => {
            write_count(LIST, terms.len(), out);
            terms.iter().for_each(|term| write(term, out));
            out.push(NIL);
        }
    }
}

/// A count over 32 bits would be cut. No token that is verified is as large.
fn write_count(tag: u8, count: usize, out: &mut Vec<u8>) {
    out.push(tag);
    out.extend((count as u32).to_be_bytes());
}
