//! An HTML page that is written from top to bottom.
//!
//! All text is passed through [`escaped`], because reasons, names and payloads come from outside.

use crate::report::plot::{limit_colour, series_colour};
use crate::report::table::{Cell, Form, Mood, Table};

/// The style sheet of a page, for light and dark, screen, phone and paper.
const STYLE: &str = include_str!("page.css");

/// An HTML page, as far as it is written.
pub(in crate::report) struct Document {
    html: String,
}

/// A plot with its words.
pub(in crate::report) struct Picture {
    /// The title, which says what the plot shows.
    pub title: String,
    /// The plot in words for readers that do not see it, with the most important figures.
    pub words: String,
    /// Names of the series, in their order. Empty if there is only one.
    pub keys: Vec<String>,
    /// Names of the lines that show limits.
    pub limits: Vec<String>,
    /// The SVG drawn for a page, and for a phone.
    pub drawn: (String, String),
}

/// Returns text as HTML. Control characters, which HTML does not allow, are replaced.
pub(in crate::report) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\n' | '\t' => escaped.push(letter),
            control if control.is_control() => escaped.push('\u{fffd}'),
            other => escaped.push(other),
        }
    }
    escaped
}

impl Document {
    /// Returns a page without content.
    pub fn new(title: &str) -> Document {
        let title = escaped(title);
        let html = format!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n\
             <title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n"
        );
        Document { html }
    }

    /// Ends the page and returns its HTML.
    pub fn finish(mut self) -> String {
        self.html.push_str("</main>\n</body>\n</html>\n");
        self.html
    }

    /// Opens an element. Name and class are not escaped, so they must not come from outside.
    pub fn open(&mut self, name: &str, class: &str) {
        match class {
            "" => self.html.push_str(&format!("<{name}>")),
            _ => self.html.push_str(&format!("<{name} class=\"{class}\">")),
        }
    }

    /// Closes the element `name`.
    pub fn close(&mut self, name: &str) {
        self.html.push_str(&format!("</{name}>\n"));
    }

    /// Adds an element with text in it.
    pub fn element(&mut self, name: &str, class: &str, text: &str) {
        self.open(name, class);
        self.html.push_str(&escaped(text));
        self.close(name);
    }

    /// Adds a list of failures and warnings: class, word and sentence of each.
    pub fn problems(&mut self, problems: &[(&str, &str, String)]) {
        if problems.is_empty() {
            return;
        }
        self.open("ul", "problems");
        for (class, word, text) in problems {
            self.open("li", class);
            self.element("strong", "", word);
            self.element("span", "", text);
            self.close("li");
        }
        self.close("ul");
    }

    /// Adds a list of names and their values.
    pub fn pairs(&mut self, pairs: &[(String, String)]) {
        self.open("dl", "");
        for (name, value) in pairs {
            self.open("div", "");
            self.element("dt", "", name);
            self.element("dd", "", value);
            self.close("div");
        }
        self.close("dl");
    }

    /// Adds a table, which scrolls sideways where the page is narrow.
    pub fn table(&mut self, table: &Table) {
        self.element("h2", "", &table.title);
        self.open("div", "scroll");
        let form = match table.form {
            Form::Numbers => "numbers",
            Form::Words => "words",
            Form::Texts => "texts",
        };
        self.open("table", form);
        if table.columns.iter().any(|column| !column.is_empty()) {
            self.html.push_str("<thead><tr>");
            for column in &table.columns {
                self.html
                    .push_str(&format!("<th scope=\"col\">{}</th>", escaped(column)));
            }
            self.html.push_str("</tr></thead>\n");
        }
        self.open("tbody", "");
        for row in &table.rows {
            self.row(row);
        }
        self.close("tbody");
        self.close("table");
        self.close("div");
        if let Some(note) = &table.note {
            self.element("p", "quiet", note);
        }
    }

    fn row(&mut self, row: &[Cell]) {
        self.open("tr", "");
        for (index, cell) in row.iter().enumerate() {
            let class = match cell.mood {
                Mood::Plain => "",
                Mood::Good => "good",
                Mood::Bad => "bad",
            };
            match index {
                0 => self
                    .html
                    .push_str(&format!("<th scope=\"row\">{}</th>", escaped(&cell.text))),
                _ => self.html.push_str(&format!(
                    "<td class=\"{class}\">{}</td>",
                    escaped(&cell.text)
                )),
            }
        }
        self.close("tr");
    }

    /// Adds a plot with its title and the key to its lines.
    pub fn picture(&mut self, picture: &Picture) {
        self.open("figure", "");
        self.open("figcaption", "");
        self.element("h2", "", &picture.title);
        self.keys(picture);
        self.close("figcaption");
        let label = escaped(&format!("{}. {}", picture.title, picture.words));
        for (class, svg) in [("wide", &picture.drawn.0), ("narrow", &picture.drawn.1)] {
            let named = format!("<svg class=\"{class}\" role=\"img\" aria-label=\"{label}\" ");
            self.html.push_str(&svg.replacen("<svg ", &named, 1));
        }
        self.close("figure");
    }

    fn keys(&mut self, picture: &Picture) {
        let series = picture
            .keys
            .iter()
            .enumerate()
            .map(|(index, key)| (series_colour(index), key));
        let limits = picture.limits.iter().map(|limit| (limit_colour(), limit));
        let keys: Vec<_> = series.chain(limits).collect();
        if keys.is_empty() {
            return;
        }
        self.open("p", "keys");
        for (colour, name) in keys {
            self.html.push_str(&format!(
                "<span class=\"key\"><svg class=\"swatch\" aria-hidden=\"true\" viewBox=\"0 0 30 6\" \
                 width=\"30\" height=\"6\"><polyline points=\"0,3 30,3\" fill=\"none\" \
                 stroke=\"{colour}\" stroke-width=\"3\"/></svg>{}</span>\n",
                escaped(name)
            ));
        }
        self.close("p");
    }
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn markup_and_control_letters_do_not_get_through() {
        assert_eq!(
            escaped("<a href='x'>&\"\u{1b}[2J"),
            "&lt;a href=&#39;x&#39;&gt;&amp;&quot;\u{fffd}[2J"
        );
    }
}
