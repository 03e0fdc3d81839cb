//! From text to a filter.
//!
//! `or` binds weaker than `and`, `and` weaker than `not`; words are read in any case. Nesting is bounded, so that no
//! text can exhaust the stack.

use std::borrow::Cow;

use serde_json::Value as Json;

use super::{Filter, Literal, Operator};
use crate::path::{AttributePath, is_part};

/// How deep parentheses, brackets and `not` may nest.
const DEEPEST: usize = 40;
/// How many conditions a filter may join: each joint is a level of the value that is made of it.
const MOST_JOINTS: usize = 200;

/// The text is no filter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("at position {position}: expected {expected}")]
pub struct SyntaxError {
    /// Bytes before the fault.
    pub position: usize,
    /// What should have been there.
    pub expected: Cow<'static, str>,
}

/// Reads a filter.
pub fn parse(text: &str) -> Result<Filter, SyntaxError> {
    let mut reader = Reader::new(text);
    let filter = reader.disjunction()?;
    reader.end()?;
    Ok(filter)
}

/// An attribute with the condition in brackets and the sub-attribute behind them, both optional: the paths of changes.
pub(crate) type ValuePath = (AttributePath, Option<Filter>, Option<String>);

/// Reads the path of a change.
pub(crate) fn parse_value_path(text: &str) -> Result<ValuePath, SyntaxError> {
    let mut reader = Reader::new(text.trim());
    let path = reader.path()?;
    if !reader.takes('[') {
        reader.end()?;
        return Ok((path, None, None));
    }
    let filter = reader.bracketed()?;
    let mut sub = None;
    if reader.takes('.') {
        let name = reader.path()?;
        if name.schema.is_some() || name.sub.is_some() {
            return Err(reader.expected("the name of a sub-attribute"));
        }
        sub = Some(name.name);
    }
    reader.end()?;
    Ok((path, Some(filter), sub))
}

struct Reader<'t> {
    text: &'t str,
    position: usize,
    depth: usize,
    joints: usize,
}

impl<'t> Reader<'t> {
    const fn new(text: &'t str) -> Self {
        Self {
            text,
            position: 0,
            depth: 0,
            joints: 0,
        }
    }

    fn disjunction(&mut self) -> Result<Filter, SyntaxError> {
        let mut filter = self.conjunction()?;
        while self.takes_word("or") {
            self.join()?;
            let right = self.conjunction()?;
            filter = Filter::Or(Box::new(filter), Box::new(right));
        }
        Ok(filter)
    }

    fn conjunction(&mut self) -> Result<Filter, SyntaxError> {
        let mut filter = self.condition()?;
        while self.takes_word("and") {
            self.join()?;
            let right = self.condition()?;
            filter = Filter::And(Box::new(filter), Box::new(right));
        }
        Ok(filter)
    }

    fn condition(&mut self) -> Result<Filter, SyntaxError> {
        self.skip_space();
        if self.takes('(') {
            return self.nested(|reader| {
                let inner = reader.disjunction()?;
                reader.require(')', "`)`")?;
                Ok(inner)
            });
        }
        if self.is_negation() {
            self.position += "not".len();
            self.skip_space();
            self.require('(', "`(`")?;
            return self.nested(|reader| {
                let inner = reader.disjunction()?;
                reader.require(')', "`)`")?;
                Ok(Filter::Not(Box::new(inner)))
            });
        }
        let path = self.path()?;
        if self.takes('[') {
            let inner = self.bracketed()?;
            return Ok(Filter::Values(path, Box::new(inner)));
        }
        let word_at = self.position;
        self.skip_space();
        let word = self.word();
        if word.eq_ignore_ascii_case("pr") {
            return Ok(Filter::Present(path));
        }
        let operator = Operator::ALL
            .iter()
            .copied()
            .find(|operator| operator.as_str().eq_ignore_ascii_case(word));
        let Some(operator) = operator else {
            self.position = word_at;
            return Err(self.expected("one of pr eq ne co sw ew gt ge lt le"));
        };
        let literal = self.literal()?;
        Ok(Filter::Compare(path, operator, literal))
    }

    /// What stands between brackets, of which the first is read.
    fn bracketed(&mut self) -> Result<Filter, SyntaxError> {
        self.nested(|reader| {
            let inner = reader.disjunction()?;
            reader.require(']', "`]`")?;
            Ok(inner)
        })
    }

