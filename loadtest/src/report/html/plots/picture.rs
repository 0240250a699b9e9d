//! A plot of lines, with words for readers that do not see it.

use crate::report::html::document::Picture;
use crate::report::plot::Lines;

/// Returns a plot of lines without limits. `None` if it cannot be drawn.
pub(super) fn picture(
    title: &str,
    words: String,
    keys: Vec<String>,
    lines: &Lines,
) -> Option<Picture> {
    Some(Picture {
        title: title.to_owned(),
        words,
        keys,
        limits: Vec::new(),
        drawn: lines.draw()?,
    })
}
