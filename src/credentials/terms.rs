//! Erlang's external term format: what is inside a Phoenix.Token becomes terms, and these JSON.
//!
//! A token's mac is checked before its term comes here. The decoder bounds depth and nodes all the
//! same, and grows nothing by a length that the bytes claim.
//!
//! | taken | tag | in JSON |
//! |---|---|---|
//! | integers | 97, 98, 110 up to 16 bytes | number |
//! | floats | 70 | number |
//! | binaries of UTF-8 | 109 | text |
//! | atoms | 100, 115, 118, 119 | `true`, `false`, `nil` → theirs; others text |
//! | lists, charlists | 106, 108, 107 | list |
//! | tuples | 104, 105 | list |
//! | maps | 116 | object |
//!
//! Not taken: pids, ports, references, functions, bit strings, improper lists, the old text form of
//! floats (99), compressed terms (80, which a few bytes make huge), and bytes behind the term.
//! Erlang takes some of these, but `Phoenix.Token.sign` writes none of them for plain data.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::integer::Integer;

/// A term, of the kinds that are taken.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Term {
    /// An integer.
    Integer(Integer),
    /// A float.
    Float(f64),
    /// A binary of UTF-8: Elixir's string.
    Text(String),
    /// An atom.
    Atom(String),
    /// A proper list.
    List(Vec<Term>),
    /// A tuple.
    Tuple(Vec<Term>),
    /// A map. Its keys have different names in JSON.
    Map(Vec<(Term, Term)>),
}

/// Why bytes are no term that is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unreadable {
    /// The bytes end within the term.
    #[error("the term ends early")]
    Unfinished,
    /// The first byte is another than 131.
    #[error("not a term of Erlang")]
    Version,
    /// A kind of term that is not taken.
    #[error("a term with tag {0}, which is not taken")]
    Tag(u8),
    /// An integer of more than 16 bytes, or a float that is no number.
    #[error("a number that is not taken")]
    Number,
    /// A binary or an atom that is no UTF-8, or an atom of more than 255 characters.
    #[error("a text that is not taken")]
    Text,
    /// A list that ends in something else than the empty list.
    #[error("an improper list")]
    Improper,
    /// A key of a map that has no name in JSON, or has that of another key.
    #[error("a map's key that is not taken")]
    Key,
    /// More than 16 containers within each other.
    #[error("more than {} terms within each other", Term::DEPTH_MAX)]
    TooDeep,
    /// More than 1,000 terms.
    #[error("more than {} terms", Term::NODES_MAX)]
    TooMany,
    /// Bytes behind the term.
    #[error("bytes behind the term")]
    Trailing,
}

impl Term {
    /// Most containers within each other.
    pub const DEPTH_MAX: usize = 16;

    /// Most terms of a token, with the keys of maps and the characters of charlists.
    pub const NODES_MAX: usize = 1_000;

    /// Returns the term of these bytes, which are that term alone.
    pub fn decode(bytes: &[u8]) -> Result<Term, Unreadable> {
        let mut decoder = Decoder {
            rest: bytes,
            nodes_left: Term::NODES_MAX,
        };
        if decoder.byte()? != VERSION {
            return Err(Unreadable::Version);
        }
        let mut open: Vec<OpenTerm> = Vec::new();
        loop {
            let mut whole = match decoder.begin()? {
                Begun::Whole(term) => Some(term),
                Begun::Open(_) if open.len() == Term::DEPTH_MAX => return Err(Unreadable::TooDeep),
                Begun::Open(container) => {
                    open.push(container);
                    None
                }
            };
            // A term that is whole may make the container around it whole, and so on.
            loop {
                match (whole.take(), open.last_mut()) {
                    (Some(term), None) => return decoder.end(term),
                    (Some(term), Some(last)) => last.add(term),
                    (None, _) => {}
                }
                let Some(full) = open.pop_if(|last| last.missing == 0) else {
                    break;
                };
                whole = Some(full.close(&mut decoder)?);
            }
        }
    }

    /// Returns the name that this term has as a key in JSON. Texts, atoms and integers have one.
    pub fn name(&self) -> Option<String> {
        match self {
            Term::Text(name) | Term::Atom(name) => Some(name.clone()),
            Term::Integer(integer) => Some(integer.to_string()),
            _ => None,
        }
    }

