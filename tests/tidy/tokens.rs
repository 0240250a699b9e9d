//! Paths and tests among the tokens of a macro, whose other syntax is unknown here.

use proc_macro2::{TokenStream, TokenTree};

use super::facts::Named;

/// Adds paths, calls and types among `tokens` to `into`.
pub fn paths(tokens: TokenStream, into: &mut Vec<Named>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        at += 1;
        match token {
            TokenTree::Group(group) => paths(group.stream(), into),
            TokenTree::Ident(ident) => {
                let is_member = at > 1 && is_punct(&tokens[at - 2], '.');
                let mut path = vec![ident.to_string()];
                while let Some(next) = after_colons(&tokens[at..]) {
                    path.push(next);
                    at += 3;
                }
                let is_call = matches!(tokens.get(at), Some(TokenTree::Group(_)));
                let is_type = path[0].starts_with(char::is_uppercase);
                if !is_member && (path.len() > 1 || is_call || is_type) {
                    let line = ident.span().start().line;
                    into.push(Named { path, line });
                }
            }
            TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
    }
}

/// Adds the tests that a macro has within it, as `proptest!` does: each `fn` behind a `#[test]`.
pub fn tests(tokens: TokenStream, into: &mut Vec<(String, usize)>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut is_test = false;
    for (at, token) in tokens.iter().enumerate() {
        match token {
            TokenTree::Group(group) => {
                let is_attribute = at > 0 && is_punct(&tokens[at - 1], '#');
                is_test |= is_attribute && ends_in_test(group.stream());
                tests(group.stream(), into);
            }
            TokenTree::Ident(ident) if ident == "fn" => {
                if let Some(TokenTree::Ident(name)) = tokens.get(at + 1)
                    && is_test
                {
                    into.push((name.to_string(), name.span().start().line));
                }
                is_test = false;
            }
            _ => {}
        }
    }
}

/// Whether an attribute's tokens are those of `test` or `tokio::test`, and not of `cfg(test)`.
fn ends_in_test(attribute: TokenStream) -> bool {
    let path = attribute
        .into_iter()
        .take_while(|token| !matches!(token, TokenTree::Group(_)));
    path.last()
        .is_some_and(|last| matches!(last, TokenTree::Ident(ident) if ident == "test"))
}

pub fn is_punct(token: &TokenTree, sign: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == sign)
}

/// Returns the name after a `::` with which `tokens` begin.
fn after_colons(tokens: &[TokenTree]) -> Option<String> {
    match tokens {
        [first, second, TokenTree::Ident(name), ..]
            if is_punct(first, ':') && is_punct(second, ':') =>
        {
            Some(name.to_string())
        }
        _ => None,
    }
}
