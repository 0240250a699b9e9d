//! Arbitrary bytes into the decoder of Erlang's terms, which behind a right mac may be anything.
//!
//! What is a term stays one: it is written and read again, as it was, and so is its JSON. It has no
//! more nodes and no more depth than it may, whatever its lengths say.
//!
//! Run: `cargo +nightly fuzz run terms -- -max_total_time=60`.

#![no_main]

use libfuzzer_sys::fuzz_target;
use lobbyd::credentials::Term;

fuzz_target!(|bytes: &[u8]| {
    let Ok(term) = Term::decode(bytes) else {
        return;
    };
    let mut nodes = 0;
    count(&term, 0, &mut nodes);
    assert!(nodes <= Term::NODES_MAX);
    assert_eq!(Term::decode(&term.encode()).as_ref(), Ok(&term));
    let json = term.into_json();
    let again = Term::decode(&Term::from(&json).encode());
    assert_eq!(again.map(Term::into_json), Ok(json));
});

/// Counts the terms in a term that lies in `depth` others. A charlist is no container to the
/// decoder, so its characters may lie one deeper.
fn count(term: &Term, depth: usize, nodes: &mut usize) {
    *nodes += 1;
    assert!(depth <= Term::DEPTH_MAX + 1);
    match term {
        Term::List(terms) | Term::Tuple(terms) => {
            terms.iter().for_each(|term| count(term, depth + 1, nodes));
        }
        Term::Map(pairs) => pairs.iter().for_each(|(key, value)| {
            count(key, depth + 1, nodes);
            count(value, depth + 1, nodes);
        }),
        _ => {}
    }
}
