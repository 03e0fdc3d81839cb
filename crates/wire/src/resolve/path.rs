//! From a path of names to a field over relations.

use domain::query::{Entity, Field, Kind, Link, Path, Predicate, Relation, Value};
use odata::names::Names;

use super::{ResolveError, filter, member};
use crate::table::{Edm, Property, Read, Type};
use crate::version::Version;

/// A property that can be compared, and where it is.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) path: Path,
    pub(super) edm: Edm,
    /// The flag that splits a word in two, if there is one, and the word and its other name.
    pub(super) flagged: Option<Flagged>,
    /// The relations to the many rows among which a filter looks, if it does not look at the column itself; then the
    /// path is one of theirs.
    pub(super) among: Option<Vec<&'static Relation>>,
    /// What else has to hold for the path to lead there: type casts on the way.
    pub(super) if_so: Predicate,
    /// Its value, if it is the same for every row.
    pub(super) constant: Option<Value>,
}

#[derive(Debug)]
pub(super) struct Flagged {
    pub(super) flag: Path,
    pub(super) word: &'static str,
    pub(super) beta: &'static str,
}

/// Names as they are read: of which option, in which version, beginning behind the range variable of a lambda.
#[derive(Clone, Copy)]
pub(super) struct Reading<'n> {
    pub(super) option: &'static str,
    pub(super) version: Version,
    pub(super) names: &'n Names,
    /// How many names in front are none of the type's.
    pub(super) skipped: usize,
}

impl Reading<'_> {
    pub(super) fn unknown(self, of: &Type, index: usize) -> ResolveError {
        ResolveError::UnknownProperty {
            option: self.option,
            name: self.names.get(index).cloned().unwrap_or_default(),
            of: of.name(self.version).unwrap_or(of.entity.name),
            position: self.names.position(index),
        }
    }

    pub(super) fn unsupported(self, index: usize, reason: impl Into<String>) -> ResolveError {
        ResolveError::Unsupported {
            option: self.option,
            reason: reason.into(),
            position: Some(self.names.position(index)),
        }
    }

    fn incomparable(self, index: usize) -> ResolveError {
        let name = self.names.get(index).map_or("", String::as_str);
        self.unsupported(index, format!("'{name}' cannot be compared"))
    }
}

/// Where a walk over names has come to.
pub(super) struct Walk<'n> {
    reading: Reading<'n>,
    pub(super) here: &'static Type,
    /// The entity that the hops begin at.
    base: &'static Entity,
    among: Vec<&'static Relation>,
    hops: Vec<&'static Relation>,
    if_so: Predicate,
}

impl<'n> Walk<'n> {
    pub(super) fn new(reading: Reading<'n>, of: &'static Type) -> Self {
        Self {
            reading,
            here: of,
            base: of.entity,
            among: Vec::new(),
            hops: Vec::new(),
            if_so: Predicate::True,
        }
    }

    /// Follows the name with this index to one object.
    pub(super) fn step(&mut self, index: usize) -> Result<(), ResolveError> {
        let reading = self.reading;
        let name = reading.names.get(index).map_or("", String::as_str);
        if let Some(navigation) = self.here.navigation(reading.version, name) {
            let relation = self
                .here
                .relation(navigation)
                .ok_or_else(|| reading.unknown(self.here, index))?;
            self.here = navigation.target;
            if relation.is_to_one() {
                self.hops.push(relation);
            } else if navigation.first_only {
                self.among_rows_of(relation);
            } else {
                return Err(reading.unsupported(
                    index,
                    format!("'{name}' leads to many objects; use any or all"),
                ));
            }
            return Ok(());
        }
        if name.contains('.') {
            return self.cast(index, name);
        }
        let property = self.here.property(reading.version, name);
        match property.map(|property| property.inside) {
            Some(Some(inside)) if inside.relation.is_to_one() => {
                self.hops.push(inside.relation);
                self.here = inside.of;
                Ok(())
            }
            Some(Some(_)) => {
                Err(reading.unsupported(index, format!("'{name}' has many items; use any or all")))
            }
            Some(None) => Err(reading.incomparable(index)),
            None => Err(reading.unknown(self.here, index)),
        }
    }

