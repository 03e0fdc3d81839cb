//! From filters and orders of the protocol to conditions on rows.
//!
//! **Invariant:** an attribute that has no column is refused by name, never passed over: a filter that is not understood
//! must not find everything, or nothing.

use domain::directory::name_key;
use domain::query::{
    Comparison, Direction, Entity, Field, Kind, Path, Predicate, Relation, TextMatch, Value,
};
use domain::time::Timestamp;
use scim::error::{ErrorType, Invalid};
use scim::filter::{Filter, Literal, Operator, matches};
use scim::locate::locate;
use scim::path::AttributePath;
use scim::schema::ResourceType;

use super::row::{GROUPS, USERS};
use super::types::{ENTERPRISE, GROUP, USER};

/// Where an attribute is looked for.
#[derive(Debug, Clone, Copy)]
enum Place {
    /// In a column.
    Column(&'static str),
    /// It is this text wherever the column has a value.
    Constant(&'static str, &'static str),
    /// In a column of the rows of a relation.
    Related(&'static str, &'static str),
    /// In several columns: present if one of them is.
    Any(&'static [&'static str]),
}

use Place::{Any, Column, Constant, Related};

/// Attributes of both types.
const OF_BOTH: &[(&str, Place)] = &[
    ("id", Column("id")),
    ("externalId", Column("external_id")),
    ("displayName", Column("display_name")),
    ("meta.created", Column("created_at")),
    ("meta.lastModified", Column("modified_at")),
];

const OF_USERS: &[(&str, Place)] = &[
    ("meta.resourceType", Constant("User", "id")),
    ("userName", Column("user_name")),
    ("name", Any(&["given_name", "surname"])),
    ("name.givenName", Column("given_name")),
    ("name.familyName", Column("surname")),
    ("title", Column("job_title")),
    ("userType", Column("user_type")),
    ("preferredLanguage", Column("preferred_language")),
    ("active", Column("account_enabled")),
    ("emails", Column("mail")),
    ("emails.value", Column("mail")),
    ("emails.type", Constant("work", "mail")),
    ("groups", Related("member_of", "id")),
    ("groups.value", Related("member_of", "id")),
    ("groups.display", Related("member_of", "display_name")),
];

/// Those of the extension.
const OF_EMPLOYEES: &[(&str, Place)] = &[
    ("employeeNumber", Column("employee_id")),
    ("organization", Column("company_name")),
    ("department", Column("department")),
    ("manager", Column("manager_id")),
    ("manager.value", Column("manager_id")),
];

const OF_GROUPS: &[(&str, Place)] = &[
    ("meta.resourceType", Constant("Group", "id")),
    ("members", Related("members", "id")),
    ("members.value", Related("members", "id")),
    ("members.type", Related("members", "object_type")),
];

/// What a search over several types does with attributes that a type does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Foreign {
    /// They are an error.
    Refused,
    /// They have no value.
    Absent,
}

/// Conditions and orders on the rows of one type.
#[derive(Debug, Clone, Copy)]
pub(super) struct Finder {
    pub(super) resource_type: &'static ResourceType,
    pub(super) foreign: Foreign,
}

