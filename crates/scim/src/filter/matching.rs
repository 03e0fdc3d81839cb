//! Whether a filter holds for a value at hand: for the values of an attribute that a change picks.

use serde_json::{Map, Value as Json};

use super::{Filter, Literal, Operator};
use crate::member;
use crate::path::AttributePath;

/// Whether the filter holds for a complex value. Texts are compared without regard to case.
pub fn matches(filter: &Filter, value: &Json) -> bool {
    match filter {
        Filter::And(left, right) => matches(left, value) && matches(right, value),
        Filter::Or(left, right) => matches(left, value) || matches(right, value),
        Filter::Not(inner) => !matches(inner, value),
        Filter::Present(path) => found(path, value).is_some_and(is_present),
        Filter::Compare(path, operator, literal) => {
            compares(found(path, value), *operator, literal)
        }
        Filter::Values(path, inner) => match found(path, value) {
            Some(Json::Array(values)) => values.iter().any(|one| matches(inner, one)),
            Some(one) => matches(inner, one),
            None => false,
        },
    }
}

/// The attribute of a complex value. A simple value is its own `value`.
fn found<'v>(path: &AttributePath, value: &'v Json) -> Option<&'v Json> {
    let Some(members) = value.as_object() else {
        return path.name.eq_ignore_ascii_case("value").then_some(value);
    };
    let attribute = member::find(members, &path.name)?;
    match &path.sub {
        None => Some(attribute),
        Some(sub) => member::find(attribute.as_object()?, sub),
    }
}

fn is_present(value: &Json) -> bool {
    match value {
        Json::Null => false,
        Json::Array(values) => !values.is_empty(),
        Json::Object(members) => !Map::is_empty(members),
        Json::Bool(_) | Json::Number(_) | Json::String(_) => true,
    }
}

fn compares(value: Option<&Json>, operator: Operator, literal: &Literal) -> bool {
    let value = value.unwrap_or(&Json::Null);
    if operator == Operator::Ne {
        return !compares(Some(value), Operator::Eq, literal);
    }
    match (value, literal) {
        (Json::Null, Literal::Null) => operator == Operator::Eq,
        (Json::Bool(flag), Literal::Bool(wanted)) => operator == Operator::Eq && flag == wanted,
        (Json::Number(number), Literal::Number(wanted)) => number
            .as_f64()
            .zip(wanted.as_f64())
            .and_then(|(number, wanted)| number.partial_cmp(&wanted))
            .is_some_and(|order| orders(order, operator)),
        (Json::String(text), Literal::Text(wanted)) => {
            let (text, wanted) = (text.to_lowercase(), wanted.to_lowercase());
            match operator {
                Operator::Co => text.contains(&wanted),
                Operator::Sw => text.starts_with(&wanted),
                Operator::Ew => text.ends_with(&wanted),
                _ => orders(text.cmp(&wanted), operator),
            }
        }
        _ => false,
    }
}

fn orders(order: std::cmp::Ordering, operator: Operator) -> bool {
    match operator {
        Operator::Eq => order.is_eq(),
        Operator::Ne => order.is_ne(),
        Operator::Gt => order.is_gt(),
        Operator::Ge => order.is_ge(),
        Operator::Lt => order.is_lt(),
        Operator::Le => order.is_le(),
        Operator::Co | Operator::Sw | Operator::Ew => false,
    }
}
