//! The attributes of an item: the builds that have it, its file, and whether it may grow.

use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, ExprLit, Item, Lit, Meta, MetaNameValue, Token};

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
            || condition(attribute).is_some_and(|condition| !can_hold(&condition, is_of_tests))
    })
}

/// True if no build without the feature `engine` has an item with these attributes.
pub fn is_engine_only(attributes: &[Attribute]) -> bool {
    let of_engine = |part: &Meta| is_of_tests(part) || is_feature_engine(part);
    let mut conditions = attributes.iter().filter_map(condition);
    conditions.any(|condition| !can_hold(&condition, of_engine))
}

/// True for a type that other crates may not write or match whole, at least without the feature
/// `engine`.
pub fn is_non_exhaustive(attributes: &[Attribute]) -> bool {
    let is_word = |part: &Meta| part.path().is_ident("non_exhaustive");
    attributes.iter().any(|attribute| {
        let parts = match attribute.path().is_ident("cfg_attr") {
            true => parts_of(&attribute.meta),
            false => Vec::new(),
        };
        let is_without_engine = |condition: &Meta| {
            let inner = parts_of(condition);
            condition.path().is_ident("not") && inner.iter().any(is_feature_engine)
        };
        is_word(&attribute.meta)
            || parts.first().is_some_and(is_without_engine) && parts.iter().any(is_word)
    })
}

/// Returns the condition of a `#[cfg(…)]`.
fn condition(attribute: &Attribute) -> Option<Meta> {
    let is_cfg = attribute.path().is_ident("cfg");
    is_cfg.then(|| attribute.parse_args::<Meta>().ok())?
}

fn is_of_tests(part: &Meta) -> bool {
    part.path().is_ident("test") || part.path().is_ident("doctest")
}

fn is_feature_engine(part: &Meta) -> bool {
    part.path().is_ident("feature") && text_of(part).as_deref() == Some("engine")
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
    let is_path = |attribute: &&Attribute| attribute.path().is_ident("path");
    text_of(&attributes.iter().find(is_path)?.meta)
}

/// Returns the text of a `name = "text"`.
fn text_of(part: &Meta) -> Option<String> {
    match part {
        Meta::NameValue(MetaNameValue {
            value:
                Expr::Lit(ExprLit {
                    lit: Lit::Str(text),
                    ..
                }),
            ..
        }) => Some(text.value()),
        _ => None,
    }
}

/// True if a condition can hold in a build where no part holds that is `impossible`, with any other
/// features.
fn can_hold(condition: &Meta, impossible: impl Fn(&Meta) -> bool + Copy) -> bool {
    let parts = parts_of(condition);
    let mut can = parts.iter().map(|part| can_hold(part, impossible));
    match condition {
        Meta::List(list) if list.path.is_ident("all") => can.all(|can| can),
        Meta::List(list) if list.path.is_ident("any") => can.any(|can| can),
        Meta::List(_) => true, // not(…): an item that is left out of tests is in the program
        part => !impossible(part),
    }
}

/// Returns what stands between the brackets of `name(…)`.
fn parts_of(list: &Meta) -> Vec<Meta> {
    let parser = Punctuated::<Meta, Token![,]>::parse_terminated;
    let Meta::List(list) = list else {
        return Vec::new();
    };
    let parts = list.parse_args_with(parser);
    parts.map_or(Vec::new(), |parts| parts.into_iter().collect())
}
