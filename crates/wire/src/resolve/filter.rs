//! From `$filter` to a predicate (OD-2, OD-3).

use domain::query::{Comparison, Kind, Path, Predicate, Relation, TextMatch, Value};
use domain::time::Timestamp;
use odata::filter::{CompareOp, Expr, Lambda, Literal, Operand, TextFunction};

use super::path::{self, Place};
use super::{ResolveError, unknown};
use crate::table::Type;
use crate::version::Version;

pub(super) const OPTION: &str = "$filter";

/// Compiles a condition on objects of a type.
pub fn compile(
    version: Version,
    of: &'static Type,
    expr: &Expr,
) -> Result<Predicate, ResolveError> {
    Scope {
        version,
        of,
        variable: None,
    }
    .compile(expr)
}

/// What names mean: those of a type, behind the range variable inside a lambda.
struct Scope<'v> {
    version: Version,
    of: &'static Type,
    variable: Option<&'v str>,
}

impl Scope<'_> {
    fn compile(&self, expr: &Expr) -> Result<Predicate, ResolveError> {
        match expr {
            Expr::Or(list) => self.each(list).map(Predicate::Any),
            Expr::And(list) => self.each(list).map(Predicate::All),
            Expr::Not(inner) => Ok(not(self.compile(inner)?)),
            Expr::Compare { left, op, right } => self.compare(left, *op, right),
            Expr::In { left, list } => {
                let names = plain_path(left).ok_or_else(no_property)?;
                let place = self.place(names)?;
                let each: Result<Vec<_>, _> = list
                    .iter()
                    .map(|literal| compared(&place, Comparison::Eq, literal, names))
                    .collect();
                Ok(in_values(each?))
            }
            Expr::Call {
                function,
                text,
                part,
            } => self.call(*function, text, part),
            Expr::Any { path, lambda } => self.any(path, lambda.as_ref(), false),
            Expr::All { path, lambda } => self.any(path, Some(lambda), true),
            Expr::BoolPath(names) => {
                let place = self.place(names)?;
                compared(&place, Comparison::Eq, &Literal::Bool(true), names)
            }
        }
    }

    fn each(&self, list: &[Expr]) -> Result<Vec<Predicate>, ResolveError> {
        list.iter().map(|expr| self.compile(expr)).collect()
    }

    fn place(&self, names: &[String]) -> Result<Place, ResolveError> {
        path::find(OPTION, self.version, self.of, self.own(names)?)
    }

    /// The names behind the range variable; all of them outside of lambdas.
    fn own<'n>(&self, names: &'n [String]) -> Result<&'n [String], ResolveError> {
        match (self.variable, names.split_first()) {
            (None, _) => Ok(names),
            (Some(variable), Some((first, rest))) if first == variable && !rest.is_empty() => {
                Ok(rest)
            }
            (Some(variable), _) => Err(unsupported(format!(
                "'{}' does not begin with the variable '{variable}'",
                names.join("/")
            ))),
        }
    }

    fn compare(
        &self,
        left: &Operand,
        op: CompareOp,
        right: &Operand,
    ) -> Result<Predicate, ResolveError> {
        let (names, literal, op) = match (
            plain_path(left),
            literal(right),
            plain_path(right),
            literal(left),
        ) {
            (Some(names), Some(literal), _, _) => (names, literal, op),
            (_, _, Some(names), Some(literal)) => (names, literal, op.mirrored()),
            _ => return Err(no_property()),
        };
        compared(&self.place(names)?, comparison(op), literal, names)
    }

    fn call(
        &self,
        function: TextFunction,
        text: &Operand,
        part: &Operand,
    ) -> Result<Predicate, ResolveError> {
        let names = plain_path(text).ok_or_else(no_property)?;
        let place = self.place(names)?;
        let (Some(Literal::String(part) | Literal::Guid(part)), Kind::Text | Kind::Id | Kind::Word) =
            (literal(part), place.path.field.kind)
        else {
            return Err(unsupported(format!("{} compares texts", function.as_str())));
        };
        let matches = Predicate::Text {
            path: place.path.clone(),
            matching: match function {
                TextFunction::Contains => TextMatch::Contains,
                TextFunction::StartsWith => TextMatch::StartsWith,
                TextFunction::EndsWith => TextMatch::EndsWith,
            },
            text: part.clone(),
        };
        Ok(among(&place, matches))
    }

    /// `any`, and `all` as the absence of a counter-example.
    fn any(
        &self,
        names: &[String],
        lambda: Option<&Lambda>,
        all: bool,
    ) -> Result<Predicate, ResolveError> {
        let mut here = self.of;
        let mut hops: Vec<&'static Relation> = Vec::new();
        for name in self.own(names)? {
            let navigation = here.navigation(self.version, name).ok_or_else(|| {
                match here.property(self.version, name) {
                    Some(_) => unsupported(format!("the items of '{name}' cannot be compared")),
                    None => unknown(OPTION, self.version, here, name),
                }
            })?;
            let relation = here
                .relation(navigation)
                .ok_or_else(|| unknown(OPTION, self.version, here, name))?;
            hops.push(relation);
            here = navigation.target;
        }
        let inner = match lambda {
            None => Predicate::True,
            Some(lambda) => {
                let scope = Scope {
                    version: self.version,
                    of: here,
                    variable: Some(&lambda.variable),
                };
                scope.compile(&lambda.body)?
            }
        };
        let exists = |inner| Predicate::Exists {
            hops,
            inner: Box::new(inner),
        };
        Ok(if all {
            not(exists(not(inner)))
        } else {
            exists(inner)
        })
    }
}

