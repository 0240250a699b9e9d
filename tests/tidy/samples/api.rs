//! The rule for types of the API, on a library that hands on a few.

use super::repository;
use super::rules::finds;
use crate::api;

const LIB: &str = "
pub mod channel;
pub mod config;
#[cfg(feature = \"engine\")]
pub mod broker;
#[cfg(not(feature = \"engine\"))]
mod broker;
mod inner;
pub use broker::Room;
#[cfg(feature = \"engine\")]
pub use inner::Deep;
pub(crate) use inner::Own;
pub use inner::{Wide as Broad, made::*};
";

/// What is wrong with the API of a library in which `text` stands in the file at `path`.
fn wrong(path: &str, text: &str) -> Vec<String> {
    let mut files = vec![
        ("src/lib.rs", LIB),
        (
            "src/channel/mod.rs",
            "pub mod open;\nmod reply;\npub use reply::Reply;",
        ),
        ("src/channel/open.rs", ""),
        ("src/channel/reply.rs", ""),
        ("src/config/mod.rs", ""),
        ("src/broker/mod.rs", "mod room;\npub use room::Room;"),
        ("src/broker/room.rs", ""),
        ("src/inner/mod.rs", "pub mod made;"),
        ("src/inner/made.rs", ""),
    ];
    let place = files.iter_mut().find(|(file, _)| *file == path);
    let (_, whole) = place.expect("a file of the sample");
    let text = format!("{whole}\n{text}");
    *whole = &text;
    api::open_types(&repository(&files), &[])
}

#[test]
fn types_of_the_api_that_cannot_grow_are_found() {
    for (path, name, text) in [
        ("src/lib.rs", "Top", "pub enum Top { One }"),
        (
            "src/channel/reply.rs",
            "Reply",
            "pub struct Reply { pub status: u8 }",
        ),
        (
            "src/channel/reply.rs",
            "Reply",
            "pub struct Reply(pub u8, u8);",
        ),
        ("src/channel/reply.rs", "Reply", "pub struct Reply;"),
        ("src/channel/open.rs", "Free", "pub enum Free {}"),
        (
            "src/broker/room.rs",
            "Room",
            "#[cfg_attr(test, non_exhaustive)] pub enum Room {}",
        ),
        ("src/inner/mod.rs", "Wide", "pub enum Wide {}"),
        ("src/inner/made.rs", "Glob", "pub enum Glob {}"),
        (
            "src/broker/room.rs",
            "Room",
            "m! { pub struct Room; struct Other { a: u8 } }",
        ),
        (
            "src/broker/room.rs",
            "Room",
            "macro_rules! m { () => { #[derive(Debug)] pub enum Room { A } } }",
        ),
    ] {
        let found = wrong(path, text);
        assert_eq!(found.len(), 1, "{text}: {found:#?}");
        assert!(
            found[0].contains(&format!("`{name}` is of the public API")),
            "{found:#?}"
        );
    }
}

#[test]
fn types_that_may_grow_or_are_not_of_the_api_are_not_found() {
    for (path, text) in [
        (
            "src/channel/reply.rs",
            "#[non_exhaustive] pub struct Reply { pub status: u8 }",
        ),
        ("src/channel/reply.rs", "pub struct Reply { status: u8 }"),
        ("src/channel/reply.rs", "pub enum Hidden {}"),
        ("src/channel/open.rs", "pub(crate) enum Free {}"),
        (
            "src/broker/room.rs",
            "#[cfg_attr(not(feature = \"engine\"), non_exhaustive)] pub enum Room {}",
        ),
        (
            "src/broker/room.rs",
            "macro_rules! m { () => { #[non_exhaustive] pub enum Room { A } } }",
        ),
        ("src/broker/mod.rs", "pub enum Engine {}"),
        ("src/inner/mod.rs", "pub enum Deep {} pub enum Own {}"),
        ("src/config/mod.rs", "pub enum Mode {}"),
    ] {
        finds(&wrong(path, text), &[]);
    }
}

#[test]
fn exceptions_for_types_of_the_api_are_all_needed() {
    let library = repository(&[("src/lib.rs", "pub enum Top {}")]);
    finds(&api::open_types(&library, &[(&["Top"], "said why")]), &[]);
    let two = api::open_types(&library, &[(&["Top", "Gone"], "said why")]);
    finds(&two, &["Gone: needs no exception"]);
}
