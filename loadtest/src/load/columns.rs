//! Values of clients from files: a column for each name, a row for each client.

use std::fmt;
use std::fs;
use std::path::Path;

use thiserror::Error;

/// Columns of values. Each client has a row of its own, unless rows are used again.
#[derive(Clone, Default)]
pub struct Columns {
    columns: Vec<Column>,
    /// The number of the columns that templates can name, which stand first.
    named: usize,
    /// The file of the named columns.
    file: Option<String>,
    /// The row of client 0.
    first: usize,
}

#[derive(Clone)]
struct Column {
    /// The name in templates, or the flag that gave the column.
    name: String,
    values: Vec<Box<str>>,
}

/// The reason why a file gives no values. No value of the file stands in it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{flag}: {problem}")]
pub struct BadColumns {
    /// The flag that names the file, with the file.
    pub flag: String,
    /// The fault of the file, in words.
    pub problem: String,
}

/// Names with a meaning of their own in templates.
const RESERVED: [&str; 2] = ["lobby", "body"];

/// True for a text that can name a column: letters, digits, `_`, `-` and `.`.
pub fn is_name(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
    !text.is_empty() && text.bytes().all(fits)
}

impl Columns {
    /// Reads the columns of a CSV file, whose first row has their names.
    ///
    /// # Errors
    /// If the file cannot be read, or its names or rows make no sense.
    pub fn read_csv(flag: &str, path: &Path) -> Result<Columns, BadColumns> {
        let bad = |problem: String| bad(flag, problem);
        let text = fs::read(path).map_err(|error| bad(error.to_string()))?;
        let mut reader = csv::Reader::from_reader(&*text);
        let names = reader.headers().map_err(|error| bad(error.to_string()))?;
        let mut columns: Vec<Column> = Vec::new();
        for (at, name) in names.iter().enumerate() {
            if !is_name(name) || RESERVED.contains(&name) {
                return Err(bad(format!(
                    "the name of column {} is none of letters, digits, '_', '-' and '.', or is lobby or body; \
                     the first row has the names of the columns",
                    at + 1
                )));
            }
            if columns.iter().any(|column| column.name == name) {
                return Err(bad(format!("two columns are called {name}")));
            }
            columns.push(Column {
                name: name.to_owned(),
                values: Vec::new(),
            });
        }
        for record in reader.records() {
            let record = record.map_err(|error| bad(error.to_string()))?;
            for (column, value) in columns.iter_mut().zip(&record) {
                column.values.push(value.into());
            }
        }
        if columns
            .first()
            .is_none_or(|column| column.values.is_empty())
        {
            return Err(bad(
                "it has no row behind the names of the columns".to_owned()
            ));
        }
        Ok(Columns {
            named: columns.len(),
            columns,
            file: Some(path.display().to_string()),
            first: 0,
        })
    }

    /// Adds a column that no template can name: the lines of a file. Returns its number.
    ///
    /// # Errors
    /// If the file cannot be read, or has an empty line.
    pub fn add_lines(&mut self, flag: &str, path: &Path) -> Result<usize, BadColumns> {
        let text = fs::read_to_string(path).map_err(|error| bad(flag, error.to_string()))?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        let values: Vec<Box<str>> = text.lines().map(Box::from).collect();
        if values.is_empty() {
            return Err(bad(flag, "the file is empty".to_owned()));
        }
        if let Some(at) = values.iter().position(|value| value.is_empty()) {
            let problem = format!(
                "line {} is empty, and each line is a client's value",
                at + 1
            );
            return Err(bad(flag, problem));
        }
        self.columns.push(Column {
            name: flag.to_owned(),
            values,
        });
        Ok(self.columns.len() - 1)
    }

    /// Makes `first` the row of client 0.
    pub fn begin_at(&mut self, first: u32) {
        self.first = first as usize;
    }

    /// Checks that each of `clients` has a row of its own in each column.
    ///
    /// # Errors
    /// The first column that has too few rows.
    pub fn check_rows(&self, clients: u32) -> Result<(), BadColumns> {
        let wanted = self.first + clients as usize;
        let short = |column: &&Column| column.values.len() < wanted;
        let Some(column) = self.columns.iter().find(short) else {
            return Ok(());
        };
        let rows = column.values.len();
        let (flag, unit) = match &self.file {
            Some(file) if self.is_named(column) => (format!("--clients-file {file}"), "rows"),
            _ => (column.name.clone(), "lines"),
        };
        let problem = format!(
            "{rows} {unit} for {wanted} clients, and each client takes one of its own. Give more {unit} or fewer \
             clients, or --reuse-rows"
        );
        Err(bad(&flag, problem))
    }