    /// Follows the name with this index to many objects or items, for a lambda. `None` where there never is any.
    pub(super) fn into_many(
        mut self,
        index: usize,
    ) -> Result<Option<(Vec<&'static Relation>, &'static Type)>, ResolveError> {
        let reading = self.reading;
        let name = reading.names.get(index).map_or("", String::as_str);
        let (relation, of) = match self.here.navigation(reading.version, name) {
            Some(navigation) => {
                let relation = self.here.relation(navigation);
                (relation, navigation.target)
            }
            None => match self.here.property(reading.version, name) {
                Some(property) => match items(reading.version, property) {
                    Items::Of(relation, of) => (Some(relation), of),
                    Items::None => return Ok(None),
                    Items::Unknown => {
                        let reason = format!("the items of '{name}' cannot be compared");
                        return Err(reading.unsupported(index, reason));
                    }
                },
                None => return Err(reading.unknown(self.here, index)),
            },
        };
        let relation = relation.ok_or_else(|| reading.unknown(self.here, index))?;
        self.among.append(&mut self.hops);
        self.among.push(relation);
        Ok(Some((self.among, of)))
    }

    fn among_rows_of(&mut self, relation: &'static Relation) {
        self.among.append(&mut self.hops);
        self.among.push(relation);
        self.base = relation.to;
    }

    /// A type cast: to the type itself, which says nothing; or of a value inside a document, which names its type.
    fn cast(&mut self, index: usize, name: &str) -> Result<(), ResolveError> {
        let reading = self.reading;
        let bare = name.rsplit_once('.').map_or(name, |(_, bare)| bare);
        let own = self.here.name(reading.version).unwrap_or_default();
        if own.eq_ignore_ascii_case(bare) {
            return Ok(());
        }
        let field = self
            .here
            .entity
            .field("@odata.type")
            .ok_or_else(|| reading.unknown(self.here, index))?;
        let spelled = ["#microsoft.graph.", "microsoft.graph.", "#", ""];
        let cast = Predicate::In {
            path: Path {
                hops: self.hops.clone(),
                field,
            },
            values: spelled
                .map(|front| Value::Text(format!("{front}{bare}")))
                .to_vec(),
        };
        self.if_so = std::mem::replace(&mut self.if_so, Predicate::True).and(cast);
        Ok(())
    }

    /// The property that the name with this index is.
    fn end(mut self, index: usize) -> Result<Place, ResolveError> {
        let reading = self.reading;
        let name = reading.names.get(index).map_or("", String::as_str);
        let property = self
            .here
            .property(reading.version, name)
            .ok_or_else(|| reading.unknown(self.here, index))?;
        let entity = self.here.entity;
        let column = |name: &str| {
            entity
                .field(name)
                .ok_or_else(|| reading.incomparable(index))
        };
        let relation = |name: &str| {
            entity
                .relation(name)
                .ok_or_else(|| reading.incomparable(index))
        };
        let mut flagged = None;
        let mut constant = None;
        let path = match &property.read {
            Read::Sought {
                relation: name,
                there,
                ..
            } if reading.option == filter::OPTION => {
                let relation = relation(name)?;
                let there = relation.to.field(there);
                let field = there.ok_or_else(|| reading.incomparable(index))?;
                self.among_rows_of(relation);
                Path::of(field)
            }
            Read::Column(name) | Read::Sought { column: name, .. } => {
                let field = column(name)?;
                shortened(self.base, self.hops, field)
            }
            Read::Flagged {
                column: name,
                flag,
                word,
                beta,
            } => {
                flagged = Some(Flagged {
                    flag: shortened(self.base, self.hops.clone(), column(flag)?),
                    word,
                    beta,
                });
                shortened(self.base, self.hops, column(name)?)
            }
            Read::Behind {
                relation: name,
                column,
            } => {
                let relation = relation(name)?;
                let there = relation.to.field(column);
                let field = there.ok_or_else(|| reading.incomparable(index))?;
                self.hops.push(relation);
                shortened(self.base, self.hops, field)
            }
            Read::Member {
                column: name,
                member: of_document,
            } => {
                column(name)?;
                let (relation, field) = member::scalar(name, of_document, property.edm)
                    .ok_or_else(|| reading.incomparable(index))?;
                self.hops.push(relation);
                Path {
                    hops: self.hops,
                    field,
                }
            }
            Read::Constant(value) => {
                let value = value(reading.version);
                constant =
                    Some(scalar(property.edm, &value).ok_or_else(|| reading.incomparable(index))?);
                let key = entity.key().ok_or_else(|| reading.incomparable(index))?;
                Path {
                    hops: self.hops,
                    field: key,
                }
            }
            Read::Computed { .. } | Read::Printed { .. } => return Err(reading.incomparable(index)),
        };
        if path.field.kind == Kind::Document {
            return Err(reading.incomparable(index));
        }
        Ok(Place {
            path,
            edm: property.edm,
            flagged,
            among: (!self.among.is_empty()).then_some(self.among),
            if_so: self.if_so,
            constant,
        })
    }
}