impl Finder {
    /// The entity of the type.
    pub(super) fn entity(&self) -> &'static Entity {
        if *self.resource_type == GROUP {
            GROUPS
        } else {
            USERS
        }
    }

    /// The condition of a filter.
    pub(super) fn predicate(&self, filter: &Filter) -> Result<Predicate, Invalid> {
        match filter {
            Filter::And(left, right) => Ok(self.predicate(left)?.and(self.predicate(right)?)),
            Filter::Or(left, right) => Ok(self.predicate(left)?.or(self.predicate(right)?)),
            Filter::Not(inner) => Ok(Predicate::Not(Box::new(self.predicate(inner)?))),
            Filter::Present(path) => match self.place(path)? {
                Some(place) => self.present(place),
                None => Ok(Predicate::False),
            },
            Filter::Compare(path, operator, literal) => match self.place(path)? {
                Some(place) => self.compare(path, place, *operator, literal),
                None => Ok(absent(*operator, literal)),
            },
            Filter::Values(path, inner) => self.values(path, inner),
        }
    }

    /// The order that an attribute gives.
    pub(super) fn order(
        &self,
        path: &AttributePath,
        descends: bool,
    ) -> Result<Option<(Path, Direction)>, Invalid> {
        let direction = if descends {
            Direction::Descending
        } else {
            Direction::Ascending
        };
        match self.place(path)? {
            Some(Column(name)) => Ok(Some((Path::of(self.field(name)?), direction))),
            None => Ok(None),
            Some(Constant(..) | Related(..) | Any(_)) => Err(Invalid::new(
                ErrorType::InvalidPath,
                format!("resources cannot be sorted by `{path}`"),
            )),
        }
    }

    /// Where an attribute is looked for; `None` if the type does not have it, and need not.
    fn place(&self, path: &AttributePath) -> Result<Option<Place>, Invalid> {
        let Some(located) = locate(self.resource_type, path) else {
            return match self.foreign {
                Foreign::Absent => Ok(None),
                Foreign::Refused => Err(unknown(path)),
            };
        };
        let name = located.name();
        let own: &[(&str, Place)] = if *self.resource_type == USER {
            OF_USERS
        } else {
            OF_GROUPS
        };
        let found = match name.strip_prefix(ENTERPRISE) {
            Some(rest) => placed(OF_EMPLOYEES, rest.trim_start_matches(':')),
            None => placed(OF_BOTH, &name).or_else(|| placed(own, &name)),
        };
        found.map(Some).ok_or_else(|| {
            let detail = format!("resources cannot be found by `{path}`");
            Invalid::new(ErrorType::InvalidFilter, detail)
        })
    }

    fn field(&self, name: &str) -> Result<&'static Field, Invalid> {
        field(self.entity(), name)
    }

    fn present(&self, place: Place) -> Result<Predicate, Invalid> {
        let is_set = |name: &str| {
            Ok::<Predicate, Invalid>(Predicate::Compare {
                path: Path::of(self.field(name)?),
                comparison: Comparison::Ne,
                value: Value::Null,
            })
        };
        match place {
            Column(name) | Constant(_, name) => is_set(name),
            Related(relation, _) => self.exists(relation, Predicate::True),
            Any(names) => names
                .iter()
                .map(|name| is_set(name))
                .collect::<Result<Vec<_>, _>>()
                .map(Predicate::Any),
        }
    }

    fn compare(
        &self,
        path: &AttributePath,
        place: Place,
        operator: Operator,
        literal: &Literal,
    ) -> Result<Predicate, Invalid> {
        match place {
            Column("user_name") => self.user_name(path, operator, literal),
            Column(name) => compare(path, self.field(name)?, operator, literal),
            // One value that is unequal does not make the attribute unequal: the complement does.
            Constant(..) | Related(..) if operator == Operator::Ne => {
                let equal = self.compare(path, place, Operator::Eq, literal)?;
                Ok(Predicate::Not(Box::new(equal)))
            }
            Constant(..) | Related(..) if *literal == Literal::Null => {
                let present = self.present(place)?;
                Ok(Predicate::Not(Box::new(present)))
            }
            Constant(text, _) => {
                let condition = Filter::Compare(value_path(), operator, literal.clone());
                if matches(&condition, &serde_json::Value::from(text)) {
                    self.present(place)
                } else {
                    Ok(Predicate::False)
                }
            }
            Related(relation, name) => {
                let to = self.relation(relation)?.to;
                let inner = compare(path, field(to, name)?, operator, literal)?;
                self.exists(relation, inner)
            }
            Any(_) => Err(Invalid::new(
                ErrorType::InvalidFilter,
                format!("`{path}` has parts, which can be compared alone"),
            )),
        }
    }

    /// A user name is looked up as the sign-in name that it is, or as the one that it is not: both have an index.
    fn user_name(
        &self,
        path: &AttributePath,
        operator: Operator,
        literal: &Literal,
    ) -> Result<Predicate, Invalid> {
        let plain = compare(path, self.field("user_name")?, operator, literal)?;
        let (Operator::Eq, Literal::Text(name)) = (operator, literal) else {
            return Ok(plain);
        };
        let is_sign_in_name = domain::directory::sign_in_name(name, None).is_some();
        let key = if is_sign_in_name {
            "user_principal_name_key"
        } else {
            "alias_key"
        };
        let key = Predicate::equals(self.field(key)?, Value::Text(name_key(name)));
        Ok(key.and(plain))
    }

    /// The condition in brackets holds for one value. What has one value at most is asked as a whole.
    fn values(&self, path: &AttributePath, inner: &Filter) -> Result<Predicate, Invalid> {
        let Some(place) = self.place(path)? else {
            return Ok(Predicate::False);
        };
        if let Related(relation, _) = place {
            let inner = self.related_predicate(path, relation, inner)?;
            return self.exists(relation, inner);
        }
        let whole = prefixed(path, inner)?;
        Ok(self.present(place)?.and(self.predicate(&whole)?))
    }

    /// The condition in brackets, on the rows of a relation.
    fn related_predicate(
        &self,
        parent: &AttributePath,
        relation: &str,
        filter: &Filter,
    ) -> Result<Predicate, Invalid> {
        let again = |filter: &Filter| self.related_predicate(parent, relation, filter);
        match filter {
            Filter::And(left, right) => Ok(again(left)?.and(again(right)?)),
            Filter::Or(left, right) => Ok(again(left)?.or(again(right)?)),
            Filter::Not(inner) => Ok(Predicate::Not(Box::new(again(inner)?))),
            Filter::Values(path, _) => Err(unknown(path)),
            Filter::Present(path) | Filter::Compare(path, ..) => {
                let whole = below(parent, path)?;
                let Some(Related(_, name)) = self.place(&whole)? else {
                    return Err(unknown(&whole));
                };
                let field = field(self.relation(relation)?.to, name)?;
                match filter {
                    Filter::Compare(_, operator, literal) => {
                        compare(&whole, field, *operator, literal)
                    }
                    _ => Ok(Predicate::Not(Box::new(Predicate::equals(
                        field,
                        Value::Null,
                    )))),
                }
            }
        }
    }

    fn relation(&self, name: &str) -> Result<&'static Relation, Invalid> {
        self.entity().relation(name).ok_or_else(|| {
            let detail = format!("`{name}` is no relation");
            Invalid::new(ErrorType::InvalidFilter, detail)
        })
    }

    fn exists(&self, relation: &str, inner: Predicate) -> Result<Predicate, Invalid> {
        Ok(Predicate::Exists {
            hops: vec![self.relation(relation)?],
            inner: Box::new(inner),
        })
    }
}

