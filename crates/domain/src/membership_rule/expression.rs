//! A rule that was understood: what it says, how it is written, and whether a user satisfies it.
//!
//! **Invariant:** what is printed means the same when it is read again.

use std::fmt::{self, Display, Formatter, Write as _};

use regex::Regex;

use super::attribute::{Attribute, Fact, Facts};

/// A condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Expression {
    /// One of these.
    Or(Vec<Self>),
    /// All of these.
    And(Vec<Self>),
    /// Not this.
    Not(Box<Self>),
    /// One attribute.
    Test(Operand, Test),
    /// Of the texts that an attribute holds, one satisfies the condition.
    Any(Attribute, Box<Self>),
    /// Of the texts that an attribute holds, each satisfies the condition.
    All(Attribute, Box<Self>),
}

/// What is looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Operand {
    /// An attribute of the user.
    Attribute(Attribute),
    /// The text that `-any` or `-all` is at.
    Element,
}

/// What is asked of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Test {
    /// The opposite is meant.
    pub(super) negated: bool,
    pub(super) check: Check,
}

/// The operators, without their opposites.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Check {
    Equals(Value),
    In(Vec<Value>),
    /// In lower case.
    StartsWith(String),
    /// In lower case.
    EndsWith(String),
    /// In lower case.
    Contains(String),
    Matches(Pattern),
}

/// What is compared with. Texts are in lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    Null,
    Text(String),
    Flag(bool),
    Number(i64),
}

/// A regular expression with the text that it was made of.
#[derive(Debug, Clone)]
pub(super) struct Pattern {
    pub(super) source: String,
    pub(super) regex: Regex,
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

impl Eq for Pattern {}

impl Expression {
    /// Whether the user satisfies the condition. `element` is the text that `-any` or `-all` is at.
    pub(super) fn holds(&self, facts: &Facts, element: Option<&str>) -> bool {
        match self {
            Self::Or(parts) => parts.iter().any(|part| part.holds(facts, element)),
            Self::And(parts) => parts.iter().all(|part| part.holds(facts, element)),
            Self::Not(inner) => !inner.holds(facts, element),
            Self::Test(Operand::Element, test) => {
                test.negated != element.is_some_and(|text| test.check.holds_for_text(text))
            }
            Self::Test(Operand::Attribute(attribute), test) => {
                test.negated != test.check.holds(facts.get(attribute))
            }
            Self::Any(attribute, inner) => texts(facts.get(attribute))
                .iter()
                .any(|text| inner.holds(facts, Some(text))),
            Self::All(attribute, inner) => texts(facts.get(attribute))
                .iter()
                .all(|text| inner.holds(facts, Some(text))),
        }
    }

    /// Whether it is made of several conditions side by side.
    const fn is_compound(&self) -> bool {
        matches!(self, Self::Or(_) | Self::And(_))
    }

    /// Adds the attributes that are asked for.
    pub(super) fn collect(&self, into: &mut Vec<Attribute>) {
        match self {
            Self::Or(parts) | Self::And(parts) => {
                for part in parts {
                    part.collect(into);
                }
            }
            Self::Not(inner) => inner.collect(into),
            Self::Test(Operand::Element, _) => {}
            Self::Test(Operand::Attribute(attribute), _) => into.push(attribute.clone()),
            Self::Any(attribute, inner) | Self::All(attribute, inner) => {
                into.push(attribute.clone());
                inner.collect(into);
            }
        }
    }
}

fn texts(fact: Option<&Fact>) -> &[String] {
    match fact {
        Some(Fact::Texts(texts)) => texts,
        Some(Fact::Text(text)) => std::slice::from_ref(text),
        Some(Fact::Flag(_) | Fact::Number(_)) | None => &[],
    }
}

impl Check {
    /// Whether what the user has satisfies the check; of several texts, one that does is enough.
    fn holds(&self, fact: Option<&Fact>) -> bool {
        match fact {
            None => self.holds_for(None, |value| matches!(value, Value::Null)),
            Some(Fact::Texts(texts)) if texts.is_empty() => self.holds(None),
            Some(Fact::Texts(texts)) => texts.iter().any(|text| self.holds_for_text(text)),
            Some(Fact::Text(text)) => self.holds_for_text(text),
            Some(Fact::Flag(flag)) => self.holds_for(
                None,
                |value| matches!(value, Value::Flag(said) if said == flag),
            ),
            Some(Fact::Number(number)) => self.holds_for(
                None,
                |value| matches!(value, Value::Number(said) if said == number),
            ),
        }
    }

