//! Paths among the tokens of a macro, whose other syntax is unknown here.

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

fn is_punct(token: &TokenTree, sign: char) -> bool {
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
