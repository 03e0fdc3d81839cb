//! How the log is searched by what something was done to.
//!
//! **Invariant:** an event has one target, and the column `object_id` holds its id: so a filter that names the id of a target
//! is answered by the index of that column, and finds the same events.

use domain::model::{self, inside};
use domain::query::{Comparison, Path, Predicate};

/// The same condition, with what it says of the id of a target asked of the column first.
#[must_use]
pub fn by_target(filter: Predicate) -> Predicate {
    match filter {
        Predicate::All(all) => Predicate::All(all.into_iter().map(by_target).collect()),
        Predicate::Any(any) => Predicate::Any(any.into_iter().map(by_target).collect()),
        Predicate::Exists { hops, inner } => {
            let column = match hops.as_slice() {
                [hop] if hop.name == inside::AUDITED_TARGETS.name => of_column(&inner),
                _ => None,
            };
            let exists = Predicate::Exists { hops, inner };
            match column {
                Some(column) => column.and(exists),
                None => exists,
            }
        }
        other => other,
    }
}

/// What a condition on the target needs of the column; `None` if it can hold whatever the id is.
fn of_column(inner: &Predicate) -> Option<Predicate> {
    match inner {
        Predicate::All(all) => all.iter().find_map(of_column),
        Predicate::Any(any) if !any.is_empty() => {
            let each: Option<Vec<_>> = any.iter().map(of_column).collect();
            each.map(Predicate::Any)
        }
        Predicate::Compare {
            path,
            comparison: Comparison::Eq,
            value,
        } if is_id(path) => Some(Predicate::equals(column()?, value.clone())),
        Predicate::In { path, values } if is_id(path) => Some(Predicate::In {
            path: Path::of(column()?),
            values: values.clone(),
        }),
        _ => None,
    }
}

fn is_id(path: &Path) -> bool {
    path.hops.is_empty() && path.field.name == "id"
}

fn column() -> Option<&'static domain::query::Field> {
    model::AUDIT_EVENT.field("object_id")
}

#[cfg(test)]
mod tests {
    use domain::query::Value;

    use super::*;

    fn target(name: &str, text: &str) -> Predicate {
        let field = inside::AUDITED_TARGET.field(name).unwrap();
        Predicate::equals(field, Value::Text(text.to_owned()))
    }

    fn any(inner: Predicate) -> Predicate {
        Predicate::Exists {
            hops: vec![&inside::AUDITED_TARGETS],
            inner: Box::new(inner),
        }
    }

    fn column_is(text: &str) -> Predicate {
        Predicate::equals(column().unwrap(), Value::Text(text.to_owned()))
    }

    #[test]
    fn the_id_of_a_target_is_asked_of_its_column_first() {
        let plain = any(target("id", "a"));
        assert_eq!(by_target(plain.clone()), column_is("a").and(plain.clone()));

        let narrower = any(target("type", "User").and(target("id", "a")));
        assert_eq!(by_target(narrower.clone()), column_is("a").and(narrower));

        let either = any(Predicate::Any(vec![target("id", "a"), target("id", "b")]));
        let columns = Predicate::Any(vec![column_is("a"), column_is("b")]);
        assert_eq!(by_target(either.clone()), columns.and(either));

        let within = Predicate::All(vec![plain.clone(), target("type", "User")]);
        let Predicate::All(parts) = by_target(within) else {
            panic!("it was all of them before");
        };
        assert_eq!(parts[0], column_is("a").and(plain));
    }

    #[test]
    fn what_may_hold_of_any_id_is_left_as_it_is() {
        for filter in [
            any(target("displayName", "Books")),
            any(Predicate::Any(vec![
                target("id", "a"),
                target("type", "User"),
            ])),
            any(Predicate::Not(Box::new(target("id", "a")))),
            Predicate::Not(Box::new(any(target("id", "a")))),
            any(Predicate::True),
            Predicate::True,
        ] {
            assert_eq!(by_target(filter.clone()), filter);
        }
    }
}