    fn is_named(&self, column: &Column) -> bool {
        self.columns[..self.named]
            .iter()
            .any(|named| std::ptr::eq(named, column))
    }

    /// True if no file was read.
    pub fn is_empty(&self) -> bool {
        self.columns.is_empty()
    }

    /// True if templates can name columns.
    pub fn are_named(&self) -> bool {
        self.named > 0
    }

    /// Returns the number of the column with this name, or an error that lists the names.
    pub fn find(&self, flag: &str, name: &str) -> Result<usize, BadColumns> {
        let named = &self.columns[..self.named];
        let found = named.iter().position(|column| column.name == name);
        found.ok_or_else(|| {
            let names: Vec<&str> = named.iter().map(|column| column.name.as_str()).collect();
            let file = self.file.as_deref().unwrap_or_default();
            bad(
                flag,
                format!(
                    "{{{name}}} is no column of {file}, which has {}",
                    names.join(", ")
                ),
            )
        })
    }

    /// Returns the row of a client, if the columns have that many rows.
    pub fn row(&self, client: u32) -> usize {
        self.first + client as usize
    }

    /// Returns the value of a client. Behind the last row the first one comes again.
    pub fn value(&self, column: usize, client: u32) -> &str {
        let values = &self.columns[column].values;
        &values[self.row(client) % values.len()]
    }
}

fn bad(flag: &str, problem: String) -> BadColumns {
    BadColumns {
        flag: flag.to_owned(),
        problem,
    }
}

impl fmt::Debug for Columns {
    /// Values may be secrets, so only names and numbers are shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self
            .columns
            .iter()
            .map(|column| (&column.name, column.values.len()));
        f.debug_map().entries(shown).finish()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    fn file(text: &str) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), text).unwrap();
        file
    }

    pub fn columns(text: &str) -> Result<Columns, BadColumns> {
        Columns::read_csv("--clients-file x.csv", file(text).path())
    }

    #[test]
    fn client_has_the_values_of_its_row() {
        let mut found = columns("token,user\r\na.b,\"x \"\"y\"\", z\"\nc,u2\n").unwrap();
        let lines = file("first\r\nsecond\nthird");
        let own = found.add_lines("--param t=@f", lines.path()).unwrap();
        let (token, user) = (found.find("", "token"), found.find("", "user"));
        assert_eq!(found.value(token.clone().unwrap(), 0), "a.b");
        assert_eq!(found.value(user.unwrap(), 0), "x \"y\", z");
        assert_eq!(found.value(own, 2), "third");
        found.begin_at(1);
        assert_eq!(
            (found.value(token.unwrap(), 0), found.value(own, 0)),
            ("c", "second")
        );
    }

    #[test]
    fn rows_that_are_too_few_are_named_with_both_counts() {
        let mut found = columns("token\na\nb\n").unwrap();
        found.check_rows(2).unwrap();
        let error = found.check_rows(3).unwrap_err().to_string();
        assert!(error.contains("2 rows for 3 clients"), "{error}");
        found.begin_at(1);
        assert!(found.check_rows(2).is_err());
        let mut lines = Columns::default();
        lines
            .add_lines("--param token=@f", file("a\nb\n").path())
            .unwrap();
        lines.check_rows(2).unwrap();
        let error = lines.check_rows(9).unwrap_err().to_string();
        assert!(
            error.starts_with("--param token=@f: 2 lines for 9 clients"),
            "{error}"
        );
    }

    #[test]
    fn wrong_file_says_what_is_wrong_and_no_value() {
        for (text, part) in [
            ("", "no row"),
            ("token\n", "no row"),
            ("token,token\nsecret,b\n", "two columns are called token"),
            ("the token\nsecret\n", "column 1"),
            ("a,lobby\nsecret,b\n", "column 2"),
            ("a,b\nsecret\n", "line: 2"),
        ] {
            let error = columns(text).unwrap_err().to_string();
            assert!(error.contains(part), "{text:?}: {error}");
            assert!(!error.contains("secret"), "{text:?}: {error}");
        }
        let mut none = Columns::default();
        for (text, part) in [("", "empty"), ("secret\n\nb\n", "line 2 is empty")] {
            let error = none
                .add_lines("--param t=@f", file(text).path())
                .unwrap_err();
            assert!(error.problem.contains(part), "{text:?}: {error}");
        }
        let error = none
            .add_lines("--param t=@f", Path::new("/nowhere"))
            .unwrap_err();
        assert!(error.to_string().starts_with("--param t=@f: "), "{error}");
    }

    #[test]
    fn debug_output_shows_no_value() {
        let shown = format!("{:?}", columns("token\nsecret\n").unwrap());
        assert!(
            shown.contains("token") && !shown.contains("secret"),
            "{shown}"
        );
    }
}
