//! The result for a terminal: failures first, then the tables.
//!
//! A terminal without colours and a file get the same characters.

use comfy_table::{
    Attribute, Cell as TableCell, CellAlignment, Color, ColumnConstraint, ContentArrangement,
    LineStyle, Table as Drawn, TableStyle, Width,
};

use crate::result::{RunResult, Severity};

use super::collect_findings::findings;
use super::outcome::nothing_came_of_it;
use super::representative::Representative;
use super::setup;
use super::table::{Cell, Form, Mood, Table};
use super::tables;
use super::units::time;
use super::verdict::{bottleneck, ramp, verdict};

/// Columns if the width of the terminal is unknown.
const WIDTH: u16 = 100;

/// Least columns, because a table is hard to read in fewer.
const WIDTH_MIN: u16 = 60;

/// Most columns, because a sentence is hard to read in longer lines.
const WIDTH_MAX: u16 = 120;

/// Blanks between columns: the padding of a cell, and one in place of a vertical line.
const GAP: usize = 2;

/// The style of tables: one thin line under the head.
const STYLE: TableStyle =
    TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));

/// Returns the result as text that ends with a line feed. `width` is the terminal's in columns,
/// held to 60…120; 100 if `None`. `colour` adds escape sequences; nothing is shown by colour alone.
pub fn render(result: &RunResult, width: Option<u16>, colour: bool) -> String {
    let mut page = Page::new(width, colour);
    page.verdict(result);
    if nothing_came_of_it(result) {
        return page.text;
    }
    page.heading(result);
    if let Some(found) = &result.ramp {
        page.paragraph(&ramp(found));
    }
    if let Some(sentence) = bottleneck(result) {
        page.paragraph(&sentence);
    }
    if let Some(which) =
        Representative::of(result).and_then(|representative| representative.in_full())
    {
        page.aside(&format!("In full below: {which}."));
    }
    for table in tables::all(result) {
        page.table(&table);
    }
    page.text
}

/// A text that is written from top to bottom.
pub(super) struct Page {
    pub text: String,
    width: u16,
    colour: bool,
}

impl Page {
    pub fn new(width: Option<u16>, colour: bool) -> Page {
        let width = width.unwrap_or(WIDTH).clamp(WIDTH_MIN, WIDTH_MAX);
        Page {
            text: String::new(),
            width,
            colour,
        }
    }

    fn verdict(&mut self, result: &RunResult) {
        let findings = findings(result);
        if !findings
            .iter()
            .any(|finding| finding.severity == Severity::Failure)
        {
            let (word, sentence) = verdict(result);
            let paint = if result.held { GREEN } else { RED };
            self.lines(&format!("{word}: "), &sentence, paint);
        }
        for finding in findings {
            match finding.severity {
                Severity::Failure => self.failure(&finding.text),
                Severity::Warning => self.warning(&finding.text),
            }
        }
    }

    /// Adds the scenario and setup, the cores, the time of the run, and all its parameters.
    fn heading(&mut self, result: &RunResult) {
        self.text.push('\n');
        let what = format!("{} · {}", result.scenario, setup::subtitle(result));
        self.lines("", what.trim_end_matches(" · "), BOLD);
        if let Some(cores) = setup::binding(&result.machine) {
            self.lines("", &cores, PLAIN);
        }
        let seconds = result.measurements.iter().map(|each| each.seconds);
        let measured = time(seconds.sum::<f64>() * 1e6);
        let mut parts = vec![format!("{}, {measured} measured", result.started_at)];
        let asked = result.parameters.iter();
        parts.extend(asked.map(|each| format!("{} {}", each.name, each.value)));
        parts.push(format!("seed {}", result.seed));
        self.lines("", &parts.join(" · "), DIM);
    }

    /// Adds sentences after an empty line.
    pub fn paragraph(&mut self, text: &str) {
        self.text.push('\n');
        self.lines("", text, PLAIN);
    }

    /// Adds a failure.
    pub fn failure(&mut self, text: &str) {
        self.lines("FAILED: ", text, RED);
    }

    /// Adds a warning.
    pub fn warning(&mut self, text: &str) {
        self.lines("Warning: ", text, YELLOW);
    }

    /// Adds text after a mark.
    pub fn marked(&mut self, mark: &str, text: &str) {
        self.lines(mark, text, PLAIN);
    }

    /// Adds a dimmed sentence, for notes.
    pub fn aside(&mut self, text: &str) {
        self.lines("", text, DIM);
    }

