//! Prints an expression as `OData` text that reads back as the same tree.

use std::fmt::{Display, Formatter, Result, Write};

use super::{CompareOp, Expr, Lambda, Literal, Operand, TextFunction};

impl Display for Expr {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Expr::Or(members) => chain(f, members, " or ", |member| matches!(member, Expr::Or(_))),
            Expr::And(members) => chain(f, members, " and ", |member| {
                matches!(member, Expr::Or(_) | Expr::And(_))
            }),
            Expr::Not(inner) => write!(f, "not ({inner})"),
            Expr::Compare { left, op, right } => write!(f, "{left} {op} {right}"),
            Expr::In { left, list } => {
                write!(f, "{left} in ")?;
                separated(f, list)
            }
            Expr::Call {
                function,
                text,
                part,
            } => write!(f, "{function}({text},{part})"),
            Expr::Any { path, lambda: None } => write!(f, "{}/any()", path.join("/")),
            Expr::Any {
                path,
                lambda: Some(lambda),
            } => write!(f, "{}/any({lambda})", path.join("/")),
            Expr::All { path, lambda } => write!(f, "{}/all({lambda})", path.join("/")),
            Expr::BoolPath(path) => f.write_str(&path.join("/")),
        }
    }
}

fn chain(
    f: &mut Formatter<'_>,
    members: &[Expr],
    joint: &str,
    needs_parentheses: fn(&Expr) -> bool,
) -> Result {
    for (i, member) in members.iter().enumerate() {
        if i > 0 {
            f.write_str(joint)?;
        }
        if needs_parentheses(member) {
            write!(f, "({member})")?;
        } else {
            write!(f, "{member}")?;
        }
    }
    Ok(())
}

fn separated(f: &mut Formatter<'_>, list: &[Literal]) -> Result {
    f.write_char('(')?;
    for (i, literal) in list.iter().enumerate() {
        if i > 0 {
            f.write_char(',')?;
        }
        write!(f, "{literal}")?;
    }
    f.write_char(')')
}

impl Display for Lambda {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "{}:{}", self.variable, self.body)
    }
}

impl Display for Operand {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Operand::Path(path) => f.write_str(&path.join("/")),
            Operand::Literal(literal) => write!(f, "{literal}"),
            Operand::ToLower(inner) => write!(f, "tolower({inner})"),
            Operand::ToUpper(inner) => write!(f, "toupper({inner})"),
        }
    }
}

impl Display for Literal {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Literal::Null => f.write_str("null"),
            Literal::Bool(truth) => write!(f, "{truth}"),
            Literal::Int(number) => write!(f, "{number}"),
            // `Debug` always shows a fraction or an exponent, so that the
            // number reads back as a decimal.
            Literal::Decimal(number) => write!(f, "{number:?}"),
            Literal::String(text) => write!(f, "'{}'", text.replace('\'', "''")),
            Literal::DateTimeOffset(instant) => write!(f, "{instant}"),
            Literal::Guid(guid) => f.write_str(guid),
            Literal::Duration(duration) => write!(f, "duration'{duration}'"),
        }
    }
}

impl Display for CompareOp {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(self.as_str())
    }
}

impl Display for TextFunction {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(self.as_str())
    }
}
