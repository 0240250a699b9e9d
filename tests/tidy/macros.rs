//! Types and functions that stand in the tokens of a macro, whose other syntax is unknown here.

use proc_macro2::{Delimiter, Ident, TokenStream, TokenTree};

use super::facts::{Facts, Function};
use super::tokens::is_punct;

/// Adds each `struct X` and `enum X` with a literal name, and notes the closed ones.
pub fn types(tokens: TokenStream, into: &mut Facts) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut item = Begin::default();
    for (at, token) in tokens.iter().enumerate() {
        match token {
            TokenTree::Ident(word) if word == "struct" || word == "enum" => {
                let Some(name) = tokens.get(at + 1).and_then(ident) else {
                    continue; // `struct $Name`: the macro's caller has the name
                };
                let place = (name.to_string(), name.span().start().line);
                let is_whole = word == "enum" || is_whole(&tokens[at + 2..]);
                if item.is_public && is_whole && !item.is_non_exhaustive {
                    into.closed.push(place.clone());
                }
                into.types.push(place);
                item = Begin::default();
            }
            TokenTree::Ident(word) if word == "pub" => {
                item.is_public = !matches!(tokens.get(at + 1), Some(TokenTree::Group(_)));
            }
            TokenTree::Group(group) => {
                let is_attribute = at > 0 && is_punct(&tokens[at - 1], '#');
                item.is_non_exhaustive |= is_attribute && has(group.stream(), "non_exhaustive");
                if group.delimiter() == Delimiter::Brace {
                    item = Begin::default();
                }
                types(group.stream(), into);
            }
            TokenTree::Punct(mark) if mark.as_char() == ';' => item = Begin::default(),
            _ => {}
        }
    }
}

/// What was seen in front of an item's name.
#[derive(Default)]
struct Begin {
    is_public: bool,
    is_non_exhaustive: bool,
}

/// Adds each `fn` with a literal name and a body.
pub fn functions(tokens: TokenStream, into: &mut Vec<Function>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    for (at, token) in tokens.iter().enumerate() {
        match token {
            TokenTree::Group(group) => functions(group.stream(), into),
            TokenTree::Ident(word) if word == "fn" => {
                let name = tokens.get(at + 1).and_then(ident);
                if let (Some(name), Some(last)) = (name, last_line(&tokens[at..])) {
                    let line = word.span().start().line;
                    let lines = last - line + 1;
                    let name = name.to_string();
                    into.push(Function { name, line, lines });
                }
            }
            _ => {}
        }
    }
}

/// Returns the line where the body of a function ends. `None` for one without a body.
fn last_line(function: &[TokenTree]) -> Option<usize> {
    let mut ends = function.iter().filter_map(|token| match token {
        TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => {
            Some(Some(group.span_close().end().line))
        }
        TokenTree::Punct(mark) if mark.as_char() == ';' => Some(None),
        _ => None,
    });
    ends.next().flatten()
}

/// True for a struct that has a public field, or no field at all.
fn is_whole(after_name: &[TokenTree]) -> bool {
    let is_end = |token: &TokenTree| is_punct(token, ';');
    let mut item = after_name.iter().take_while(|token| !is_end(token));
    let fields = item.find_map(|token| match token {
        TokenTree::Group(group) if group.delimiter() != Delimiter::Bracket => Some(group.stream()),
        _ => None,
    });
    fields.is_none_or(|fields| fields.is_empty() || has(fields, "pub"))
}

fn has(tokens: TokenStream, word: &str) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Group(group) => has(group.stream(), word),
        TokenTree::Ident(ident) => ident == word,
        _ => false,
    })
}

fn ident(token: &TokenTree) -> Option<&Ident> {
    match token {
        TokenTree::Ident(ident) => Some(ident),
        _ => None,
    }
}