    /// Adds a table with its title, and its note below. Columns of numbers are not broken up:
    /// columns without room are left out and named below.
    pub fn table(&mut self, table: &Table) {
        self.text.push('\n');
        self.lines("", &table.title, BOLD);
        let fitting = match table.form {
            Form::Numbers => self.fitting(table),
            Form::Words | Form::Texts => table.columns.len(),
        };
        let drawn = self.drawn(table, fitting);
        for line in drawn.to_string().lines() {
            self.text.push_str(line.trim_end());
            self.text.push('\n');
        }
        if let Some(note) = &table.note {
            self.lines("", note, DIM);
        }
        if fitting < table.columns.len() {
            let left_out = table.columns[fitting..].join(", ");
            self.lines("", &format!("Left out for want of width: {left_out}."), DIM);
        }
    }

    /// Returns how many columns have room. The first two always have.
    fn fitting(&self, table: &Table) -> usize {
        let mut used = 0;
        let has_room = |index: &usize| {
            used += table.width(*index) + GAP;
            used <= usize::from(self.width) + GAP || *index < 2
        };
        (0..table.columns.len()).take_while(has_room).count()
    }

    fn drawn(&self, table: &Table, columns: usize) -> Drawn {
        let mut drawn = Drawn::new();
        drawn
            .load_style(STYLE)
            .set_content_arrangement(ContentArrangement::Dynamic)
            .set_width(self.width);
        match self.colour {
            true => drawn.enforce_styling(),
            false => drawn.force_no_tty(),
        };
        let head = table.columns.iter().take(columns);
        if table.columns.iter().any(|column| !column.is_empty()) {
            drawn.set_header(
                head.map(|column| TableCell::new(column).add_attribute(Attribute::Dim)),
            );
        }
        drawn.add_rows(
            table
                .rows
                .iter()
                .map(|row| row.iter().take(columns).map(drawn_cell)),
        );
        align(&mut drawn, table);
        drawn
    }

    /// Adds words in lines no longer than the width. Later lines are indented to the text after the
    /// mark.
    fn lines(&mut self, mark: &str, text: &str, paint: &str) {
        let text = printable(text);
        let indent = mark.chars().count();
        let mut line = mark.to_owned();
        let mut used = indent;
        for word in text.split_whitespace() {
            let long = word.chars().count();
            if used > indent && used + 1 + long > usize::from(self.width) {
                self.line(&line, paint);
                line = " ".repeat(indent);
                used = indent;
            }
            if used > indent {
                line.push(' ');
                used += 1;
            }
            line.push_str(word);
            used += long;
        }
        self.line(&line, paint);
    }

    fn line(&mut self, line: &str, paint: &str) {
        let painted = self.colour && !paint.is_empty();
        let (before, after) = if painted { (paint, RESET) } else { ("", "") };
        self.text.extend([before, line.trim_end(), after, "\n"]);
    }
}

const PLAIN: &str = "";
const BOLD: &str = "\x1b[1m";
const DIM: &str = "\x1b[2m";
const RED: &str = "\x1b[1;31m";
const GREEN: &str = "\x1b[1;32m";
const YELLOW: &str = "\x1b[33m";
const RESET: &str = "\x1b[0m";

/// Returns a text, perhaps of a server, made safe for a terminal. Control characters become blanks,
/// except line feeds.
pub fn plain(text: &str) -> String {
    text.split('\n')
        .map(printable)
        .collect::<Vec<_>>()
        .join("\n")
}

/// Replaces control characters with blanks: texts of a server could steer the terminal.
fn printable(text: &str) -> String {
    text.chars()
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .collect()
}

fn drawn_cell(cell: &Cell) -> TableCell {
    let drawn = TableCell::new(printable(&cell.text));
    match cell.mood {
        Mood::Plain => drawn,
        Mood::Good => drawn.fg(Color::Green),
        Mood::Bad => drawn.fg(Color::Red).add_attribute(Attribute::Bold),
    }
}

/// Aligns numbers to the right, names and words to the left, with a gap between columns and none at
/// the edges. Only heads of number columns, and words, may be broken up.
fn align(drawn: &mut Drawn, table: &Table) {
    let last = drawn.column_count() - 1;
    for (index, column) in drawn.column_iter_mut().enumerate() {
        let gap = if index == last { 0 } else { GAP as u16 - 1 };
        column.set_padding((0, gap));
        let (whole, right) = match table.form {
            Form::Numbers => (true, index > 0),
            Form::Words => (index < 2, index == 1),
            Form::Texts => (index == 0, false),
        };
        if whole {
            let width = table.width(index) as u16 + gap;
            column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(width)));
        }
        if right {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
}