    /// Returns the term in JSON. An integer out of the range of 64 bits becomes a float.
    pub fn into_json(self) -> Value {
        match self {
            Term::Integer(integer) => integer.into_json(),
            Term::Float(float) => float.into(),
            Term::Text(text) => text.into(),
            Term::Atom(name) => match &*name {
                "true" => true.into(),
                "false" => false.into(),
                "nil" => Value::Null,
                _ => name.into(),
            },
            Term::List(terms) | Term::Tuple(terms) => {
                terms.into_iter().map(Term::into_json).collect()
            }
            Term::Map(pairs) => {
                let pairs = pairs.into_iter();
                let named = pairs.filter_map(|(key, value)| Some((key.name()?, value.into_json())));
                Value::Object(named.collect::<Map<_, _>>())
            }
        }
    }
}

pub(super) const VERSION: u8 = 131;
pub(super) const NEW_FLOAT: u8 = 70;
pub(super) const SMALL_INTEGER: u8 = 97;
pub(super) const INTEGER: u8 = 98;
pub(super) const ATOM: u8 = 100;
pub(super) const SMALL_TUPLE: u8 = 104;
pub(super) const LARGE_TUPLE: u8 = 105;
pub(super) const NIL: u8 = 106;
pub(super) const STRING: u8 = 107;
pub(super) const LIST: u8 = 108;
pub(super) const BINARY: u8 = 109;
pub(super) const SMALL_BIG: u8 = 110;
pub(super) const SMALL_ATOM: u8 = 115;
pub(super) const MAP: u8 = 116;
pub(super) const ATOM_UTF8: u8 = 118;
pub(super) const SMALL_ATOM_UTF8: u8 = 119;

/// Most characters of an atom in Erlang.
const ATOM_CHARS_MAX: usize = 255;

struct Decoder<'a> {
    rest: &'a [u8],
    nodes_left: usize,
}

enum Begun {
    Whole(Term),
    Open(OpenTerm),
}

/// A container whose terms are still to come.
struct OpenTerm {
    tag: u8,
    /// Terms to come, two for each pair of a map.
    missing: usize,
    terms: Vec<Term>,
}