    /// `not` before a parenthesis; an attribute may have that name too.
    fn is_negation(&self) -> bool {
        let rest = self.rest();
        rest.get(..3)
            .is_some_and(|word| word.eq_ignore_ascii_case("not"))
            && rest
                .get(3..)
                .is_some_and(|behind| behind.trim_start_matches(' ').starts_with('('))
    }

    fn path(&mut self) -> Result<AttributePath, SyntaxError> {
        self.skip_space();
        let rest = self.rest();
        let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        let text = rest.get(..end).unwrap_or_default();
        let path =
            AttributePath::parse(text).ok_or_else(|| self.expected("the name of an attribute"))?;
        self.position += end;
        Ok(path)
    }

    fn literal(&mut self) -> Result<Literal, SyntaxError> {
        self.skip_space();
        let length = match self.rest().strip_prefix('"') {
            Some(behind) => string_length(behind),
            None => self
                .rest()
                .find(|c: char| c.is_whitespace() || matches!(c, ')' | ']'))
                .or(Some(self.rest().len())),
        };
        let text = length.and_then(|length| self.rest().get(..length));
        let value = text.and_then(literal);
        let (Some(text), Some(value)) = (text, value) else {
            return Err(
                self.expected("a text in double quotes, a number, `true`, `false` or `null`")
            );
        };
        self.position += text.len();
        Ok(value)
    }

    fn nested<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, SyntaxError>,
    ) -> Result<T, SyntaxError> {
        if self.depth == DEEPEST {
            return Err(self.expected("less nesting"));
        }
        self.depth += 1;
        let value = read(self)?;
        self.depth -= 1;
        Ok(value)
    }

    fn join(&mut self) -> Result<(), SyntaxError> {
        if self.joints == MOST_JOINTS {
            return Err(self.expected("fewer conditions"));
        }
        self.joints += 1;
        Ok(())
    }

    fn takes(&mut self, wanted: char) -> bool {
        let takes = self.rest().starts_with(wanted);
        if takes {
            self.position += wanted.len_utf8();
        }
        takes
    }

    /// Takes a joining word with the white space around it.
    fn takes_word(&mut self, wanted: &str) -> bool {
        let before = self.position;
        self.skip_space();
        let is_there = self.word().eq_ignore_ascii_case(wanted);
        if !is_there {
            self.position = before;
        }
        is_there
    }

    fn require(&mut self, wanted: char, expected: &'static str) -> Result<(), SyntaxError> {
        self.skip_space();
        if self.takes(wanted) {
            Ok(())
        } else {
            Err(self.expected(expected))
        }
    }

    fn word(&mut self) -> &'t str {
        let rest = self.rest();
        let end = rest
            .find(|c: char| !c.is_ascii_alphabetic())
            .unwrap_or(rest.len());
        self.position += end;
        rest.get(..end).unwrap_or_default()
    }

    fn skip_space(&mut self) {
        let rest = self.rest();
        self.position += rest.len() - rest.trim_start().len();
    }

    fn end(&mut self) -> Result<(), SyntaxError> {
        self.skip_space();
        if self.rest().is_empty() {
            Ok(())
        } else {
            Err(self.expected("`and`, `or` or the end"))
        }
    }

    fn rest(&self) -> &'t str {
        self.text.get(self.position..).unwrap_or_default()
    }

    fn expected(&self, what: &'static str) -> SyntaxError {
        SyntaxError {
            position: self.position,
            expected: Cow::Borrowed(what),
        }
    }
}

/// The length of a text with both its quotes, of which the first is cut off.
fn string_length(behind: &str) -> Option<usize> {
    let mut is_escaped = false;
    for (index, c) in behind.char_indices() {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '"' => return Some(index + 2),
            _ => {}
        }
    }
    None
}

/// A value as JSON writes it; `true` and the like in any case, as some clients send them.
fn literal(text: &str) -> Option<Literal> {
    let word = text.to_ascii_lowercase();
    let json = match word.as_str() {
        "true" | "false" | "null" => word.as_str(),
        _ => text,
    };
    match serde_json::from_str(json).ok()? {
        Json::Null => Some(Literal::Null),
        Json::Bool(flag) => Some(Literal::Bool(flag)),
        Json::Number(number) => Some(Literal::Number(number)),
        Json::String(text) => Some(Literal::Text(text)),
        Json::Array(_) | Json::Object(_) => None,
    }
}
