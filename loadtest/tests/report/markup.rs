//! Minimal parsers of HTML and of terminal sequences, to check what the reports wrote.

/// HTML elements without an end tag.
const VOID: [&str; 1] = ["meta"];

/// Returns the first tag that closes another element than the open one, or the element left open at
/// the end.
pub fn unbalanced(page: &str) -> Option<String> {
    let mut open: Vec<&str> = Vec::new();
    for tag in page
        .split('<')
        .skip(1)
        .filter_map(|rest| rest.split('>').next())
    {
        let name = tag
            .trim_start_matches('/')
            .split([' ', '\n', '/'])
            .next()
            .unwrap_or("");
        match tag {
            closing if closing.starts_with('/') => {
                if open.pop() != Some(name) {
                    return Some(closing.to_owned());
                }
            }
            empty if empty.ends_with('/') || empty.starts_with('!') || VOID.contains(&name) => {}
            _ => open.push(name),
        }
    }
    open.pop().map(str::to_owned)
}

/// Returns the colours that `attribute` has in elements of the page's plots.
pub fn colours<'a>(page: &'a str, attribute: &str) -> Vec<&'a str> {
    let begin = format!(" {attribute}=\"#");
    let found = page
        .match_indices(&begin)
        .filter_map(|(at, _)| page.get(at + begin.len() - 1..at + begin.len() + 6));
    found.collect()
}

/// Returns a terminal's text without its colour sequences, and without blanks before such a
/// sequence at the end of a line.
pub fn without_colour(text: &str) -> String {
    let mut pieces = text.split("\u{1b}[");
    let mut plain = pieces.next().unwrap_or("").to_owned();
    for piece in pieces {
        plain.push_str(piece.split_once('m').map_or(piece, |(_, rest)| rest));
    }
    plain
        .lines()
        .map(|line| line.trim_end().to_owned() + "\n")
        .collect()
}
