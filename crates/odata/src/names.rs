//! Paths of names, with the places where they were read.
//!
//! **Invariant:** a place is the number of a character in the whole value of
//! its query option, from 1; two paths with the same names are equal wherever
//! they stand.

use std::ops::Deref;

use crate::decode::character_number;
use crate::filter::{Expr, Operand};
use crate::query::{ExpandPath, QueryOptions, SelectItem};

/// Names joined by `/`. Never empty.
#[derive(Debug, Clone)]
pub struct Names {
    names: Vec<String>,
    positions: Vec<usize>,
}

impl Names {
    /// Names and the bytes where they start.
    pub(crate) fn new(located: Vec<(String, usize)>) -> Self {
        let (names, starts): (Vec<String>, Vec<usize>) = located.into_iter().unzip();
        Self {
            names,
            positions: starts.into_iter().map(|start| start + 1).collect(),
        }
    }

    /// The names.
    pub fn as_slice(&self) -> &[String] {
        &self.names
    }

    /// Where the name with this index stands.
    pub fn position(&self, index: usize) -> usize {
        self.positions
            .get(index)
            .or(self.positions.last())
            .copied()
            .unwrap_or(1)
    }

    /// The names behind the first `count`, with their places.
    #[must_use]
    pub fn behind(&self, count: usize) -> Names {
        Names {
            names: self.names.get(count..).unwrap_or_default().to_vec(),
            positions: self.positions.get(count..).unwrap_or_default().to_vec(),
        }
    }

    /// Bytes become characters of `text`.
    fn count_characters(&mut self, text: &str) {
        for position in &mut self.positions {
            *position = character_number(text, *position - 1);
        }
    }
}

impl Deref for Names {
    type Target = [String];

    fn deref(&self) -> &[String] {
        &self.names
    }
}

impl PartialEq for Names {
    fn eq(&self, other: &Self) -> bool {
        self.names == other.names
    }
}

impl Eq for Names {}

impl From<Vec<String>> for Names {
    /// Names that were read nowhere.
    fn from(names: Vec<String>) -> Self {
        Self {
            positions: vec![1; names.len()],
            names,
        }
    }
}

/// Turns the bytes where names start into characters. They are the same in a
/// text without others.
pub(crate) fn in_options(options: &mut QueryOptions, text: &str) {
    if text.is_ascii() {
        return;
    }
    if let Some(filter) = &mut options.filter {
        in_filter(filter, text);
    }
    for item in options.select.iter_mut().flatten() {
        if let SelectItem::Path(names) = item {
            names.count_characters(text);
        }
    }
    for item in &mut options.orderby {
        item.path.count_characters(text);
    }
    for item in &mut options.expand {
        if let ExpandPath::Path(names) = &mut item.path {
            names.count_characters(text);
        }
        in_options(&mut item.options, text);
    }
}

/// The same for a condition.
pub(crate) fn in_filter(expr: &mut Expr, text: &str) {
    if text.is_ascii() {
        return;
    }
    match expr {
        Expr::Or(members) | Expr::And(members) => {
            for member in members {
                in_filter(member, text);
            }
        }
        Expr::Not(inner) => in_filter(inner, text),
        Expr::Compare { left, right, .. } => {
            in_operand(left, text);
            in_operand(right, text);
        }
        Expr::In { left, .. } => in_operand(left, text),
        Expr::Call {
            text: first, part, ..
        } => {
            in_operand(first, text);
            in_operand(part, text);
        }
        Expr::Any { path, lambda } => {
            path.count_characters(text);
            if let Some(lambda) = lambda {
                in_filter(&mut lambda.body, text);
            }
        }
        Expr::All { path, lambda } => {
            path.count_characters(text);
            in_filter(&mut lambda.body, text);
        }
        Expr::BoolPath(path) => path.count_characters(text),
    }
}

fn in_operand(operand: &mut Operand, text: &str) {
    match operand {
        Operand::Path(names) => names.count_characters(text),
        Operand::Literal(_) => {}
        Operand::ToLower(inner) | Operand::ToUpper(inner) => in_operand(inner, text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filter;

    fn place(expr: &Expr) -> Vec<usize> {
        match expr {
            Expr::Compare {
                left: Operand::Path(names),
                ..
            } => (0..names.len())
                .map(|index| names.position(index))
                .collect(),
            Expr::And(members) => members.iter().flat_map(place).collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn od_3_each_name_knows_its_place() {
        let expr = filter::parse("a eq 1 and target / objectId eq 'x'").unwrap();

        assert_eq!(place(&expr), [1, 12, 21]);
    }

    #[test]
    fn od_3_places_are_characters_and_not_bytes() {
        let expr = filter::parse("a eq 'öö' and b eq 'ö'").unwrap();
        let options = QueryOptions::parse("$expand=a($filter=b eq 'ö' and c/d eq 1)").unwrap();

        assert_eq!(place(&expr), [1, 15]);
        let nested = options.expand[0].options.filter.as_ref().unwrap();
        assert_eq!(place(nested), [11, 24, 26]);
    }
}
