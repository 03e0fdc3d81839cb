//! The `$filter` expression: its tree, its reader and its printer.
//!
//! **Invariant:** no tree made by [`parse`] is nested deeper than
//! [`MAX_DEPTH`]; long chains of `and` and `or` are flat lists. Whoever walks a
//! tree may recurse.

mod lex;
mod parse;
mod print;
#[cfg(test)]
mod tests;

use jiff::{SignedDuration, Timestamp};

use crate::names::{self, Names};

pub(crate) use lex::SyntaxError;
pub(crate) use parse::parse_at;

/// How deep parentheses, `not`, functions and lambdas may be nested.
pub const MAX_DEPTH: usize = 64;

/// The longest expression that is read, in bytes.
pub const MAX_LENGTH: usize = 16 * 1024;

/// A condition.
#[derive(Debug, Clone, PartialEq)]
pub enum Expr {
    /// At least one of two or more conditions holds.
    Or(Vec<Expr>),
    /// All of two or more conditions hold.
    And(Vec<Expr>),
    /// The condition does not hold.
    Not(Box<Expr>),
    /// `left op right`.
    Compare {
        /// What stands left of the operator; may be a literal.
        left: Operand,
        /// The operator.
        op: CompareOp,
        /// What stands right of the operator; may be a path.
        right: Operand,
    },
    /// `left in (a, b, …)`; the list has at least one literal.
    In {
        /// What is looked up in the list.
        left: Operand,
        /// The literals.
        list: Vec<Literal>,
    },
    /// `contains(text, part)` and its siblings.
    Call {
        /// The function.
        function: TextFunction,
        /// The text that is searched.
        text: Operand,
        /// What it is searched for.
        part: Operand,
    },
    /// `path/any(variable:body)`. Without a lambda: the collection has a member.
    Any {
        /// The collection.
        path: Names,
        /// The variable and the condition on it.
        lambda: Option<Lambda>,
    },
    /// `path/all(variable:body)`.
    All {
        /// The collection.
        path: Names,
        /// The variable and the condition on it.
        lambda: Lambda,
    },
    /// A property that is itself a truth value: `$filter=isDefault`.
    BoolPath(Names),
}

/// `variable:body` of `any` and `all`. In the body, paths that start with the
/// variable are relative to the member at hand.
#[derive(Debug, Clone, PartialEq)]
pub struct Lambda {
    /// The name of the range variable, as written.
    pub variable: String,
    /// The condition on one member.
    pub body: Box<Expr>,
}

/// A value in a condition.
#[derive(Debug, Clone, PartialEq)]
pub enum Operand {
    /// A property, split at `/`. Type casts (`microsoft.graph.group`) and range
    /// variables are ordinary segments. Never empty.
    Path(Names),
    /// A literal.
    Literal(Literal),
    /// `tolower(…)`.
    ToLower(Box<Operand>),
    /// `toupper(…)`.
    ToUpper(Box<Operand>),
}

/// A literal.
#[derive(Debug, Clone, PartialEq)]
pub enum Literal {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number with a fraction or an exponent; always finite.
    Decimal(f64),
    /// `'text'`, with `''` already undone. Enum members are strings.
    String(String),
    /// An instant, converted to UTC.
    DateTimeOffset(Timestamp),
    /// A GUID without quotes, in lower case.
    Guid(String),
    /// `duration'P1DT2H'`; a day has 24 hours.
    Duration(SignedDuration),
}

/// A comparison operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CompareOp {
    /// Equal.
    Eq,
    /// Not equal.
    Ne,
    /// Greater than.
    Gt,
    /// Greater than or equal.
    Ge,
    /// Less than.
    Lt,
    /// Less than or equal.
    Le,
}

impl CompareOp {
    /// Every operator.
    pub const ALL: &[CompareOp] = &[
        CompareOp::Eq,
        CompareOp::Ne,
        CompareOp::Gt,
        CompareOp::Ge,
        CompareOp::Lt,
        CompareOp::Le,
    ];

    /// The operator as written.
    pub fn as_str(self) -> &'static str {
        match self {
            CompareOp::Eq => "eq",
            CompareOp::Ne => "ne",
            CompareOp::Gt => "gt",
            CompareOp::Ge => "ge",
            CompareOp::Lt => "lt",
            CompareOp::Le => "le",
        }
    }

    /// The operator that says the same with both sides exchanged, for the
    /// reader that wants the property on the left.
    #[must_use]
    pub fn mirrored(self) -> CompareOp {
        match self {
            CompareOp::Eq => CompareOp::Eq,
            CompareOp::Ne => CompareOp::Ne,
            CompareOp::Gt => CompareOp::Lt,
            CompareOp::Ge => CompareOp::Le,
            CompareOp::Lt => CompareOp::Gt,
            CompareOp::Le => CompareOp::Ge,
        }
    }
}

/// A function from two texts to a truth value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TextFunction {
    /// The part occurs anywhere.
    Contains,
    /// The text begins with the part.
    StartsWith,
    /// The text ends with the part.
    EndsWith,
}

impl TextFunction {
    /// Every function.
    pub const ALL: &[TextFunction] = &[
        TextFunction::Contains,
        TextFunction::StartsWith,
        TextFunction::EndsWith,
    ];

    /// The function's name.
    pub fn as_str(self) -> &'static str {
        match self {
            TextFunction::Contains => "contains",
            TextFunction::StartsWith => "startswith",
            TextFunction::EndsWith => "endswith",
        }
    }
}

/// Why an expression could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not valid at character {position}: {problem}")]
pub struct FilterError {
    /// The 1-based number of the character at fault.
    pub position: usize,
    /// What is wrong there and what was expected.
    pub problem: String,
}

/// Reads a decoded `$filter` expression.
pub fn parse(text: &str) -> Result<Expr, FilterError> {
    let mut expr = parse_at(text, 0).map_err(|error| FilterError {
        position: crate::decode::character_number(text, error.at),
        problem: error.problem,
    })?;
    names::in_filter(&mut expr, text);
    Ok(expr)
}
