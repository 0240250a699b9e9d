//! Terms of each tag, and the same terms in all forms that Erlang has for them.

use proptest::prelude::*;
use serde_json::json;

use super::*;

/// The atoms of OTP 25 and before, those of 26 and later, and the forms of both that are rare.
const ATOM_TAGS: [u8; 4] = [ATOM, SMALL_ATOM, ATOM_UTF8, SMALL_ATOM_UTF8];

fn decode(bytes: &[u8]) -> Result<Term, Unreadable> {
    Term::decode(&[&[VERSION], bytes].concat())
}

fn integer(value: i64) -> Term {
    Term::Integer(value.into())
}

fn atom(name: &str) -> Term {
    Term::Atom(name.to_owned())
}

fn text(text: &str) -> Term {
    Term::Text(text.to_owned())
}

#[test]
fn terms_of_each_tag_are_read() {
    let table: &[(&[u8], Term)] = &[
        (&[97, 255], integer(255)),
        (&[98, 255, 255, 255, 255], integer(-1)),
        (&[110, 0, 0], integer(0)),
        (&[110, 3, 1, 1, 0, 0], integer(-1)),
        (
            b"\x6e\x10\x00\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
            Term::Integer(Integer::new(false, u128::MAX)),
        ),
        (&[70, 0x3f, 0xf8, 0, 0, 0, 0, 0, 0], Term::Float(1.5)),
        (&[109, 0, 0, 0, 2, 0xc3, 0xab], text("ë")),
        (&[100, 0, 1, 0xeb], atom("ë")),
        (&[115, 1, 0xeb], atom("ë")),
        (&[118, 0, 2, 0xc3, 0xab], atom("ë")),
        (&[119, 2, 0xc3, 0xab], atom("ë")),
        (&[106], Term::List(vec![])),
        (
            &[107, 0, 2, 1, 255],
            Term::List(vec![integer(1), integer(255)]),
        ),
        (&[108, 0, 0, 0, 1, 97, 1, 106], Term::List(vec![integer(1)])),
        (&[108, 0, 0, 0, 0, 106], Term::List(vec![])),
        (&[104, 0], Term::Tuple(vec![])),
        (&[104, 1, 97, 1], Term::Tuple(vec![integer(1)])),
        (&[105, 0, 0, 0, 1, 97, 1], Term::Tuple(vec![integer(1)])),
        (&[116, 0, 0, 0, 0], Term::Map(vec![])),
        (
            &[116, 0, 0, 0, 1, 97, 1, 104, 0],
            Term::Map(vec![(integer(1), Term::Tuple(vec![]))]),
        ),
    ];
    for (bytes, term) in table {
        assert_eq!(decode(bytes).as_ref(), Ok(term), "{bytes:?}");
        for end in 0..bytes.len() {
            let cut = decode(&bytes[..end]);
            assert_eq!(cut, Err(Unreadable::Unfinished), "{bytes:?} to {end}");
        }
        let more = decode(&[bytes, &[0][..]].concat());
        assert_eq!(more, Err(Unreadable::Trailing), "{bytes:?}");
    }
}

#[test]
fn terms_that_are_not_taken_are_refused_by_name() {
    let long_atom = [&[118, 1, 0][..], &[b'a'; 256]].concat();
    let long_big = [&[110, 17, 0][..], &[0; 17]].concat();
    let same_names: &[u8] = &[116, 0, 0, 0, 2, 119, 1, b'1', 97, 1, 97, 1, 97, 2];
    let table: &[(&[u8], Unreadable)] = &[
        (&[70, 0x7f, 0xf0, 0, 0, 0, 0, 0, 0], Unreadable::Number),
        (&[70, 0x7f, 0xf8, 0, 0, 0, 0, 0, 0], Unreadable::Number),
        (&long_big, Unreadable::Number),
        (&[109, 0, 0, 0, 1, 0xff], Unreadable::Text),
        (&[119, 1, 0xff], Unreadable::Text),
        (&long_atom, Unreadable::Text),
        (&[108, 0, 0, 0, 1, 97, 1, 97, 2], Unreadable::Improper),
        (&[116, 0, 0, 0, 1, 106, 97, 1], Unreadable::Key),
        (same_names, Unreadable::Key),
        (&[105, 255, 255, 255, 255], Unreadable::TooMany),
        (&[108, 255, 255, 255, 255], Unreadable::TooMany),
        (&[116, 255, 255, 255, 255], Unreadable::TooMany),
        (&[107, 255, 255], Unreadable::TooMany),
        (&[109, 255, 255, 255, 255], Unreadable::Unfinished),
    ];
    for (bytes, want) in table {
        assert_eq!(decode(bytes), Err(*want), "{bytes:?}");
    }
    let taken = [
        70, 97, 98, 100, 104, 105, 106, 107, 108, 109, 110, 115, 116, 118, 119,
    ];
    for tag in (0..=255).filter(|tag| !taken.contains(tag)) {
        assert_eq!(decode(&[tag]), Err(Unreadable::Tag(tag)));
    }
    assert_eq!(Term::decode(&[]), Err(Unreadable::Unfinished));
    assert_eq!(Term::decode(&[130, 97, 1]), Err(Unreadable::Version));
}

