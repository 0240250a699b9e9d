//! Pages and terminals: complete, of any width, and not steered by a server's texts.

use lobbyd_loadtest::report::{compare, html, text};

use crate::{fixtures, markup, named, plain, samples};

#[test]
fn lines_fit_the_terminal_and_colour_adds_nothing_but_colour() {
    for (name, result) in samples() {
        for width in [60, 80, 100, 120] {
            let plain = text::render(&result, Some(width), false);
            let long = plain
                .lines()
                .find(|line| line.chars().count() > usize::from(width));
            assert_eq!(long, None, "{name} at {width}");
            let coloured = text::render(&result, Some(width), true);
            assert_eq!(
                markup::without_colour(&coloured),
                plain,
                "{name} at {width}"
            );
        }
    }
}

#[test]
fn text_of_the_server_cannot_send_escape_codes_to_the_terminal() {
    let result = fixtures::failing();
    assert!(!plain(&result).contains('\u{1b}'));
    assert!(!text::render(&result, None, true).contains("\u{1b}[2J"));
}

#[test]
fn text_of_the_server_is_escaped_in_pages() {
    let failing = fixtures::failing();
    for page in [
        html::render(&failing),
        compare::html(&named([fixtures::healthy(), failing])),
    ] {
        assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
        assert!(!page.contains("<script"));
        assert!(!page.contains('\u{1b}'));
    }
}

#[test]
fn page_has_balanced_tags_and_needs_no_other_file() {
    let mut pages: Vec<String> = samples()
        .iter()
        .map(|(_, result)| html::render(result))
        .collect();
    pages.push(compare::html(&named([
        fixtures::healthy(),
        fixtures::with_floor(),
    ])));
    for page in pages {
        assert_eq!(markup::unbalanced(&page), None);
        let outside = page.replace("xmlns=\"http://www.w3.org/2000/svg\"", "");
        for reference in [" src=", "<link", "@import", "url(", "xmlns"] {
            assert!(!outside.contains(reference), "{reference}");
        }
    }
}

#[test]
fn plots_have_labels_for_screen_readers_and_only_colours_of_the_page() {
    for (name, result) in samples() {
        let page = html::render(&result);
        for svg in page.split("<svg ").skip(1) {
            let head = svg.split('>').next().unwrap();
            let hidden = head.contains("aria-hidden=\"true\"");
            assert!(
                hidden || (head.contains("role=\"img\"") && head.contains("aria-label=\"")),
                "{name}: {head}"
            );
        }
        for attribute in ["fill", "stroke"] {
            for used in markup::colours(&page, attribute) {
                let rule = format!("svg [{attribute}=\"{used}\"]");
                assert!(
                    page.contains(&rule),
                    "{name}: nothing maps {attribute} {used}"
                );
            }
        }
    }
    assert_eq!(
        html::render(&fixtures::with_floor())
            .matches("<figure>")
            .count(),
        7
    );
}