impl Decoder<'_> {
    fn begin(&mut self) -> Result<Begun, Unreadable> {
        self.nodes(1)?;
        let tag = self.byte()?;
        let term = match tag {
            SMALL_INTEGER => Term::Integer(self.byte()?.into()),
            INTEGER => Term::Integer(i32::from_be_bytes(self.array()?).into()),
            SMALL_BIG => self.big()?,
            NEW_FLOAT => match f64::from_be_bytes(self.array()?) {
                float if float.is_finite() => Term::Float(float),
                _ => return Err(Unreadable::Number),
            },
            BINARY => {
                let len = self.u32()?;
                Term::Text(utf8(self.take(len)?)?)
            }
            SMALL_ATOM | SMALL_ATOM_UTF8 => self.atom(tag, 1)?,
            ATOM | ATOM_UTF8 => self.atom(tag, 2)?,
            NIL => Term::List(Vec::new()),
            STRING => self.charlist()?,
            SMALL_TUPLE => return self.open(tag, 1),
            LARGE_TUPLE | LIST | MAP => return self.open(tag, 4),
            other => return Err(Unreadable::Tag(other)),
        };
        Ok(Begun::Whole(term))
    }

    /// Begins a container whose number of terms is in `width` bytes.
    fn open(&mut self, tag: u8, width: usize) -> Result<Begun, Unreadable> {
        let count = match width {
            1 => usize::from(self.byte()?),
            _ => self.u32()?,
        };
        let missing = match tag {
            MAP => count.saturating_mul(2),
            _ => count,
        };
        if missing > self.nodes_left {
            return Err(Unreadable::TooMany);
        }
        let terms = Vec::new();
        Ok(Begun::Open(OpenTerm {
            tag,
            missing,
            terms,
        }))
    }

    fn big(&mut self) -> Result<Term, Unreadable> {
        let len = usize::from(self.byte()?);
        let is_negative = self.byte()? != 0;
        let bytes = self.take(len)?;
        let mut all = [0; 16];
        all.get_mut(..len)
            .ok_or(Unreadable::Number)?
            .copy_from_slice(bytes);
        let magnitude = u128::from_le_bytes(all);
        Ok(Term::Integer(Integer::new(is_negative, magnitude)))
    }

    fn atom(&mut self, tag: u8, width: usize) -> Result<Term, Unreadable> {
        let len = match width {
            1 => usize::from(self.byte()?),
            _ => self.u16()?,
        };
        let bytes = self.take(len)?;
        let name = match tag {
            ATOM_UTF8 | SMALL_ATOM_UTF8 => utf8(bytes)?,
            // Latin-1: a byte is a character.
            _ => bytes.iter().map(|byte| char::from(*byte)).collect(),
        };
        match name.chars().nth(ATOM_CHARS_MAX) {
            Some(_) => Err(Unreadable::Text),
            None => Ok(Term::Atom(name)),
        }
    }

    /// A list of small integers, a byte for each.
    fn charlist(&mut self) -> Result<Term, Unreadable> {
        let len = self.u16()?;
        self.nodes(len)?;
        let each = self.take(len)?.iter();
        let each = each.map(|byte| Term::Integer((*byte).into()));
        Ok(Term::List(each.collect()))
    }

    fn end(&self, term: Term) -> Result<Term, Unreadable> {
        match self.rest {
            [] => Ok(term),
            [..] => Err(Unreadable::Trailing),
        }
    }

    fn nodes(&mut self, count: usize) -> Result<(), Unreadable> {
        let left = self.nodes_left.checked_sub(count);
        self.nodes_left = left.ok_or(Unreadable::TooMany)?;
        Ok(())
    }

    fn byte(&mut self) -> Result<u8, Unreadable> {
        self.array::<1>().map(|[byte]| byte)
    }

    fn u16(&mut self) -> Result<usize, Unreadable> {
        self.array().map(|bytes| u16::from_be_bytes(bytes).into())
    }

    fn u32(&mut self) -> Result<usize, Unreadable> {
        let count = u32::from_be_bytes(self.array()?);
        usize::try_from(count).map_err(|_| Unreadable::TooMany)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Unreadable> {
        let (head, rest) = self
            .rest
            .split_first_chunk()
            .ok_or(Unreadable::Unfinished)?;
        self.rest = rest;
        Ok(*head)
    }

    fn take(&mut self, len: usize) -> Result<&[u8], Unreadable> {
        let (head, rest) = self
            .rest
            .split_at_checked(len)
            .ok_or(Unreadable::Unfinished)?;
        self.rest = rest;
        Ok(head)
    }
}

impl OpenTerm {
    fn add(&mut self, term: Term) {
        self.terms.push(term);
        self.missing -= 1;
    }

    fn close(self, decoder: &mut Decoder<'_>) -> Result<Term, Unreadable> {
        match self.tag {
            MAP => pairs(self.terms).map(Term::Map),
            LIST if decoder.byte()? != NIL => Err(Unreadable::Improper),
            LIST => Ok(Term::List(self.terms)),
            _ => Ok(Term::Tuple(self.terms)),
        }
    }
}

/// Returns the pairs of keys and values that stand in turn. Two keys of one name, such as `:id` and
/// `"id"`, are refused, because an object in JSON could have but one of them.
fn pairs(terms: Vec<Term>) -> Result<Vec<(Term, Term)>, Unreadable> {
    let mut names = BTreeSet::new();
    let mut pairs = Vec::with_capacity(terms.len() / 2);
    let mut terms = terms.into_iter();
    while let (Some(key), Some(value)) = (terms.next(), terms.next()) {
        let is_new = names.insert(key.name().ok_or(Unreadable::Key)?);
        if !is_new {
            return Err(Unreadable::Key);
        }
        pairs.push((key, value));
    }
    Ok(pairs)
}

fn utf8(bytes: &[u8]) -> Result<String, Unreadable> {
    let text = str::from_utf8(bytes).map_err(|_| Unreadable::Text)?;
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests;
