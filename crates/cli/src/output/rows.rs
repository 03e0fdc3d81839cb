//! Objects of a server in the form that was asked for: a table for people, a line of JSON each, or CSV.
//!
//! **Invariant:** what a server sent never reaches a terminal as a command to it, nor a spreadsheet as a formula.

use std::fmt::Write;

use comfy_table::Table;
use domain::spreadsheet::is_like_a_formula;
use serde_json::Value;

use crate::args::connect::Output;

/// One column.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Column {
    /// Its heading.
    pub(crate) heading: &'static str,
    /// Where its value is in an object; the first place that has one.
    pub(crate) from: &'static [&'static str],
}

/// A column, in short.
pub(crate) const fn column(heading: &'static str, from: &'static [&'static str]) -> Column {
    Column { heading, from }
}

/// Tells objects one by one.
#[derive(Debug)]
pub(crate) struct Rows {
    form: Output,
    columns: &'static [Column],
    table: Table,
    count: usize,
}

impl Rows {
    pub(crate) fn new(form: Output, columns: &'static [Column]) -> Self {
        let mut table = super::table::<0>([]);
        table.set_header(columns.iter().map(|column| column.heading));
        if form == Output::Csv {
            let names: Vec<&str> = columns.iter().map(|column| column.heading).collect();
            super::line(names.join(","));
        }
        Self {
            form,
            columns,
            table,
            count: 0,
        }
    }

    /// Tells one more.
    pub(crate) fn add(&mut self, object: &Value) {
        self.count += 1;
        let cells = self.columns.iter().map(|column| cell(object, column.from));
        match self.form {
            Output::Table => {
                self.table.add_row(cells.map(|cell| shown(&cell)));
            }
            Output::Json => super::line(json(object)),
            Output::Csv => {
                let cells: Vec<String> = cells.map(|cell| quoted(&cell)).collect();
                super::line(cells.join(","));
            }
        }
    }

    /// Ends; says how many there were.
    pub(crate) fn end(self) -> usize {
        if self.form == Output::Table && self.count > 0 {
            super::line(&self.table);
        }
        self.count
    }
}

/// A line of JSON as a terminal may get it: what could give it orders is escaped, which any reader of JSON undoes.
pub(crate) fn json(value: &Value) -> String {
    let text = value.to_string();
    if !text.chars().any(moves) {
        return text;
    }
    let mut told = String::with_capacity(text.len());
    for letter in text.chars() {
        // Outside of its texts JSON has none of these.
        if moves(letter) {
            let mut units = [0; 2];
            for unit in letter.encode_utf16(&mut units) {
                // Writing into a text cannot fail.
                let _ = write!(told, "\\u{unit:04x}");
            }
        } else {
            told.push(letter);
        }
    }
    told
}

/// Tells of one object: member by member in a table.
pub(crate) fn one(form: Output, columns: &'static [Column], object: &Value) {
    if form == Output::Table {
        let mut table = super::table(["what", "value"]);
        for column in columns {
            let cell = cell(object, column.from);
            if !cell.is_empty() {
                table.add_row([column.heading, &shown(&cell)]);
            }
        }
        super::line(table);
    } else {
        let mut rows = Rows::new(form, columns);
        rows.add(object);
        rows.end();
    }
}

/// What stands at the first of these places.
pub(crate) fn cell(object: &Value, from: &[&str]) -> String {
    let found = from.iter().filter_map(|pointer| object.pointer(pointer));
    for value in found {
        match value {
            Value::Null => {}
            Value::String(text) => return text.clone(),
            Value::Array(list) => {
                let texts: Vec<String> = list.iter().map(in_words).collect();
                return texts.join(", ");
            }
            other => return other.to_string(),
        }
    }
    String::new()
}

/// An object in a list: by its name.
fn in_words(value: &Value) -> String {
    let named = ["/displayName", "/role/displayName", "/id"];
    match value {
        Value::String(text) => text.clone(),
        Value::Object(_) => cell(value, &named),
        other => other.to_string(),
    }
}

/// A text as a terminal may get it: what would move its cursor, or turn the direction of what follows, is a space.
pub(crate) fn shown(text: &str) -> String {
    text.chars()
        .map(|letter| if moves(letter) { ' ' } else { letter })
        .collect()
}

/// The same for a text that may have several lines.
pub(crate) fn shown_in_lines(text: &str) -> String {
    text.chars()
        .map(|letter| {
            if letter != '\n' && moves(letter) {
                ' '
            } else {
                letter
            }
        })
        .collect()
}

fn moves(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A cell of CSV. One that begins like a formula must not become one in a spreadsheet.
pub(crate) fn quoted(cell: &str) -> String {
    // How it begins counts as the server sent it, too: a tab is a space from here on.
    let is_formula = is_like_a_formula(cell);
    let cell = shown_in_lines(cell);
    let cell = if is_formula { format!("'{cell}") } else { cell };
    if cell.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn cells_of_csv_are_quoted_where_they_have_to_be_and_never_become_formulas() {
        assert_eq!(quoted("plain"), "plain");
        assert_eq!(quoted("a, \"b\""), "\"a, \"\"b\"\"\"");
        assert_eq!(quoted("=1+1"), "'=1+1");
        assert_eq!(quoted(" \u{ff1d}1,1"), "\"' \u{ff1d}1,1\"");
        assert_eq!(quoted("two\nlines"), "\"two\nlines\"");
        assert_eq!(quoted("a\u{1b}[2Jb\u{9b}2J"), "a [2Jb 2J");
    }

    #[test]
    fn the_first_place_with_a_value_counts_and_lists_are_told_by_name() {
        let object = json!({
            "none": null, "name": "n", "number": 7, "list": [{ "displayName": "a" }, "b"],
        });

        assert_eq!(cell(&object, &["/none", "/name"]), "n");
        assert_eq!(cell(&object, &["/number"]), "7");
        assert_eq!(cell(&object, &["/list"]), "a, b");
        assert_eq!(cell(&object, &["/absent"]), "");
    }

    #[test]
    fn a_line_of_json_gives_a_terminal_no_orders_and_says_the_same() {
        let object = json!({ "name\u{9b}": "a\u{9b}2J\u{7f}\u{85}\u{1b}\u{202e}b", "number": 1.5 });

        let told = super::json(&object);

        assert!(!told.chars().any(moves), "{told:?}");
        assert_eq!(serde_json::from_str::<Value>(&told).unwrap(), object);
    }

    #[test]
    fn a_name_cannot_give_orders_to_a_terminal() {
        assert_eq!(shown("a\u{1b}[2Jb\nc"), "a [2Jb c");
        assert_eq!(shown("a\u{202e}b"), "a b");
        assert_eq!(shown_in_lines("a\u{7}b\nc"), "a b\nc");
    }
}
