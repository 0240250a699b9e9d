//! The tutorial's room is equal in README.md, in the library's documentation and in its code.

use crate::fixture::read;

#[test]
fn room_that_is_shown_is_the_one_in_the_library() {
    let room = |path: &str| -> Vec<String> {
        let page = read(path);
        let lines = page.lines().map(|line| match line.strip_prefix("//!") {
            Some(shown) => shown.strip_prefix(' ').unwrap_or(shown),
            None => line,
        });
        let from = lines.skip_while(|line| *line != "impl Channel for RoomChannel {");
        let block: Vec<String> = from
            .take_while(|line| *line != "}")
            .map(str::to_owned)
            .collect();
        assert!(block.len() > 10, "{path} has no room");
        block
    };
    let own = room("src/rooms/tutorial.rs");
    assert_eq!(room("README.md"), own, "in README.md");
    assert_eq!(room("src/lib.rs"), own, "in src/lib.rs");
}