#[test]
fn depth_and_nodes_have_a_most() {
    let nest = |depth| [[104, 1].repeat(depth), vec![97, 1]].concat();
    assert!(decode(&nest(16)).is_ok());
    assert_eq!(decode(&nest(17)), Err(Unreadable::TooDeep));
    assert_eq!(decode(&nest(1_000_000)), Err(Unreadable::TooDeep));
    let wide = |count: u32| {
        let each = [97, 1].repeat(count as usize);
        [&[105][..], &count.to_be_bytes(), &each].concat()
    };
    assert!(decode(&wide(999)).is_ok());
    assert_eq!(decode(&wide(1_000)), Err(Unreadable::TooMany));
}

#[test]
fn atoms_of_elixir_are_the_words_of_json() {
    let words = ["true", "false", "nil", "guest"].map(atom);
    let pairs = vec![
        (atom("nil"), Term::Tuple(words.to_vec())),
        (integer(-7), text("nil")),
    ];
    assert_eq!(
        Term::Map(pairs).into_json(),
        json!({"nil": [true, false, null, "guest"], "-7": "nil"})
    );
}

/// Writes an atom by any of its four tags, or by one that holds it where this one does not.
fn write_atom(name: &str, tag: u8, out: &mut Vec<u8>) {
    let latin1: Option<Vec<u8>> = name.chars().map(|char| u8::try_from(char).ok()).collect();
    let (tag, bytes) = match (tag, latin1) {
        (ATOM | SMALL_ATOM, Some(bytes)) => (tag, bytes),
        (SMALL_ATOM_UTF8, _) => (SMALL_ATOM_UTF8, name.as_bytes().to_vec()),
        _ => (ATOM_UTF8, name.as_bytes().to_vec()),
    };
    out.push(tag);
    match tag {
        ATOM | ATOM_UTF8 => out.extend((bytes.len() as u16).to_be_bytes()),
        _ => out.push(bytes.len() as u8),
    }
    out.extend(bytes);
}

/// Writes a term in the forms that `Term::encode` never takes, with atoms of this tag.
fn write_otherwise(term: &Term, tag: u8, out: &mut Vec<u8>) {
    let count = |len: usize| (len as u32).to_be_bytes();
    match term {
        Term::Integer(integer) => {
            out.extend([SMALL_BIG, 16, u8::from(integer.is_negative())]);
            out.extend(integer.magnitude().to_le_bytes());
        }
        Term::Atom(name) => write_atom(name, tag, out),
        Term::List(terms) => {
            out.push(LIST);
            out.extend(count(terms.len()));
            terms
                .iter()
                .for_each(|term| write_otherwise(term, tag, out));
            out.push(NIL);
        }
        Term::Tuple(terms) => {
            out.push(LARGE_TUPLE);
            out.extend(count(terms.len()));
            terms
                .iter()
                .for_each(|term| write_otherwise(term, tag, out));
        }
        Term::Map(pairs) => {
            out.push(MAP);
            out.extend(count(pairs.len()));
            for (key, value) in pairs {
                write_otherwise(key, tag, out);
                write_otherwise(value, tag, out);
            }
        }
        Term::Float(_) | Term::Text(_) => out.extend(&term.encode()[1..]),
    }
}

fn any_integer() -> impl Strategy<Value = Term> {
    let magnitude = prop_oneof![
        0..300_u128,
        any::<u32>().prop_map(u128::from),
        any::<u128>()
    ];
    (any::<bool>(), magnitude).prop_map(|(sign, size)| Term::Integer(Integer::new(sign, size)))
}

fn any_key() -> impl Strategy<Value = Term> {
    prop_oneof![
        "[a-c]{0,2}".prop_map(Term::Text),
        "[a-c]{0,2}".prop_map(Term::Atom),
        any_integer()
    ]
}

fn any_term() -> impl Strategy<Value = Term> {
    let leaf = prop_oneof![
        any_integer(),
        (-1e300..1e300).prop_map(Term::Float),
        ".{0,8}".prop_map(Term::Text),
        ".{0,8}".prop_map(Term::Atom),
    ];
    leaf.prop_recursive(5, 64, 8, |inner| {
        let each = prop::collection::vec(inner.clone(), 0..8);
        let pairs = prop::collection::vec((any_key(), inner), 0..8);
        prop_oneof![
            each.clone().prop_map(Term::List),
            each.prop_map(Term::Tuple),
            pairs.prop_map(|mut pairs| {
                let mut names = BTreeSet::new();
                pairs.retain(|(key, _)| names.insert(key.name()));
                Term::Map(pairs)
            }),
        ]
    })
}

proptest! {
    #[test]
    fn terms_are_read_as_they_were_written(term in any_term(), tag in 0..ATOM_TAGS.len()) {
        prop_assert_eq!(Term::decode(&term.encode()), Ok(term.clone()));
        let mut otherwise = vec![VERSION];
        write_otherwise(&term, ATOM_TAGS[tag], &mut otherwise);
        prop_assert_eq!(Term::decode(&otherwise), Ok(term));
    }

    #[test]
    fn json_of_a_term_becomes_a_term_of_the_same_json(term in any_term()) {
        let json = term.into_json();
        let again = Term::decode(&Term::from(&json).encode());
        prop_assert_eq!(again.map(Term::into_json), Ok(json));
    }

    #[test]
    fn arbitrary_bytes_are_a_term_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        if let Ok(term) = decode(&bytes) {
            prop_assert_eq!(Term::decode(&term.encode()), Ok(term));
        }
    }
}