fn not(inner: Predicate) -> Predicate {
    Predicate::Not(Box::new(inner))
}

/// The property of an operand. Texts are compared without case, so changing the case changes nothing.
fn plain_path(operand: &Operand) -> Option<&[String]> {
    match operand {
        Operand::Path(names) => Some(names),
        Operand::ToLower(inner) | Operand::ToUpper(inner) => plain_path(inner),
        Operand::Literal(_) => None,
    }
}

fn literal(operand: &Operand) -> Option<&Literal> {
    match operand {
        Operand::Literal(literal) => Some(literal),
        Operand::ToLower(inner) | Operand::ToUpper(inner) => literal(inner),
        Operand::Path(_) => None,
    }
}

fn comparison(op: CompareOp) -> Comparison {
    match op {
        CompareOp::Eq => Comparison::Eq,
        CompareOp::Ne => Comparison::Ne,
        CompareOp::Gt => Comparison::Gt,
        CompareOp::Ge => Comparison::Ge,
        CompareOp::Lt => Comparison::Lt,
        CompareOp::Le => Comparison::Le,
    }
}

fn no_property() -> ResolveError {
    unsupported("a property is compared with a value".to_owned())
}

fn unsupported(reason: String) -> ResolveError {
    ResolveError::Unsupported {
        option: OPTION,
        reason,
    }
}

/// Several equalities of one field are one `In`.
fn in_values(each: Vec<Predicate>) -> Predicate {
    let mut values = Vec::new();
    let mut place: Option<Path> = None;
    for predicate in &each {
        if let Predicate::Compare {
            path,
            comparison: Comparison::Eq,
            value,
        } = predicate
            && value != &Value::Null
        {
            values.push(value.clone());
            place = Some(path.clone());
        } else {
            return Predicate::Any(each);
        }
    }
    match place {
        Some(path) => Predicate::In { path, values },
        None => Predicate::False,
    }
}