fn placed(table: &[(&str, Place)], name: &str) -> Option<Place> {
    table
        .iter()
        .find(|(own, _)| *own == name)
        .map(|(_, place)| *place)
}

fn field(entity: &'static Entity, name: &str) -> Result<&'static Field, Invalid> {
    entity.field(name).ok_or_else(|| {
        let detail = format!("`{name}` is no column");
        Invalid::new(ErrorType::InvalidFilter, detail)
    })
}

fn value_path() -> AttributePath {
    AttributePath {
        schema: None,
        name: "value".to_owned(),
        sub: None,
    }
}

/// The path of a part of `parent`.
fn below(parent: &AttributePath, part: &AttributePath) -> Result<AttributePath, Invalid> {
    if parent.sub.is_some() || part.sub.is_some() || part.schema.is_some() {
        return Err(unknown(part));
    }
    Ok(AttributePath {
        sub: Some(part.name.clone()),
        ..parent.clone()
    })
}

/// The condition in brackets with `parent` before each of its attributes.
fn prefixed(parent: &AttributePath, filter: &Filter) -> Result<Filter, Invalid> {
    let both = |left: &Filter, right: &Filter| {
        Ok::<_, Invalid>((
            Box::new(prefixed(parent, left)?),
            Box::new(prefixed(parent, right)?),
        ))
    };
    match filter {
        Filter::And(left, right) => both(left, right).map(|(left, right)| Filter::And(left, right)),
        Filter::Or(left, right) => both(left, right).map(|(left, right)| Filter::Or(left, right)),
        Filter::Not(inner) => Ok(Filter::Not(Box::new(prefixed(parent, inner)?))),
        Filter::Present(path) => Ok(Filter::Present(below(parent, path)?)),
        Filter::Compare(path, operator, literal) => Ok(Filter::Compare(
            below(parent, path)?,
            *operator,
            literal.clone(),
        )),
        Filter::Values(path, _) => Err(unknown(path)),
    }
}

/// What a comparison says of an attribute without a value.
fn absent(operator: Operator, literal: &Literal) -> Predicate {
    let condition = Filter::Compare(value_path(), operator, literal.clone());
    if matches(&condition, &serde_json::Value::Null) {
        Predicate::True
    } else {
        Predicate::False
    }
}

/// A comparison of a column.
fn compare(
    path: &AttributePath,
    field: &'static Field,
    operator: Operator,
    literal: &Literal,
) -> Result<Predicate, Invalid> {
    let value = value(path, field, literal)?;
    let matching = match operator {
        Operator::Co => Some(TextMatch::Contains),
        Operator::Sw => Some(TextMatch::StartsWith),
        Operator::Ew => Some(TextMatch::EndsWith),
        _ => None,
    };
    let path_of_field = Path::of(field);
    if let Some(matching) = matching {
        let (Kind::Text | Kind::Word | Kind::Id, Value::Text(text)) = (field.kind, value) else {
            return Err(misfit(path));
        };
        return Ok(Predicate::Text {
            path: path_of_field,
            matching,
            text,
        });
    }
    let comparison = match operator {
        Operator::Eq => Comparison::Eq,
        Operator::Ne => Comparison::Ne,
        Operator::Gt => Comparison::Gt,
        Operator::Ge => Comparison::Ge,
        Operator::Lt => Comparison::Lt,
        Operator::Le => Comparison::Le,
        Operator::Co | Operator::Sw | Operator::Ew => return Err(misfit(path)),
    };
    let is_ordered = !matches!(comparison, Comparison::Eq | Comparison::Ne);
    if is_ordered && (field.kind == Kind::Bool || value == Value::Null) {
        return Err(misfit(path));
    }
    Ok(Predicate::Compare {
        path: path_of_field,
        comparison,
        value,
    })
}

/// A literal as a column holds it.
fn value(path: &AttributePath, field: &'static Field, literal: &Literal) -> Result<Value, Invalid> {
    match (field.kind, literal) {
        (_, Literal::Null) => Ok(Value::Null),
        // The kinds of members are told by the names of their types.
        (Kind::Word, Literal::Text(text)) if field.name == "object_type" => {
            Ok(Value::Text(text.to_ascii_lowercase()))
        }
        (Kind::Id, Literal::Text(text)) => Ok(Value::Text(text.to_ascii_lowercase())),
        (Kind::Text | Kind::Word, Literal::Text(text)) => Ok(Value::Text(text.clone())),
        (Kind::Bool, Literal::Bool(flag)) => Ok(Value::Bool(*flag)),
        // Some clients put quotes around flags.
        (Kind::Bool, Literal::Text(text)) if text.eq_ignore_ascii_case("true") => {
            Ok(Value::Bool(true))
        }
        (Kind::Bool, Literal::Text(text)) if text.eq_ignore_ascii_case("false") => {
            Ok(Value::Bool(false))
        }
        (Kind::Instant, Literal::Text(text)) => Timestamp::parse(text)
            .map(|instant| Value::Int(instant.micros()))
            .map_err(|error| Invalid::new(ErrorType::InvalidFilter, error.to_string())),
        _ => Err(misfit(path)),
    }
}

fn misfit(path: &AttributePath) -> Invalid {
    let detail = format!("`{path}` cannot be compared so");
    Invalid::new(ErrorType::InvalidFilter, detail)
}

fn unknown(path: &AttributePath) -> Invalid {
    let detail = format!("`{path}` names no attribute of the resource");
    Invalid::new(ErrorType::InvalidFilter, detail)
}

/// The name of a located attribute, for tests.
#[cfg(test)]
pub(super) fn every_place() -> Vec<(&'static ResourceType, String)> {
    let of =
        |resource_type: &'static ResourceType, prefix: &'static str, table: &[(&str, Place)]| {
            table
                .iter()
                .map(|(name, _)| (resource_type, format!("{prefix}{name}")))
                .collect::<Vec<_>>()
        };
    let extension: &'static str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:";
    [
        of(&USER, "", OF_BOTH),
        of(&GROUP, "", OF_BOTH),
        of(&USER, "", OF_USERS),
        of(&USER, extension, OF_EMPLOYEES),
        of(&GROUP, "", OF_GROUPS),
    ]
    .concat()
}

#[cfg(test)]
mod tests {
    use scim::locate::Located;

    use super::*;

    #[test]
    fn every_attribute_that_can_be_searched_is_served_and_has_its_column() {
        for (resource_type, name) in every_place() {
            let finder = Finder {
                resource_type,
                foreign: Foreign::Refused,
            };
            let path = AttributePath::parse(&name).unwrap();

            let Some(Located::Attribute { .. }) = locate(resource_type, &path) else {
                panic!("`{name}` is not served");
            };
            assert!(finder.predicate(&Filter::Present(path)).is_ok(), "{name}");
        }
    }
}