    fn holds_for_text(&self, text: &str) -> bool {
        self.holds_for(
            Some(text),
            |value| matches!(value, Value::Text(said) if is_same(text, said)),
        )
    }

    fn holds_for(&self, text: Option<&str>, is: impl Fn(&Value) -> bool) -> bool {
        match self {
            Self::Equals(value) => is(value),
            Self::In(values) => values.iter().any(is),
            Self::StartsWith(part) => text.is_some_and(|text| lower(text).starts_with(part)),
            Self::EndsWith(part) => text.is_some_and(|text| lower(text).ends_with(part)),
            Self::Contains(part) => text.is_some_and(|text| lower(text).contains(part)),
            Self::Matches(pattern) => text.is_some_and(|text| pattern.regex.is_match(text)),
        }
    }
}

/// Whether a text is the other one, which is in lower case.
fn is_same(text: &str, lowered: &str) -> bool {
    text.eq_ignore_ascii_case(lowered) || (!text.is_ascii() && lower(text) == lowered)
}

/// A text as it is compared.
pub(super) fn lower(text: &str) -> String {
    text.to_lowercase()
}

impl Display for Expression {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Or(parts) => joined(f, parts, " -or ", |part| matches!(part, Self::Or(_))),
            Self::And(parts) => joined(f, parts, " -and ", Self::is_compound),
            Self::Not(inner) if inner.is_compound() => write!(f, "-not ({inner})"),
            Self::Not(inner) => write!(f, "-not {inner}"),
            Self::Test(Operand::Attribute(attribute), test) => {
                write!(f, "user.{} {test}", attribute.name())
            }
            Self::Test(Operand::Element, test) => write!(f, "_ {test}"),
            Self::Any(attribute, inner) => write!(f, "user.{} -any ({inner})", attribute.name()),
            Self::All(attribute, inner) => write!(f, "user.{} -all ({inner})", attribute.name()),
        }
    }
}

/// The parts with the operator between them, in brackets where they would bind otherwise.
fn joined(
    f: &mut Formatter<'_>,
    parts: &[Expression],
    between: &str,
    in_brackets: impl Fn(&Expression) -> bool,
) -> fmt::Result {
    for (position, part) in parts.iter().enumerate() {
        if position > 0 {
            f.write_str(between)?;
        }
        if in_brackets(part) {
            write!(f, "({part})")?;
        } else {
            write!(f, "{part}")?;
        }
    }
    Ok(())
}

impl Display for Test {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let [plain, negated] = match &self.check {
            Check::Equals(_) => ["eq", "ne"],
            Check::In(_) => ["in", "notIn"],
            Check::StartsWith(_) => ["startsWith", "notStartsWith"],
            Check::EndsWith(_) => ["endsWith", "notEndsWith"],
            Check::Contains(_) => ["contains", "notContains"],
            Check::Matches(_) => ["match", "notMatch"],
        };
        write!(f, "-{} ", if self.negated { negated } else { plain })?;
        match &self.check {
            Check::Equals(value) => write!(f, "{value}"),
            Check::In(values) => {
                f.write_char('[')?;
                for (position, value) in values.iter().enumerate() {
                    if position > 0 {
                        f.write_str(", ")?;
                    }
                    write!(f, "{value}")?;
                }
                f.write_char(']')
            }
            Check::StartsWith(text) | Check::EndsWith(text) | Check::Contains(text) => {
                quoted(f, text)
            }
            Check::Matches(pattern) => quoted(f, &pattern.source),
        }
    }
}

impl Display for Value {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Text(text) => quoted(f, text),
            Self::Flag(flag) => write!(f, "{flag}"),
            Self::Number(number) => write!(f, "{number}"),
        }
    }
}

/// A text in double quotes.
fn quoted(f: &mut Formatter<'_>, text: &str) -> fmt::Result {
    f.write_char('"')?;
    for letter in text.chars() {
        if matches!(letter, '"' | '\'' | '`') {
            f.write_char('`')?;
        }
        f.write_char(letter)?;
    }
    f.write_char('"')
}