/// A comparison of a place with a literal.
fn compared(
    place: &Place,
    comparison: Comparison,
    literal: &Literal,
    names: &[String],
) -> Result<Predicate, ResolveError> {
    if let (Some(flagged), Literal::String(text)) = (&place.flagged, literal) {
        let is = |path: &Path, value| Predicate::Compare {
            path: path.clone(),
            comparison: Comparison::Eq,
            value,
        };
        let split = |flag| {
            is(&place.path, Value::Text(flagged.word.to_owned()))
                .and(is(&flagged.flag, Value::Bool(flag)))
        };
        if text.eq_ignore_ascii_case(flagged.beta) {
            return match comparison {
                Comparison::Eq => Ok(split(true)),
                Comparison::Ne => Ok(not(split(true))),
                Comparison::Gt | Comparison::Ge | Comparison::Lt | Comparison::Le => {
                    Err(unsupported("words have no order".to_owned()))
                }
            };
        }
    }
    let value = value(place, literal, names)?;
    if place.property.edm.words().is_some()
        && !matches!(comparison, Comparison::Eq | Comparison::Ne)
    {
        return Err(unsupported("words have no order".to_owned()));
    }
    let compare = |comparison| Predicate::Compare {
        path: place.path.clone(),
        comparison,
        value: value.clone(),
    };
    // Of many rows, "is not" means that none of them is.
    Ok(match (&place.among, comparison) {
        (Some(_), Comparison::Ne) => not(among(place, compare(Comparison::Eq))),
        _ => among(place, compare(comparison)),
    })
}

/// The condition on the place itself, or on one of the rows among which it is sought.
fn among(place: &Place, condition: Predicate) -> Predicate {
    match &place.among {
        None => condition,
        Some(hops) => Predicate::Exists {
            hops: hops.clone(),
            inner: Box::new(condition),
        },
    }
}

/// The literal as the column stores it.
fn value(place: &Place, literal: &Literal, names: &[String]) -> Result<Value, ResolveError> {
    let bad = |hint: String| ResolveError::BadLiteral {
        literal: printed(literal),
        property: names.join("/"),
        hint,
    };
    if literal == &Literal::Null {
        return Ok(Value::Null);
    }
    if let Some(words) = place.property.edm.words() {
        let Literal::String(text) = literal else {
            return Err(bad("; a word is expected".to_owned()));
        };
        return words
            .parse(text)
            .map(|word| Value::Text(word.to_owned()))
            .ok_or_else(|| bad(format!("; it is one of {}", words.members.join(", "))));
    }
    match (place.path.field.kind, literal) {
        (Kind::Id, Literal::String(text) | Literal::Guid(text)) => {
            Ok(Value::Text(text.to_ascii_lowercase()))
        }
        (Kind::Text | Kind::Word, Literal::String(text) | Literal::Guid(text)) => {
            Ok(Value::Text(text.clone()))
        }
        (Kind::Bool, Literal::Bool(flag)) => Ok(Value::Bool(*flag)),
        (Kind::Int, Literal::Int(number)) => Ok(Value::Int(*number)),
        (Kind::Instant, Literal::DateTimeOffset(instant)) => {
            Ok(Value::Int(instant.as_microsecond()))
        }
        (Kind::Instant, Literal::String(text)) => Timestamp::parse(text)
            .map(|instant| Value::Int(instant.micros()))
            .map_err(|error| bad(format!("; it needs {}", error.expected))),
        (Kind::Document, _) => Err(unsupported(format!(
            "'{}' cannot be compared",
            names.join("/")
        ))),
        (kind, _) => Err(bad(format!("; {} is expected", expected(kind)))),
    }
}

fn expected(kind: Kind) -> &'static str {
    match kind {
        Kind::Id | Kind::Text | Kind::Word | Kind::Document => "a string",
        Kind::Bool => "true or false",
        Kind::Int => "a whole number",
        Kind::Instant => "a date and time such as 2026-01-02T03:04:05Z",
    }
}

fn printed(literal: &Literal) -> String {
    match literal {
        Literal::Null => "null".to_owned(),
        Literal::Bool(flag) => flag.to_string(),
        Literal::Int(number) => number.to_string(),
        Literal::Decimal(number) => number.to_string(),
        Literal::String(text) | Literal::Guid(text) => text.clone(),
        Literal::DateTimeOffset(instant) => instant.to_string(),
        Literal::Duration(duration) => duration.to_string(),
    }
}
