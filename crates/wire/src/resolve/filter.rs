//! From `$filter` to a predicate (OD-2, OD-3).

use domain::evaluate;
use domain::query::{Comparison, Kind, Path, Predicate, TextMatch, Value};
use domain::time::Timestamp;
use odata::filter::{CompareOp, Expr, Lambda, Literal, Operand, TextFunction};
use odata::names::Names;

use super::ResolveError;
use super::path::{self, Place, Reading, Walk};
use crate::table::{Edm, Type};
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
                let place = &self.place(names)?;
                is_in(place, list, names)
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

    fn place(&self, names: &Names) -> Result<Place, ResolveError> {
        path::find(self.reading(names)?, self.of)
    }

    /// The names, of which those inside of a lambda begin with its variable.
    fn reading<'n>(&self, names: &'n Names) -> Result<Reading<'n>, ResolveError> {
        let reading = Reading {
            option: OPTION,
            version: self.version,
            names,
            skipped: usize::from(self.variable.is_some()),
        };
        match self.variable {
            Some(variable) if names.first().is_none_or(|first| first != variable) => {
                let path = names.join("/");
                Err(reading.unsupported(
                    0,
                    format!("'{path}' does not begin with the variable '{variable}'"),
                ))
            }
            _ => Ok(reading),
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
            return Err(refused(
                names,
                format!("{} compares texts", function.as_str()),
            ));
        };
        if let Some(constant) = &place.constant {
            let found = constant.as_text().unwrap_or_default().to_lowercase();
            let part = part.to_lowercase();
            return Ok(truth(match function {
                TextFunction::Contains => found.contains(&part),
                TextFunction::StartsWith => found.starts_with(&part),
                TextFunction::EndsWith => found.ends_with(&part),
            }));
        }
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
        names: &Names,
        lambda: Option<&Lambda>,
        all: bool,
    ) -> Result<Predicate, ResolveError> {
        let reading = self.reading(names)?;
        let last = names.len().saturating_sub(1);
        let mut walk = Walk::new(reading, self.of);
        if reading.skipped > last {
            return Err(refused(names, "an item has no items of its own"));
        }
        for index in reading.skipped..last {
            walk.step(index)?;
        }
        let Some((hops, here)) = walk.into_many(last)? else {
            // The lambda has nothing to be asked of, and still has to be one.
            return Ok(truth(all));
        };
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
fn plain_path(operand: &Operand) -> Option<&Names> {
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
    unsupported(
        "a property is compared with a value, and a text is put in single quotes".to_owned(),
    )
}

fn unsupported(reason: String) -> ResolveError {
    ResolveError::Unsupported {
        option: OPTION,
        reason,
        position: None,
    }
}

/// What cannot be asked of the property of these names.
fn refused(names: &Names, reason: impl Into<String>) -> ResolveError {
    ResolveError::Unsupported {
        option: OPTION,
        reason: reason.into(),
        position: Some(names.position(0)),
    }
}

/// The condition that always or never holds.
fn truth(holds: bool) -> Predicate {
    if holds {
        Predicate::True
    } else {
        Predicate::False
    }
}

/// One of several literals: one look at the place, unless a literal stands for more than a value.
fn is_in(place: &Place, list: &[Literal], names: &Names) -> Result<Predicate, ResolveError> {
    let splits = |literal: &Literal| match (&place.flagged, literal) {
        (Some(flagged), Literal::String(text)) => text.eq_ignore_ascii_case(flagged.beta),
        _ => false,
    };
    if list.iter().any(splits) || place.constant.is_some() {
        let each = list
            .iter()
            .map(|literal| compared(place, Comparison::Eq, literal, names));
        return each.collect::<Result<_, _>>().map(Predicate::Any);
    }
    let values = list.iter().map(|literal| value(place, literal, names));
    let condition = Predicate::In {
        path: place.path.clone(),
        values: values.collect::<Result<_, _>>()?,
    };
    Ok(among(place, condition))
}

/// A comparison of a place with a literal.
fn compared(
    place: &Place,
    comparison: Comparison,
    literal: &Literal,
    names: &Names,
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
                Comparison::Eq => Ok(among(place, split(true))),
                Comparison::Ne => Ok(not(among(place, split(true)))),
                Comparison::Gt | Comparison::Ge | Comparison::Lt | Comparison::Le => {
                    Err(refused(names, "words have no order"))
                }
            };
        }
    }
    let value = value(place, literal, names)?;
    if place.edm.words().is_some() && !matches!(comparison, Comparison::Eq | Comparison::Ne) {
        return Err(refused(names, "words have no order"));
    }
    if let Some(constant) = &place.constant {
        let kind = kind_of(place);
        return Ok(truth(evaluate::compares(
            kind, constant, comparison, &value,
        )));
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

/// The condition on the place itself, or on one of the rows among which it is sought; if it is of the type that the
/// path says.
fn among(place: &Place, condition: Predicate) -> Predicate {
    let condition = if place.if_so == Predicate::True {
        condition
    } else {
        place.if_so.clone().and(condition)
    };
    match &place.among {
        None => condition,
        Some(hops) => Predicate::Exists {
            hops: hops.clone(),
            inner: Box::new(condition),
        },
    }
}

/// The literal as the column stores it.
fn value(place: &Place, literal: &Literal, names: &Names) -> Result<Value, ResolveError> {
    let bad = |hint: String| ResolveError::BadLiteral {
        option: OPTION,
        literal: printed(literal),
        property: names.join("/"),
        hint,
        position: names.position(0),
    };
    if literal == &Literal::Null {
        return Ok(Value::Null);
    }
    if let Some(words) = place.edm.words() {
        let Literal::String(text) = literal else {
            return Err(bad("; a word is expected".to_owned()));
        };
        return words
            .parse(text)
            .map(|word| Value::Text(word.to_owned()))
            .ok_or_else(|| bad(format!("; it is one of {}", words.members.join(", "))));
    }
    match (kind_of(place), literal) {
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
        (Kind::Document, _) => Err(refused(
            names,
            format!("'{}' cannot be compared", names.join("/")),
        )),
        (kind, _) => Err(bad(format!("; {} is expected", expected(kind)))),
    }
}

/// How the place is compared: as its column, or as its type says where it has none.
fn kind_of(place: &Place) -> Kind {
    match (&place.constant, place.edm) {
        (None, _) => place.path.field.kind,
        (Some(_), Edm::Boolean) => Kind::Bool,
        (Some(_), Edm::Int32 | Edm::Int64) => Kind::Int,
        (Some(_), Edm::Instant) => Kind::Instant,
        (Some(_), Edm::Word(_) | Edm::Enum(_)) => Kind::Word,
        (Some(_), _) => Kind::Text,
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
