//! The attributes of an item: whether it is compiled for tests alone, or read from another path.

use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, ExprLit, Item, Lit, Meta, Token};

/// Returns the attributes of an item.
pub fn of(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

/// True if only builds of tests or of documentation tests compile an item with these attributes.
pub fn is_test_only(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("test")
            || attribute.path().is_ident("cfg")
                && attribute
                    .parse_args::<Meta>()
                    .is_ok_and(|condition| !can_hold(&condition))
    })
}

/// A test: `#[test]`, or that of a runtime, as `#[tokio::test]`.
pub fn is_test(attributes: &[Attribute]) -> bool {
    let last = |attribute: &Attribute| Some(attribute.path().segments.last()?.ident == "test");
    attributes
        .iter()
        .any(|attribute| last(attribute) == Some(true))
}

/// Returns the file that `#[path = "…"]` names.
pub fn path_of(attributes: &[Attribute]) -> Option<String> {
    attributes.iter().find_map(|attribute| {
        let Meta::NameValue(pair) = &attribute.meta else {
            return None;
        };
        match &pair.value {
            Expr::Lit(ExprLit {
                lit: Lit::Str(text),
                ..
            }) if pair.path.is_ident("path") => Some(text.value()),
            _ => None,
        }
    })
}

/// True if a condition can hold in a build that is not for tests, with any features.
fn can_hold(condition: &Meta) -> bool {
    match condition {
        Meta::Path(path) => !(path.is_ident("test") || path.is_ident("doctest")),
        Meta::List(list) => {
            let parser = Punctuated::<Meta, Token![,]>::parse_terminated;
            let Ok(parts) = list.parse_args_with(parser) else {
                return true;
            };
            match () {
                () if list.path.is_ident("all") => parts.iter().all(can_hold),
                () if list.path.is_ident("any") => parts.iter().any(can_hold),
                () => true, // not(…): an item that is left out of tests is in the program
            }
        }
        Meta::NameValue(_) => true,
    }
}