/// Finds the field that names lead to, over relations to one.
pub(super) fn find(reading: Reading<'_>, of: &'static Type) -> Result<Place, ResolveError> {
    let mut walk = Walk::new(reading, of);
    let Some(last) = reading.names.len().checked_sub(1) else {
        return Err(reading.unknown(of, 0));
    };
    for index in reading.skipped..last {
        walk.step(index)?;
    }
    if reading.skipped > last {
        return walk.itself(last);
    }
    walk.end(last)
}

impl Walk<'_> {
    /// The item itself, of a list of plain values.
    fn itself(self, index: usize) -> Result<Place, ResolveError> {
        let reading = self.reading;
        let field = self.here.entity.field("");
        let property = self.here.property(reading.version, "");
        let (Some(field), Some(property)) = (field, property) else {
            return Err(reading.incomparable(index));
        };
        Ok(Place {
            path: Path::of(field),
            edm: property.edm,
            flagged: None,
            among: None,
            if_so: Predicate::True,
            constant: None,
        })
    }
}

/// What the items of a property are.
enum Items {
    Of(&'static Relation, &'static Type),
    /// There never are any.
    None,
    /// They cannot be looked at.
    Unknown,
}

fn items(version: Version, property: &'static Property) -> Items {
    if let Some(inside) = property.inside {
        return Items::Of(inside.relation, inside.of);
    }
    match (&property.read, property.edm) {
        (
            Read::Member {
                column,
                member: name,
            },
            Edm::Strings,
        ) => match member::texts(column, name) {
            Some((relation, of)) => Items::Of(relation, of),
            None => Items::Unknown,
        },
        (Read::Constant(value), _) if value(version) == serde_json::json!([]) => Items::None,
        _ => Items::Unknown,
    }
}

/// A constant as a column would hold it.
fn scalar(edm: Edm, value: &serde_json::Value) -> Option<Value> {
    match value {
        serde_json::Value::Null => Some(Value::Null),
        serde_json::Value::Bool(flag) => Some(Value::Bool(*flag)),
        serde_json::Value::Number(number) => number.as_i64().map(Value::Int),
        serde_json::Value::String(text) => match edm.words() {
            Some(words) => words.parse(text).map(|word| Value::Text(word.to_owned())),
            None => Some(Value::Text(text.clone())),
        },
        serde_json::Value::Array(_) | serde_json::Value::Object(_) => None,
    }
}

/// The key of what a relation leads to is already here: `accessPackage/id` is a column of ours.
fn shortened(
    base: &'static Entity,
    mut hops: Vec<&'static Relation>,
    field: &'static Field,
) -> Path {
    if let Some((
        Relation {
            link: Link::One { here, there },
            ..
        },
        front,
    )) = hops.split_last()
        && *there == field.name
        && let Some(own) = front.last().map_or(base, |hop| hop.to).field(here)
    {
        hops.pop();
        return Path { hops, field: own };
    }
    Path { hops, field }
}
