//! From a filter to text.

use std::fmt;

use serde_json::Value as Json;

use super::{Filter, Literal};

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Or(left, right) => {
                write!(f, "{left} or ")?;
                inside(f, right, matches!(**right, Self::Or(..)))
            }
            Self::And(left, right) => {
                inside(f, left, matches!(**left, Self::Or(..)))?;
                f.write_str(" and ")?;
                inside(f, right, matches!(**right, Self::Or(..) | Self::And(..)))
            }
            Self::Not(inner) => write!(f, "not ({inner})"),
            Self::Present(path) => write!(f, "{path} pr"),
            Self::Compare(path, operator, literal) => {
                write!(f, "{path} {} {literal}", operator.as_str())
            }
            Self::Values(path, inner) => write!(f, "{path}[{inner}]"),
        }
    }
}

fn inside(f: &mut fmt::Formatter<'_>, filter: &Filter, needs_parentheses: bool) -> fmt::Result {
    if needs_parentheses {
        write!(f, "({filter})")
    } else {
        write!(f, "{filter}")
    }
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(flag) => write!(f, "{flag}"),
            Self::Number(number) => write!(f, "{number}"),
            Self::Text(text) => write!(f, "{}", Json::from(text.as_str())),
        }
    }
}
